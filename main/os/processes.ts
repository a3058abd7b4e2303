/** Programs of this computer: found, started and run, never through a shell. */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, extname, isAbsolute, join } from 'node:path';
import { LatchkeyError } from '../../shared/errors.ts';
import type { Processes } from './ports.ts';

/** A program that fails, fails within this time: a wrong option, no display, a missing library. */
const atOnceMs = 400;
const mostOutput = 1024 * 1024;

/** The system's processes, with the PATH of `env`. */
export function createProcesses(env: NodeJS.ProcessEnv = process.env): Processes {
  return {
    platform: process.platform === 'win32' || process.platform === 'darwin' ? process.platform : 'linux',
    find: names => find(names, env),
    launch: (argv, options) => launch(argv, { ...env, ...options?.env }),
    run: (argv, options) => run(argv, options, env),
  };
}

async function find(names: string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  // Relative entries of PATH are left out: a folder somebody else filled must not name our programs.
  const folders = (env['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  for (const name of names) {
    const paths = isAbsolute(name) ? [name] : folders.map(folder => join(folder, name));
    for (const path of paths.flatMap(withExtensions)) if (await isProgram(path)) return path;
  }
  return undefined;
}

function withExtensions(path: string): string[] {
  if (process.platform !== 'win32' || extname(path) !== '') return [path];
  // Only what starts without a shell: Node refuses .cmd and .bat without one.
  return [`${path}.exe`, `${path}.com`];
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false; // Not there or not ours to run: both mean “not this one”.
  }
}

function split(argv: string[]): [string, string[]] {
  const [program, ...rest] = argv;
  if (program === undefined) throw new Error('no program named');
  return [program, rest];
}

async function launch(argv: string[], env: NodeJS.ProcessEnv): Promise<{ pid: number }> {
  const [program, rest] = split(argv);
  const child = spawn(program, rest, { detached: true, stdio: 'ignore', shell: false, env });
  return new Promise((resolve, reject) => {
    const failed = (why: string, cause?: Error) =>
      reject(
        new LatchkeyError(
          { code: 'CLIENT_FAILED', message: `${program} could not be started: ${why}.` },
          cause ? { cause } : {},
        ),
      );
    const settled = () => {
      child.unref();
      resolve({ pid: child.pid ?? 0 });
    };
    child.once('error', error => failed((error as NodeJS.ErrnoException).code ?? error.message, error));
    child.once('spawn', () => {
      const timer = setTimeout(settled, atOnceMs);
      child.once('exit', (status, signal) => {
        clearTimeout(timer);
        if (status === 0) settled();
        else failed(status === null ? `it was ended by ${signal}` : `it left at once with status ${status}`);
      });
    });
  });
}

/** A program that takes longer than `timeoutMs` is killed; its status is then null. */
function run(
  argv: string[],
  options: { timeoutMs: number; input?: string },
  env: NodeJS.ProcessEnv,
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const [program, rest] = split(argv);
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      stdio: 'pipe',
      shell: false,
      env,
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
    });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.once('error', reject);
    // A program that reads nothing closes its end first; what it prints is still the answer.
    child.stdin.on('error', () => child.stdin.destroy());
    child.stdin.end(options.input ?? '');
    child.once('close', status => resolve({ status, stdout: stdout(), stderr: stderr() }));
  });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const pieces: Buffer[] = [];
  let size = 0;
  stream.on('data', (piece: Buffer) => {
    if (size < mostOutput) pieces.push(piece);
    size += piece.length;
  });
  return () => Buffer.concat(pieces).subarray(0, mostOutput).toString('utf8');
}
