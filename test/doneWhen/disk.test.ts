/** Data directories that hurt: full, read-only, taken, long, oddly named, with a damaged or a newer ledger. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import type { ActivityRow } from '../../shared/contract/activity.ts';
import type { Grant } from '../../shared/contract/grants.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { nsgRules } from '../tour/outside.ts';
import { has, openWorld, runWords } from './world.ts';

const world = await openWorld();
const bin = world.words()[1] ?? '';
const plain = (data: string, ...args: string[]) => [
  process.execPath,
  bin,
  '--data-dir',
  data,
  '--json',
  ...args,
];
const errorOf = (stderr: string) => (JSON.parse(stderr) as { error: ErrorData }).error;
/** util-linux's, for a disk that only this test sees. */
const unshare = 'unshare';
const privateMounts =
  process.platform === 'linux' &&
  has(unshare, '-V') &&
  spawnSync(unshare, ['-m', 'mount', '-t', 'tmpfs', 'x', '/mnt']).status === 0;

it('a data directory that is a file is refused with what to do', async () => {
  const file = join(world.folder, 'file');
  writeFileSync(file, 'mine');
  for (const data of [file, join(file, 'below')]) {
    const { status, stdout, stderr } = await runWords(plain(data, 'grants'));
    expect([status, stdout]).toEqual([1, '']);
    expect(errorOf(stderr)).toMatchObject({
      code: 'DISK_FULL',
      fix: expect.stringContaining('--data-dir') as string,
    });
  }
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

it.each([
  ['with spaces, quotes, signs of shells and of ssh, and other alphabets', 'a b\'c"d%h%%$(touch x)`é日'],
  ['too long for a socket', 'x'.repeat(150)],
])('ssh gets through a data directory %s', async (_what, name) => {
  const data = join(world.folder, name);
  const words = [process.execPath, bin, '--practice', '--data-dir', data];
  const config = join(world.folder, 'cfg');
  const env = { LATCHKEY_IDLE: '2s' };
  writeFileSync(config, (await runWords([...words, 'ssh-config'], env)).stdout);
  if (has('ssh', '-V')) {
    expect(await runWords(['ssh', '-F', config, '-o', 'BatchMode=yes', 'web-1', 'hostname'])).toMatchObject({
      status: 0,
      stdout: 'web-1\n',
    });
  }
  expect((await runWords([...words, 'revoke', '--all'])).status).toBe(0);
  expect(readdirSync(world.folder)).not.toContain('x');
});

it('a damaged ledger is set aside whole, and the grant is found again by its rule', async () => {
  const { grants } = await world.json<{ grants: Grant[] }>('request', 'web-1', '--for', '10m');
  process.kill(await world.brokerPid(), 'SIGKILL');
  const noise = Buffer.alloc(20_000, 'not a ledger ');
  for (const suffix of ['', '-wal', '-shm']) writeFileSync(join(world.data, `ledger.sqlite${suffix}`), noise);
  // The first command finds the practice account gone, as it was in the ledger; it adds it, and the sweep looks.
  await vi.waitFor(
    async () => {
      const list = await world.json<{ grants: Grant[] }>('grants');
      expect(list.grants.find(({ id }) => id === grants[0]?.id)?.state).toBe('open');
    },
    { timeout: 8_000, interval: 300 },
  );
  const aside = readdirSync(world.data).filter(name => /^ledger\.damaged-.*\.sqlite$/.test(name));
  expect(aside).toHaveLength(1);
  expect(readFileSync(join(world.data, aside[0] ?? ''))).toEqual(noise);
  const { rows } = await world.json<{ rows: ActivityRow[] }>('activity');
  expect(rows.some(({ kind, text }) => kind === 'broker' && text.includes(aside[0] ?? '?'))).toBe(true);
  await world.json('revoke', grants[0]?.id ?? '');
  expect(
    (await nsgRules(world.info)).filter(rule => rule.description.includes(grants[0]?.id ?? '?')),
  ).toEqual([]);
});

it.skipIf(!privateMounts)(
  privateMounts
    ? 'a full disk, and a read-only one'
    : 'a full disk, and a read-only one (skipped: no private mounts here)',
  () => {
    const disk = join(world.folder, 'disk');
    mkdirSync(disk);
    mkdirSync(join(disk, 'run'), { mode: 0o700 });
    const script = join(world.folder, 'full.sh');
    // Room for a ledger, then none: everything that asks for more of it has to say so.
    writeFileSync(
      script,
      [
        'set -u; disk=$1; node=$2; bin=$3',
        'mount -t tmpfs -o size=3m,mode=700 x "$disk" || exit 77',
        'export LATCHKEY_IDLE=1s',
        'latchkey() { "$node" "$bin" --practice --json --data-dir "$disk" "$@"; }',
        'latchkey vms >/dev/null || exit 70',
        'dd if=/dev/zero of="$disk/filler" bs=1k 2>/dev/null',
        'latchkey request web-1 >"$4/out" 2>"$4/err"; echo $? >"$4/status"',
        'latchkey grants >"$4/grants" 2>"$4/grants-err"',
        'rm "$disk/filler"; latchkey request web-1 >"$4/again" 2>&1; echo $? >"$4/again-status"',
        'latchkey revoke --all >/dev/null',
        'mount -t tmpfs -o ro x /mnt && "$node" "$bin" --json --data-dir /mnt grants >"$4/readonly" 2>&1; echo $? >>"$4/readonly"',
      ].join('\n'),
    );
    const out = join(world.folder, 'full');
    mkdirSync(out);
    const ran = spawnSync(unshare, ['-m', 'sh', script, disk, process.execPath, bin, out], {
      timeout: 60_000,
    });
    const said = (name: string) => readFileSync(join(out, name), 'utf8');
    expect([ran.status, ran.stderr.toString()]).toEqual([0, '']);
    expect(said('out')).toBe('');
    expect(errorOf(said('err'))).toMatchObject({ code: 'DISK_FULL', fix: expect.any(String) as string });
    expect(said('status')).toBe('1\n');
    expect(JSON.parse(said('grants'))).toEqual({ grants: [] });
    expect(said('again-status')).toBe('0\n');
    const [readonly = '', status] = said('readonly').split('\n');
    expect(errorOf(readonly)).toMatchObject({
      code: 'DISK_FULL',
      message: expect.stringContaining('/mnt') as string,
    });
    expect(status).toBe('1');
  },
);
