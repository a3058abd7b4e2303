import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { createKnownHosts, hostKeyAlias, readKey } from '../../../main/broker/connect/knownHosts.ts';
import { commandLine, shellWord, sshPath } from '../../../main/broker/connect/quoting.ts';
import { checkSettings } from '../../../main/broker/connect/settings.ts';
import { sshArgv } from '../../../main/broker/connect/sshCommand.ts';
import { hostAliases, sshConfig } from '../../../main/broker/connect/sshConfig.ts';
import { parseVmId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { createTestOs } from '../../fakes/os.ts';

const ssh = ['/usr/bin/ssh', '/bin/ssh'].find(existsSync);
const hurting = [
  'web-1',
  '-oProxyCommand=touch /tmp/x',
  '$(touch /tmp/x)',
  "it's; rm -rf ~",
  '100%h %% %',
  'a\nHost *',
  '*',
  '!web',
  '=cmd|x',
  '<img onerror=1>',
  '\u202Etxt.exe',
  'x'.repeat(200),
  'WEB-1',
  'web-1',
];

function vm(name: string, n: number, change: Partial<Vm> = {}): Vm {
  return {
    id: parseVmId(
      `/subscriptions/s/resourceGroups/g${n}/providers/Microsoft.Compute/virtualMachines/v(${n})`,
    ),
    name,
    cloud: 'azure',
    account: 'practice-azure' as Vm['account'],
    scope: 's',
    location: 'westeurope',
    resourceGroup: `g${n}`,
    kind: 'arm',
    os: 'linux',
    power: 'running',
    interfaces: [],
    policy: { ports: [{ port: 22, protocol: 'tcp', sources: [], maxMs: 3_600_000 }] },
    ...change,
  };
}

const base = {
  endpoint: { port: 22, host: '127.0.0.1', hostPort: 2222 },
  settings: {},
  clientArguments: [],
  platform: 'linux' as const,
};

test('ssh is told whom it talks to, strictly, and the host can be no option', () => {
  const argv = sshArgv('/usr/bin/ssh', {
    ...base,
    hostKeys: { alias: 'abc.latchkey', file: '/data dir/100%/known_hosts' },
    settings: { user: 'jo', keyFile: '~/.ssh/id%d', jumpHost: 'me@bastion:2200' },
    clientArguments: ['uname', '-a'],
  });
  expect(argv.slice(-4)).toEqual(['--', '127.0.0.1', 'uname', '-a']);
  expect(argv).toContain('StrictHostKeyChecking=yes');
  expect(argv).toContain('UserKnownHostsFile="/data dir/100%%/known_hosts"');
  expect(argv).toContain('~/.ssh/id%%d');
  expect(argv.join(' ')).toContain('-l jo -i');
});

test('without known keys ssh asks; options of the person stand before the host', () => {
  const argv = sshArgv('/usr/bin/ssh', { ...base, clientArguments: ['-L', '8080:localhost:80'] });
  expect(argv).toContain('StrictHostKeyChecking=ask');
  expect(argv.join(' ')).not.toContain('UserKnownHostsFile');
  expect(argv.slice(-4)).toEqual(['-L', '8080:localhost:80', '--', '127.0.0.1']);
});

test('an endpoint that is no host is refused', () => {
  for (const host of ['-oProxyCommand=x', 'a b', '', 'a;b', '$(x)']) {
    expect(() => sshArgv('ssh', { ...base, endpoint: { port: 22, host, hostPort: 22 } })).toThrow(
      /not a host name/,
    );
  }
});

test('connection settings that could become options or lines are refused', () => {
  for (const settings of [
    { user: '-oProxyCommand=x' },
    { user: 'a\nb' },
    { address: '-x' },
    { address: 'a b' },
    { keyFile: '-x' },
    { keyFile: '/a\n/b' },
    { jumpHost: '-x' },
    { jumpHost: 'a@-x' },
    { jumpHost: 'good,-bad' },
    { jumpHost: 'host:99999' },
  ]) {
    expect(() => checkSettings(settings), JSON.stringify(settings)).toThrow(/can’t be used/);
  }
  const fine = { user: 'CORP\\jo', address: 'fd00::1', keyFile: '~/.ssh/id', jumpHost: 'jo@[::1]:22,b' };
  expect(checkSettings({ ...fine, port: 2222 })).toEqual({ ...fine, port: 2222 });
  expect(checkSettings({ user: '' })).toEqual({});
});

test('every VM gets a host name of its own that is no pattern, whatever it is called', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.constantFrom(...hurting))),
      names => {
        const aliases = [...hostAliases(names.map((name, n) => vm(name, n))).values()];
        expect(new Set(aliases.map(alias => alias.toLowerCase())).size).toBe(names.length);
        for (const alias of aliases) expect(alias).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/);
      },
    ),
  );
  const names = hostAliases([vm('web-1', 1), vm('db', 2), vm('web-1', 3)]);
  expect([...names.values()]).toEqual(['web-1.g1', 'db', 'web-1.g3']);
});

/** What a program printed; its complaints are not of interest. */
function printed(program: string, argv: string[]): string {
  return execFileSync(program, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

test.skipIf(ssh === undefined)('OpenSSH reads the written configuration as it was meant', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-ssh-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const vms = hurting.map((name, n) => ({
    vm: vm(name, n),
    settings: n === 0 ? { user: 'CORP\\jo', keyFile: '/a b/100%' } : {},
  }));
  const knownHosts = "/data dir/it's 100%/known_hosts";
  const text = sshConfig(vms, {
    command: ['/opt/my app/latchkey', '--data-dir', "/it's 5%"],
    knownHosts,
    agent: '/run/keys.sock',
    platform: 'linux',
  });
  const file = join(folder, 'config');
  writeFileSync(file, text);
  const hosts = [...text.matchAll(/^Host (.*)$/gm)].map(found => found[1] ?? '');
  expect(hosts).toHaveLength(hurting.length);
  for (const host of hosts) {
    const said = printed(ssh ?? '', ['-G', '-F', file, host]);
    const value = (name: string): string | undefined => new RegExp(`^${name} (.*)$`, 'm').exec(said)?.[1];
    expect(value('stricthostkeychecking')).toMatch(/^(true|yes)$/);
    expect(value('userknownhostsfile')).toBe(knownHosts);
    expect(value('hostkeyalias')).toMatch(/^[0-9a-f]{20}\.latchkey$/);
    const proxy = value('proxycommand') ?? '';
    const words = printed('/bin/sh', ['-c', `printf '%s\\n' ${proxy.replaceAll('%%', '%')}`]);
    const [program, option, folderOf, verb, id, port] = words.split('\n');
    expect([program, option, folderOf, verb, port]).toEqual([
      '/opt/my app/latchkey',
      '--data-dir',
      "/it's 5%",
      'proxy',
      '22',
    ]);
    expect(id).toMatch(/\/virtualmachines\/v\(\d+\)$/);
  }
  const first = printed(ssh ?? '', ['-G', '-F', file, hosts[0] ?? '']);
  expect(first).toContain('user CORP\\jo');
});

test('VMs without a port for SSH in their policy get no entry', () => {
  const other = vm('rdp', 1, {
    policy: { ports: [{ port: 3389, protocol: 'tcp', sources: [], maxMs: 60_000 }] },
  });
  const moved = vm('moved', 2, {
    policy: { ports: [{ port: 2222, protocol: 'tcp', sources: [], maxMs: 60_000 }] },
  });
  const text = sshConfig(
    [
      { vm: other, settings: {} },
      { vm: moved, settings: { port: 2222 } },
      { vm: vm('none', 3, { policy: undefined }), settings: {} },
    ],
    { command: ['latchkey'], knownHosts: '/k', agent: '/run/keys.sock', platform: 'linux' },
  );
  expect([...text.matchAll(/^Host (.*)$/gm)].map(found => found[1])).toEqual(['moved']);
  expect(text).toContain(' 2222\n');
});

test('a shell reads a quoted word as the text it was', () => {
  const texts = fc
    .sample(fc.string({ unit: 'grapheme' }), { numRuns: 50, seed: 7 })
    .filter(text => !text.includes('\0'));
  for (const text of [...hurting, ...texts]) {
    const read = printed('/bin/sh', ['-c', `printf %s ${shellWord(text)}`]);
    expect(read).toBe(text);
  }
  expect(commandLine(['mstsc', 'C:\\my file.rdp'], 'win32')).toBe('mstsc "C:\\my file.rdp"');
  expect(sshPath('C:\\Users\\jo', 'win32')).toBe('"C:/Users/jo"');
});

test('known_hosts holds what the cloud tells now, per VM, and keeps it when the cloud has forgotten', async () => {
  const { os, dataDirectory } = createTestOs();
  const known = createKnownHosts(os.files, dataDirectory);
  const key = (letter: string): string => `ssh-ed25519 ${letter.repeat(40)}`;
  const [a, b] = [vm('a', 1).id, vm('b', 2).id];
  await Promise.all([
    known.remember(a, [key('A')]),
    known.remember(b, [`${key('B')} root@b`, 'rubbish\nhost x']),
  ]);
  expect(await known.remember(a, [])).toEqual([key('A')]);
  expect(await known.remember(a, [key('C')])).toEqual([key('C')]);
  const text = (await os.files.readText(known.path)) ?? '';
  expect(text.split('\n').toSorted()).toEqual(
    ['', `${hostKeyAlias(a)} ${key('C')}`, `${hostKeyAlias(b)} ${key('B')}`].toSorted(),
  );
});

test('only a type and a key are a host key', () => {
  expect(readKey(`ecdsa-sha2-nistp256 ${'A'.repeat(40)}== root@host`)).toBe(
    `ecdsa-sha2-nistp256 ${'A'.repeat(40)}==`,
  );
  for (const line of [
    '',
    '@cert-authority * ssh-ed25519 AAAA',
    `* ssh-ed25519 ${'A'.repeat(40)}`,
    'ssh-ed25519 short',
  ]) {
    expect(readKey(line)).toBeUndefined();
  }
});

test('a machine that gets a key for each connection: one user, and the agent that has the key', () => {
  const text = sshConfig(
    [
      { vm: vm('own', 1), settings: { pushKey: true } },
      { vm: vm('other', 2), settings: { pushKey: true, user: 'ubuntu' } },
    ],
    { command: ['latchkey'], knownHosts: '/k', agent: '/data dir/100%/keys.sock', platform: 'linux' },
  );
  expect([...text.matchAll(/^ {2}User (.*)$/gm)].map(found => found[1])).toEqual(['ec2-user', 'ubuntu']);
  expect(text.match(/^ {2}IdentityAgent "\/data dir\/100%%\/keys.sock"$/gm)).toHaveLength(2);
});
