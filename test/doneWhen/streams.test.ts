/** Pipes, closed ends, no terminal, colours, and Ctrl-C in the middle. */
import { once } from 'node:events';
import { expect, it, vi } from 'vitest';
import type { Grant } from '../../shared/contract/grants.ts';
import type { VmList } from '../../shared/contract/vms.ts';
import { answers, openWorld, runWords, start } from './world.ts';

const world = await openWorld();
const quote = (words: string[]) => words.map(word => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
const shell = (line: string) => runWords(['sh', '-c', line]);

it('a reader that has seen enough is no failure', async () => {
  const { stderr, stdout } = await shell(`${quote(world.words('vms'))} | head -n 1`);
  expect([stderr, stdout.split('\n').length]).toEqual(['', 2]);
  const first = await shell(`{ ${quote(world.words('activity', '--csv', '-'))}; echo $? >&2; } | head -c 1`);
  expect(first.stderr.trim()).toMatch(/^(0|141)$/);
});

it('no stdout, or a full one, is told and changes nothing', async () => {
  const closed = await shell(`${quote(world.words('vms'))} >&-`);
  expect(closed.stderr).not.toContain('at ');
  const full = await shell(`${quote(world.words('--json', 'vms'))} >/dev/full`);
  expect(full.stderr).not.toMatch(/\n +at /);
  expect(JSON.parse(full.stderr)).toMatchObject({ error: { code: 'DISK_FULL' } });
  expect(full.status).toBe(1);
});

it('no colours where there is no terminal, or where they are not wanted', async () => {
  for (const env of [{}, { NO_COLOR: '1' }, { FORCE_COLOR: '1', NO_COLOR: '1' }, { TERM: 'dumb' }]) {
    const { stdout, stderr } = await runWords(world.words('vms'), env as Record<string, string>);
    expect(stdout + stderr).not.toContain('\u001B');
  }
});

it('lock asks, and without anybody to ask changes nothing; locked, asked for, unlocked, it is as before', async () => {
  const row = async () =>
    (await world.json<VmList>('vms', '--search', 'backup-1')).vms.find(({ name }) => name === 'backup-1');
  const before = await row();
  expect(before).toMatchObject({ tab: 'not-configured', access: 'exposed' });
  const endpoint = await world.endpoint('backup-1');
  expect(await answers(endpoint)).toBe(true);
  const asked = await world.run('lock', 'backup-1');
  expect(asked.status).toBe(2);
  expect(asked.stdout).toContain('Lock backup-1');
  expect(asked.stderr).toContain('--yes');
  expect(await row()).toEqual(before);
  await world.json('lock', 'backup-1', '--yes');
  expect(await row()).toMatchObject({ tab: 'configured', access: 'shut' });
  expect(await answers(endpoint)).toBe(false);
  await world.json('request', 'backup-1', '--for', '10m');
  expect(await answers(endpoint)).toBe(true);
  await world.json('revoke', '--all');
  expect(await answers(endpoint)).toBe(false);
  await world.json('unlock', 'backup-1', '--yes');
  expect(await row()).toMatchObject({ tab: 'not-configured', access: 'exposed' });
  expect(await answers(endpoint)).toBe(true);
});

it.each([
  ['request', ['request', 'web-1', '--for', '10m', '--wait']],
  ['connect', ['connect', 'web-2', '--for', '10m', '--json']],
  ['proxy', ['proxy', 'pay-db', '22']],
])(
  'Ctrl-C during %s ends the command at once, and what it opened is known and can be revoked',
  async (_name, args) => {
    const { child, ended } = start(world.words(...args));
    const said = once(child.stdout ?? child, 'data').catch(() => undefined);
    await Promise.race([said, new Promise(resolve => setTimeout(resolve, 250))]);
    child.kill('SIGINT');
    const { signal, status, stderr } = await ended;
    expect(signal === 'SIGINT' || status === 0 || status === 130 || status === 1).toBe(true);
    expect(stderr).not.toMatch(/\n +at /);
    await world.json('revoke', '--all');
    await vi.waitFor(async () => {
      const { grants } = await world.json<{ grants: Grant[] }>('grants');
      expect(grants.filter(({ state }) => state !== 'closed' && state !== 'failed')).toEqual([]);
    });
  },
);
