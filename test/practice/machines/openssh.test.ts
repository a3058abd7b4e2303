/** The system's own ssh against a practice machine, where it is installed. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startOne } from './setup.ts';

const run = promisify(execFile);
const missing = spawnSync('ssh', ['-V']).error !== undefined;
let started: Awaited<ReturnType<typeof startOne>>;
let folder: string;

beforeAll(async () => {
  started = await startOne();
  folder = await mkdtemp(join(tmpdir(), 'latchkey-ssh-'));
});
afterAll(async () => {
  await started.net.stop();
  await rm(folder, { recursive: true, force: true });
});

async function ssh(hostKey: string | undefined, ...args: string[]) {
  const { host, hostPort } = started.endpoint;
  const known = join(folder, 'known_hosts');
  await writeFile(known, hostKey === undefined ? '' : `[${host}]:${hostPort} ${hostKey}\n`);
  const options = [
    `UserKnownHostsFile=${known}`,
    'GlobalKnownHostsFile=none',
    'StrictHostKeyChecking=yes',
    'BatchMode=yes',
  ].flatMap(option => ['-o', option]);
  return run('ssh', ['-F', 'none', ...options, '-p', String(hostPort), `lena@${host}`, ...args], {
    timeout: 15_000,
  });
}

test.skipIf(missing)('logs in with strict host keys and runs a command', async () => {
  const [key] = started.net.hostKeys(started.one.id);
  expect((await ssh(key, 'hostname')).stdout).toBe('web-1\n');
  await expect(ssh(key, 'exit 3')).rejects.toMatchObject({ code: 3 });
});

test.skipIf(missing)('an unknown host key ends it', async () => {
  await expect(ssh(undefined, 'hostname')).rejects.toMatchObject({ code: 255 });
});

test.skipIf(missing)('a shut gate ends it before anything is said', async () => {
  started.one.gate.open = false;
  const [key] = started.net.hostKeys(started.one.id);
  await expect(ssh(key, 'hostname')).rejects.toMatchObject({
    code: 255,
    stderr: expect.stringMatching(/reset|closed/i),
  });
});

test.runIf(missing)('ssh is not installed here: its tests were left out', () => {
  expect(missing).toBe(true);
});
