import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../fakes/temporaryFolder.ts';
import { latchkey, leavesAfterTest } from './latchkey.ts';

const errorOf = (stderr: string) =>
  (JSON.parse(stderr) as { error: { code: string; message: string } }).error;

describe('a line that is not understood', () => {
  it.each([
    [['frobnicate']],
    [['vms', '--nope']],
    [['vms', '--tab', 'all']],
    [['policy']],
    [['policy', 'a', 'b']],
    [['accounts', 'add', 'gcp']],
    [['accounts', 'add', 'azure', '--credential', 'none']],
    [['accounts', 'add', 'azure', '--device-code', '--credential', 'azure-cli']],
    [['accounts', 'set', 'azure:a:b', '--subscriptions', 'one,,two']],
    [['extend', 'abc']],
    [['revoke']],
    [['revoke', 'abcdefghijkl', '--all']],
    [['connect', 'web-1', '--ssh', '--rdp']],
    [['proxy', 'web-1', 'ssh']],
    [['lock', 'web-1', '--port', '22:soon']],
    [['request', 'web-1', '--for', 'long']],
    [['practice', '--size', 'many']],
    [['guard', 'install', 'gcp']],
  ])('%j', async args => {
    const folder = temporaryFolder();
    const { status, stdout, stderr } = await latchkey(folder, '--json', ...args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(errorOf(stderr).code).toMatch(/^BAD_/);
    // Refused before a broker is started for it.
    expect(existsSync(join(folder, 'broker.lock'))).toBe(false);
  });

  it('tells people in words', async () => {
    const { status, stderr } = await latchkey(temporaryFolder(), 'frobnicate');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^latchkey: Unknown command 'frobnicate'\. .*\n.*--help/);
  });

  it('helps who asks', async () => {
    const { status, stdout, stderr } = await latchkey(temporaryFolder(), 'request', '--help');
    expect(status).toBe(0);
    expect(stdout).toContain('Examples:');
    expect(stderr).toBe('');
  });
});

describe('a command', () => {
  it('starts the broker where none runs, and finds it again', async () => {
    const folder = temporaryFolder();
    leavesAfterTest(folder);
    const first = await latchkey(folder, '--json', 'accounts');
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(first.stdout)).toEqual({ accounts: [] });
    const changed = await latchkey(folder, 'settings', 'theme=dark', '--json');
    expect(JSON.parse(changed.stdout)).toMatchObject({ theme: 'dark' });
    const bad = await latchkey(folder, 'settings', 'theme=mauve', '--json');
    expect(bad.status).toBe(2);
    expect(errorOf(bad.stderr)).toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining('theme') as string,
    });
    const missing = await latchkey(folder, '--json', 'extend', 'abcdefghijkl', '--for', '1h');
    expect(missing.status).toBe(3);
    expect(errorOf(missing.stderr).code).toBe('GRANT_NOT_FOUND');
  });

  it('tells what kept the broker from starting: a newer ledger', async () => {
    const folder = temporaryFolder();
    const ledger = new DatabaseSync(join(folder, 'ledger.sqlite'));
    ledger.exec('PRAGMA user_version = 99');
    ledger.close();
    const { status, stderr } = await latchkey(folder, '--json', 'grants');
    expect(status).toBe(1);
    expect(errorOf(stderr).code).toBe('LEDGER_NEWER');
  });

  it('tells what kept the broker from starting: a folder it can not use', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const { status, stderr } = await latchkey(join(file, 'data'), '--json', 'grants');
    expect(status).toBe(1);
    expect(errorOf(stderr).code).toBe('DISK_FULL');
  });
});
