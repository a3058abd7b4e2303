/** Starting a part of Latchkey in the background, and knowing that it is up. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrorData, LatchkeyError } from '../../shared/errors.ts';
import { redact } from './redact.ts';

const pauseMs = 50;

/**
 * Starts `argv` (a `latchkey --json` command) detached, its output going to `<data>/log/<name>.log`, and waits until `ready` gives an answer.
 * A process that leaves with status 0 found another one being started and leaves the waiting to us.
 * Throws BROKER_UNREACHABLE with its last output when it fails or takes longer than `limitMs`.
 */
export async function startInBackground<T>(options: {
  argv: string[];
  name: 'broker' | 'practice';
  dataDirectory: string;
  limitMs: number;
  /** More of the environment it runs in. */
  env?: Record<string, string>;
  ready: () => Promise<T | undefined>;
}): Promise<T> {
  const [program = '', ...rest] = options.argv;
  const folder = join(options.dataDirectory, 'log');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const output = join(folder, `${options.name}.log`);
  const file = openSync(output, 'w', 0o600);
  let failed: string | undefined;
  const child = spawn(program, rest, {
    detached: true,
    stdio: ['ignore', file, file],
    windowsHide: true,
    env: { ...process.env, ...options.env },
  });
  closeSync(file);
  child.once('error', error => (failed = `could not be started (${(error as NodeJS.ErrnoException).code})`));
  child.once('exit', (status, signal) => {
    if (status !== 0) failed = status === null ? `was ended by ${signal}` : `left with status ${status}`;
  });
  child.unref();
  const until = Date.now() + options.limitMs;
  for (;;) {
    const answer = await options.ready();
    if (answer !== undefined) return answer;
    if (failed !== undefined) throw notUp(options.name, failed, output);
    if (Date.now() > until) {
      child.kill();
      throw notUp(options.name, `was not ready after ${options.limitMs / 1000} s`, output);
    }
    await new Promise(resolve => setTimeout(resolve, pauseMs));
  }
}

function notUp(name: 'broker' | 'practice', why: string, output: string): LatchkeyError {
  const last = redact(readFileSync(output, 'utf8').slice(-4000)).trim();
  const told = toldError(last.split('\n').at(-1) ?? '');
  if (told) return told;
  const who = name === 'broker' ? 'The broker' : 'The practice cloud';
  return new LatchkeyError({
    code: 'BROKER_UNREACHABLE',
    message: `${who} ${why}.${last === '' ? '' : ` It said: ${last.split('\n').at(-1)}`}`,
    fix: `See ${output}, or run \`latchkey ${name}\` to watch it start.`,
    detail: { output: last },
  });
}

/** The error a `latchkey --json` command ended with, if that is what the line is. */
function toldError(line: string): LatchkeyError | undefined {
  try {
    const { error } = JSON.parse(line) as { error?: unknown };
    return isErrorData(error) ? new LatchkeyError(error) : undefined;
  } catch {
    return undefined; // An ordinary line of output.
  }
}
