import { afterAll, expect, test } from 'vitest';
import { createKeychain } from '../../main/os/keychain.ts';

// A file of its own: the library looks for the bus once in a process.
const bus = 'DBUS_SESSION_BUS_ADDRESS';
const before = process.env[bus];
afterAll(() => {
  if (before === undefined) delete process.env[bus];
  else process.env[bus] = before;
});

test.skipIf(process.platform !== 'linux')('where there is none it says so, and what helps', async () => {
  process.env[bus] = 'unix:path=/nonexistent/bus';
  for (const call of [
    () => createKeychain().read('one'),
    () => createKeychain().write('one', 'secret'),
    () => createKeychain().remove('one'),
  ]) {
    const error: unknown = await call().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'NO_KEYCHAIN', fix: expect.stringContaining('GNOME Keyring') });
    expect(JSON.stringify(error)).not.toContain('secret"');
  }
});
