/** Names made to hurt, from the cloud and from the person, through every command: data, never an option, a shell or a terminal. */
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Grant } from '../../shared/contract/grants.ts';
import type { VmList } from '../../shared/contract/vms.ts';
import { has, openWorld, runWords } from './world.ts';

const world = await openWorld();
const option = '-oProxyCommand=touch pwned';
const mirrored = 'invoice-\u202Efdp.exe';
const reason = '=cmd|\u001B[2J\u001B]0;owned\u0007 -- "quoted", \u202Etxet\r\nsecond line';

/** What a terminal must never be sent: controls but the line end, and characters that hide or turn text. */
const dangerous = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;

it('a name that looks like an option is a VM like any other', async () => {
  const { vms } = await world.json<VmList>('vms', '--search', option);
  expect(vms.map(({ name }) => name)).toEqual([option]);
  for (const name of [option, mirrored]) {
    const { grants } = await world.json<{ grants: Grant[] }>('request', '--reason', reason, '--', name);
    expect(grants).toMatchObject([{ vmName: name, state: 'open', reason }]);
  }
  expect(await world.json('connect', '--', option)).toMatchObject({ kind: 'ready' });
  expect(await world.json('policy', '--', option)).toMatchObject({ vmName: option });
});

it('no text of a cloud or a person reaches the terminal as more than text', async () => {
  for (const args of [
    ['vms'],
    ['grants'],
    ['activity'],
    ['activity', '--vm', mirrored],
    ['policy', mirrored],
    ['request', '--dry-run', '--', option, mirrored],
    ['lock', '--dry-run', '<img src=x onerror=alert(1)>\u001B[31m'],
    ['request', '\u001B]0;owned\u0007'],
    ['request', 'web-1', '--source', '\u001B[2J'],
    ['request', 'web-1', '--port', '\u001B[2J'],
    ['vms', '--tab', '\u001B[2J'],
    ['\u001B[2J'],
    ['settings', '\u001B[2J=1'],
    ['extend', '\u001B[2J', '--for', '1h'],
    ['accounts', 'remove', '\u001B[2J'],
    ['activity', '--csv', '/nowhere/\u001B[2J'],
  ]) {
    const { stdout, stderr } = await world.run(...args);
    expect(stdout + stderr, JSON.stringify(args)).not.toBe('');
    expect(stdout + stderr, JSON.stringify(args)).not.toMatch(dangerous);
  }
});

it.skipIf(!has('ssh', '-V'))('ssh takes none of them for an option or for a command', async () => {
  const config = join(world.folder, 'cfg');
  const { stdout } = await world.run('ssh-config');
  writeFileSync(config, stdout);
  const hosts = [...stdout.matchAll(/^Host (.*)$/gm)].map(found => found[1] ?? '');
  for (const host of hosts) expect(host).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/);
  const host = hosts.find(one => one.startsWith('oProxyCommand')) ?? '';
  const ran = await runWords(['ssh', '-F', config, '-o', 'BatchMode=yes', host, 'hostname']);
  expect(ran).toMatchObject({ status: 0, stdout: 'oproxycommand-touch-pwned\n' });
  expect(existsSync('pwned')).toBe(false);
  expect(existsSync(join(world.folder, 'pwned'))).toBe(false);
});

it('a CSV file of it all opens with no cell that becomes a formula, whole or not at all', async () => {
  const file = join(world.folder, 'activity.csv');
  await world.json('activity', '--since', '7d', '--vm', option, '--csv', file);
  const text = readFileSync(file, 'utf8');
  expect(text).toContain('ProxyCommand=touch pwned');
  expect(text).not.toMatch(/(^|,|\n)"?[=+\-@\t]/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const all = await world.run('activity', '--csv', '-');
  expect(all.stdout).not.toMatch(/(^|,|\n)"?[=+\-@\t]/);
  expect(all.stdout.split('\n').length).toBeGreaterThan(text.split('\n').length);
  // What is no file is written into, and never replaced.
  const link = join(world.folder, 'nothing.csv');
  symlinkSync('/dev/null', link);
  expect(await world.json('activity', '--csv', link)).toMatchObject({ file: link });
  expect(readlinkSync(link)).toBe('/dev/null');
  const before = readdirSync(world.folder);
  for (const bad of [
    join(world.folder, 'none', 'a.csv'),
    world.folder,
    join(file, 'below'),
    join(world.folder, 'x'.repeat(300)),
  ]) {
    expect(await world.error('activity', '--csv', bad)).toMatchObject({ status: 2, code: 'BAD_INPUT' });
  }
  expect(readdirSync(world.folder)).toEqual(before);
});
