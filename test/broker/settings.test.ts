import { expect, test } from 'vitest';
import { createSettings } from '../../main/broker/settings.ts';
import { createTestStore } from '../fakes/os.ts';

test('settings last, alone and together, and begin with defaults', async () => {
  const { os, db } = await createTestStore();
  const settings = createSettings({ db, os });
  expect(settings.get()).toMatchObject({ theme: 'system', warnBeforeMs: 300_000, observers: [] });
  settings.set({ theme: 'dark' });
  settings.set({ organisationRanges: ['198.51.100.9/24', '2001:DB8::/32'] });
  const again = createSettings({ db, os }).get();
  expect(again).toMatchObject({ theme: 'dark', organisationRanges: ['198.51.100.0/24', '2001:db8::/32'] });
});

test('what can’t be right is refused and changes nothing', async () => {
  const { os, db } = await createTestStore();
  const settings = createSettings({ db, os });
  const before = settings.get();
  const bad: [Parameters<typeof settings.set>[0], string][] = [
    [{ organisationRanges: ['10.0.0.0/33'] }, 'BAD_CIDR'],
    [{ organisationRanges: ['0.0.0.0/0'] }, 'BAD_INPUT'],
    [{ observers: ['http://a.example', 'https://b.example'] }, 'BAD_INPUT'],
    [{ observers: ['https://a.example'] }, 'BAD_INPUT'],
    [{ observers: ['https://a.example/ip', 'https://A.example/other'] }, 'BAD_INPUT'],
    [{ observers: ['file:///etc/passwd', 'nonsense'], theme: 'dark' }, 'BAD_INPUT'],
  ];
  for (const [change, code] of bad) {
    expect(() => settings.set(change)).toThrow(expect.objectContaining({ code }));
  }
  expect(settings.get()).toEqual(before);
});

test('a setting that can’t be read is its default', async () => {
  const { os, db } = await createTestStore();
  db.run(
    `INSERT INTO setting (key, value) VALUES ('theme', '"pink"'), ('density', 'compact"'), ('later', '1')`,
  );
  expect(createSettings({ db, os }).get()).toMatchObject({ theme: 'system', density: 'normal' });
});
