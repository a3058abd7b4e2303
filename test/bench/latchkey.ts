/** The built `latchkey` command with its broker and practice cloud, each in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, connectBroker } from '../../main/doors/client.ts';
import { frugal } from '../../main/os/app.ts';
import type { PracticeInfo } from '../../main/os/ports.ts';
import type { LoggedRequest } from '../../main/practice/server/requestLog.ts';
import { control } from './https.ts';

const bin = join(import.meta.dirname, '..', '..', 'bin', 'latchkey.js');

/** The words that run a command on a data directory. */
export function command(dataDirectory: string, ...args: string[]): string[] {
  return [process.execPath, bin, '--data-dir', dataDirectory, ...args];
}

export function temporaryFolder(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export interface PracticeCloud extends AsyncDisposable {
  info: PracticeInfo;
  /** What it was asked since the last call, oldest first. */
  requests(): Promise<LoggedRequest[]>;
  fault(fault: Record<string, unknown>): Promise<void>;
  noFaults(): Promise<void>;
}

/** `size`: how many VMs, half of them Azure's; the named ones without it. Writes take effect after the usual 150 ms. */
export async function startPractice(dataDirectory: string, size?: number): Promise<PracticeCloud> {
  const args = ['--json', 'practice', ...(size === undefined ? [] : ['--size', String(size)])];
  const child = start(command(dataDirectory, ...args));
  if (!child.stdout) throw new Error('no output');
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`practice left with ${code}`))),
  ])) as [string];
  const info = JSON.parse(line) as PracticeInfo;
  return {
    info,
    async requests() {
      const { requests } = (await control(info, 'GET', '/requests')) as { requests: LoggedRequest[] };
      await control(info, 'DELETE', '/requests');
      return requests;
    },
    fault: async fault => void (await control(info, 'POST', '/faults', fault)),
    noFaults: async () => void (await control(info, 'DELETE', '/faults')),
    [Symbol.asyncDispose]: () => end(child),
  };
}

export interface RunningBroker extends AsyncDisposable {
  client: Connection['client'];
  /** Resident memory in MiB; undefined where /proc does not tell. */
  residentMiB(): number | undefined;
}

/** A broker on a data directory, as a command starts it in the background; up when it answers. Sign in with `client.accounts.addPractice`. */
export async function startBroker(dataDirectory: string): Promise<RunningBroker> {
  const [program = '', ...rest] = command(dataDirectory, 'broker');
  const child = start([program, ...frugal.flags, ...rest], frugal.env);
  child.stdout?.resume();
  let connection: Connection | undefined;
  while (!(connection = await connectBroker(dataDirectory))) {
    if (child.exitCode !== null) throw new Error(`the broker left with ${child.exitCode}`);
    await sleep(5);
  }
  const { client } = connection;
  const close = () => connection.close();
  return {
    client,
    residentMiB: () => residentMiB(child.pid ?? 0),
    async [Symbol.asyncDispose]() {
      close();
      await end(child);
    },
  };
}

function residentMiB(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

function start(words: string[], env: Record<string, string> = {}): ChildProcess {
  const [program = '', ...args] = words;
  return spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
}

async function end(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill();
  await gone;
}
