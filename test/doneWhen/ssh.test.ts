/** `latchkey --practice ssh-config > cfg; ssh -F cfg web-1 hostname`, with OpenSSH's own client. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Grant } from '../../shared/contract/grants.ts';
import { answers, has, openWorld, runWords } from './world.ts';

const openssh = has('ssh', '-V');
const world = openssh ? await openWorld() : undefined;

describe.skipIf(!world)(openssh ? 'OpenSSH' : 'OpenSSH (skipped: there is no ssh here)', async () => {
  if (!world) return;
  const config = join(world.folder, 'cfg');
  writeFileSync(config, (await world.run('ssh-config')).stdout);
  const ssh = (...args: string[]) => runWords(['ssh', '-F', config, '-o', 'BatchMode=yes', ...args]);
  const open = async () =>
    (await world.json<{ grants: Grant[] }>('grants')).grants.filter(grant => grant.state === 'open');

  it('logs in to a locked machine, whose port is refused before and after, and let in only from my IP', async () => {
    const endpoint = await world.endpoint('web-1');
    expect(await answers(endpoint)).toBe(false);
    expect(await ssh('web-1', 'hostname')).toEqual({
      status: 0,
      signal: null,
      stdout: 'web-1\n',
      stderr: '',
    });
    expect(await answers(endpoint)).toBe(true);
    expect(await answers(endpoint, '127.0.0.2')).toBe(false);
    await world.json('revoke', '--all');
    expect(await answers(endpoint)).toBe(false);
  });

  it.each(['ledger-1', 'batch-1'])(
    'comes to %s through its firewall, whose port leads nowhere before and after',
    async name => {
      await expect(world.endpoint(name), 'no port before a grant').rejects.toThrow('no endpoint');
      const { stdout, stderr } = await ssh(name, 'hostname');
      expect(stdout + stderr).toBe(`${name}\n`);
      const endpoint = await world.endpoint(name);
      expect(await answers(endpoint)).toBe(true);
      expect(await answers(endpoint, '127.0.0.2')).toBe(false);
      await world.json('revoke', '--all');
      expect(await answers(endpoint)).toBe(false);
    },
  );

  it('five connections at once share one grant, and a sixth uses it again', async () => {
    const all = await Promise.all([1, 2, 3, 4, 5].map(() => ssh('web-2', 'hostname')));
    expect(all.map(({ stdout, stderr }) => stdout + stderr)).toEqual(Array(5).fill('web-2\n'));
    const before = await open();
    expect(before.map(({ vmName }) => vmName)).toEqual(['web-2']);
    expect((await ssh('web-2', 'hostname')).stdout).toBe('web-2\n');
    expect((await open()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  });

  it('gives the status of the command, and logs in to a machine of AWS and of IPv6 too', async () => {
    expect((await ssh('web-2', 'false')).status).toBe(1);
    expect((await ssh('pay-db', 'hostname')).stdout).toBe('pay-db\n');
    expect((await ssh('v6-only-1', 'hostname')).stdout).toBe('v6-only-1\n');
  });

  it('refuses a machine whose host key is not the one that the cloud told', async () => {
    const text = readFileSync(config, 'utf8');
    const strict = text.match(/StrictHostKeyChecking (\w+)/g) ?? [];
    expect(new Set(strict)).toEqual(new Set(['StrictHostKeyChecking yes']));
    const [file = ''] = /(?<=UserKnownHostsFile ").+(?=")/.exec(text) ?? [];
    const known = readFileSync(file, 'utf8');
    const alias = /Host dual-1\n {2}HostName (\S+)/.exec(text)?.[1] ?? '';
    const other = known
      .split('\n')
      .find(line => line.startsWith(/Host web-2\n {2}HostName (\S+)/.exec(text)?.[1] ?? '-'));
    writeFileSync(join(world.folder, 'wrong'), other?.replace(/^\S+/, alias) ?? '');
    const { status, stderr, stdout } = await ssh(
      '-o',
      `UserKnownHostsFile=${join(world.folder, 'wrong')}`,
      'dual-1',
      'hostname',
    );
    expect(status).toBe(255);
    expect(stdout).toBe('');
    expect(stderr).toContain('verification failed');
  });

  it('scp and sftp end with a reason, as these machines have no files', async () => {
    writeFileSync(join(world.folder, 'file'), 'x');
    const copied = await runWords(['scp', '-F', config, join(world.folder, 'file'), 'web-2:file']);
    expect(copied.status).not.toBe(0);
    expect(copied.stderr).not.toBe('');
    const sftp = await runWords(['sftp', '-b', '/dev/null', '-F', config, 'web-2']);
    expect(sftp.status).not.toBe(0);
    expect(sftp.stderr).not.toBe('');
  });

  it('tells ssh why, where there is no way', async () => {
    const { status, stderr } = await ssh('build-agent-07', 'hostname');
    expect(status).toBe(255);
    expect(stderr).toContain('build-agent-07 is stopped');
  });
});
