/** The `latchkey` command as another program uses it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { PracticeInfo } from '../../main/os/ports.ts';

const bin = join(import.meta.dirname, '..', '..', 'bin', 'latchkey.js');

export interface Latchkey {
  /** Runs a command with `--practice --json` and gives its document. Throws what it complained of. */
  json<T>(...args: string[]): Promise<T>;
  plain(...args: string[]): Promise<string>;
  /** The words that run a command, for other programs' settings. */
  words(...args: string[]): string[];
  /** Has the broker of this data directory leave. */
  stop(): Promise<void>;
}

export function latchkey(dataDirectory: string): Latchkey {
  const words = (...args: string[]) => [
    process.execPath,
    bin,
    '--practice',
    '--data-dir',
    dataDirectory,
    ...args,
  ];
  return {
    words,
    json: async <T>(...args: string[]) => JSON.parse(await output(words('--json', ...args))) as T,
    plain: (...args) => output(words(...args)),
    async stop() {
      const { connectBroker } = await import('../../main/doors/client.ts');
      const connection = await connectBroker(dataDirectory);
      if (!connection) return;
      const gone = new Promise<void>(resolve => connection.onClose(resolve));
      await connection.client.app.leave({});
      await gone;
    },
  };
}

/** What a program prints; throws with what it complained of if it fails. */
export async function output(words: string[]): Promise<string> {
  const [program = '', ...args] = words;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let complained = '';
  child.stdout.on('data', chunk => (said += chunk));
  child.stderr.on('data', chunk => (complained += chunk));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status !== 0)
    throw new Error(`${args.slice(-4).join(' ')} ended with ${status}: ${complained || said}`);
  return said;
}

/** `latchkey practice --json` in the foreground, up as soon as it has told where it listens. */
export async function startPracticeCommand(
  dataDirectory: string,
): Promise<{ info: PracticeInfo; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [bin, '--data-dir', dataDirectory, '--json', 'practice'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('close', code => reject(new Error(`the practice cloud ended with ${code}`)));
  });
  return {
    info: JSON.parse(line) as PracticeInfo,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
