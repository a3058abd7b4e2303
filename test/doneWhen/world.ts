/** A data directory with a practice cloud of its own, and the built `latchkey` command to use it with. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { connectBroker } from '../../main/doors/client.ts';
import type { PracticeInfo } from '../../main/os/ports.ts';
import type { Endpoint, VmList } from '../../shared/contract/vms.ts';
import type { ErrorData } from '../../shared/errors.ts';

const bin = join(import.meta.dirname, '..', '..', 'bin', 'latchkey.js');

export interface Ran {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface World {
  /** For files of the test; the data directory is `data` in it. */
  folder: string;
  data: string;
  info: PracticeInfo;
  /** The first line that `latchkey practice --json` printed. */
  line: string;
  /** The words of a command on this data directory, with --practice. */
  words(...args: string[]): string[];
  run(...args: string[]): Promise<Ran>;
  /** Runs a command that must succeed and print one JSON document, and nothing on stderr. */
  json<T>(...args: string[]): Promise<T>;
  /** Runs a command that must fail with one error on stderr and nothing on stdout. */
  error(...args: string[]): Promise<ErrorData & { status: number | null }>;
  endpoint(vm: string, port?: number): Promise<Endpoint>;
  brokerPid(): Promise<number>;
}

/** Starts it now; all of it ends after the file's last test. */
export async function openWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  const data = join(folder, 'data');
  const practice = start([process.execPath, bin, '--data-dir', data, '--json', 'practice']);
  afterAll(async () => {
    const pid = await pidOf(data);
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    practice.child.kill('SIGTERM');
    await practice.ended;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  await Promise.race([once(practice.child.stdout ?? practice.child, 'data'), practice.ended]);
  const line = practice.ran.stdout;
  const words = (...args: string[]) => [process.execPath, bin, '--practice', '--data-dir', data, ...args];
  const run = (...args: string[]) => runWords(words(...args));
  const json = async <T>(...args: string[]): Promise<T> => {
    const { status, stdout, stderr } = await run('--json', ...args);
    if (status !== 0 || stderr !== '') throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
    return JSON.parse(stdout) as T;
  };
  return {
    folder,
    data,
    line,
    info: JSON.parse(line) as PracticeInfo,
    words,
    run,
    json,
    async error(...args) {
      const { status, stdout, stderr } = await run('--json', ...args);
      if (stdout !== '') throw new Error(`${args.join(' ')} printed ${stdout}`);
      return { ...(JSON.parse(stderr) as { error: ErrorData }).error, status };
    },
    async endpoint(name, port = 22) {
      const { vms } = await json<VmList>('vms', '--search', name);
      const found = vms.find(vm => vm.name === name)?.endpoints.find(one => one.port === port);
      if (!found) throw new Error(`${name} has no endpoint for port ${port}`);
      return found;
    },
    async brokerPid() {
      const pid = await pidOf(data);
      if (pid === undefined) throw new Error('no broker runs');
      return pid;
    },
  };
}

async function pidOf(data: string): Promise<number | undefined> {
  const connection = await connectBroker(data);
  if (!connection) return undefined;
  try {
    return (await connection.client.app.info({})).pid;
  } finally {
    connection.close();
  }
}

/** A program with nothing on its stdin. */
export function start(
  [program = '', ...args]: string[],
  env: Record<string, string> = {},
): { child: ChildProcess; ran: Ran; ended: Promise<Ran> } {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const ran: Ran = { status: null, signal: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ran.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ran.stderr += text));
  const ended = once(child, 'close').then(([status, signal]) =>
    Object.assign(ran, { status: status as number | null, signal: signal as NodeJS.Signals | null }),
  );
  return { child, ran, ended };
}

export function runWords(words: string[], env: Record<string, string> = {}): Promise<Ran> {
  return start(words, env).ended;
}

/** Is the program there? `args` make it leave at once. */
export function has(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).error === undefined;
}

/** Does somebody say hello there, to a connection that comes from `localAddress`? */
export function answers({ host, hostPort }: Endpoint, localAddress = '127.0.0.1'): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port: hostPort, localAddress, timeout: 3_000 });
    socket.once('timeout', () => socket.destroy());
    socket.once('data', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
