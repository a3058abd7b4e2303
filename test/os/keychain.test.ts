import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKeychain } from '../../main/os/keychain.ts';
import { missingForSecretService, startSecretService } from '../fakes/secretService.ts';

const bus = 'DBUS_SESSION_BUS_ADDRESS';
const before = process.env[bus];
const ends: (() => void)[] = [];
afterAll(() => {
  for (const end of ends) end();
  if (before === undefined) delete process.env[bus];
  else process.env[bus] = before;
});

const missing = missingForSecretService.join(', ');
describe.skipIf(missing !== '')(`the system’s own keychain${missing && ` (missing: ${missing})`}`, () => {
  // One for all: the library looks for the bus once.
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
    const env = await startSecretService(folder, end => ends.push(end));
    ends.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    process.env[bus] = env[bus];
  });

  test('keeps a secret of any length under its name, replaces it and forgets it', async () => {
    for (const longest of [100, 2_560, undefined]) {
      const keychain = createKeychain(longest);
      expect(await keychain.read('one')).toBeUndefined();
      for (const secret of ['', 'short', 'ü€😀'.repeat(300), 'short again']) {
        await keychain.write('one', secret);
        await keychain.write('another', 'other');
        expect(await createKeychain(longest).read('one')).toBe(secret);
      }
      await keychain.remove('one');
      await keychain.remove('one');
      expect(await keychain.read('one')).toBeUndefined();
      expect(await keychain.read('one (2)')).toBeUndefined();
      expect(await keychain.read('another')).toBe('other');
    }
  });

  test('a secret whose writing was cut off in the middle is none', async () => {
    const keychain = createKeychain(100);
    await keychain.write('one', 'x'.repeat(400));
    await createKeychain(100_000).write('one (3)', 'from another write');
    expect(await keychain.read('one')).toBeUndefined();
    await keychain.write('one', 'whole again');
    expect(await keychain.read('one')).toBe('whole again');
  });
});
