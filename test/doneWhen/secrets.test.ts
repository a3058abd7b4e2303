/** No secret in a file, a log, an argument or an error; every file for this user alone. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';
import type { Ran } from './world.ts';
import { openWorld } from './world.ts';

const world = await openWorld();
const { azure, aws } = world.info;
const outputs: Ran[] = [];
for (const args of [
  ['vms', '--refresh'],
  ['request', 'web-1', 'pay-db', '--for', '10m'],
  ['connect', 'web-1', '--json'],
  ['ssh-config'],
  ['ip', '--json'],
  ['request', 'web-1', '--reason', `my token is ${azure.token}`, '--source', aws.secretAccessKey],
  ['accounts', '--json'],
  ['activity', '--json'],
  ['revoke', '--all'],
]) {
  outputs.push(await world.run(...args));
}
const runToken = readFileSync(join(world.data, 'run', 'token'), 'utf8');
const secrets = [azure.token, aws.secretAccessKey, runToken];

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    yield path;
  }
}

it('everything in the data directory is for this user alone; what is public there is a certificate', () => {
  expect(statSync(world.data).mode & 0o777).toBe(0o700);
  for (const path of filesBelow(world.data)) {
    const open = statSync(path).mode & 0o077;
    expect([relative(world.data, path), open]).toEqual([
      relative(world.data, path),
      path.endsWith('practice-ca.pem') ? expect.any(Number) : 0,
    ]);
  }
  expect(readFileSync(world.info.caFile, 'utf8')).not.toContain('PRIVATE');
});

it('no file holds a secret, but the token of this run in its own', () => {
  const found: string[] = [];
  for (const path of filesBelow(world.data)) {
    if (!statSync(path).isFile()) continue;
    const bytes = readFileSync(path);
    if (secrets.some(secret => bytes.includes(secret)) || bytes.includes('PRIVATE KEY')) {
      found.push(relative(world.data, path));
    }
  }
  expect(found).toEqual([join('run', 'token')]);
});

it('no command printed one, and no process has one among its arguments or its environment', () => {
  for (const { stdout, stderr } of outputs) {
    for (const secret of secrets) expect((stdout + stderr).includes(secret)).toBe(false);
  }
  if (process.platform !== 'linux') return;
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    for (const name of ['cmdline', 'environ']) {
      let text = '';
      try {
        text = readFileSync(`/proc/${pid}/${name}`, 'latin1');
      } catch {
        continue; // It has ended, or is another user's.
      }
      for (const secret of secrets) expect(text.includes(secret), text.slice(0, 200)).toBe(false);
    }
  }
});
