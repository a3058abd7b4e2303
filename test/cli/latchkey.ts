/** The real `latchkey` command, from the sources, in processes of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { connectBroker } from '../../main/doors/client.ts';
import { latchkeyCommand } from '../../main/os/app.ts';

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

const [program = '', ...first] = latchkeyCommand();

function start(dataDirectory: string, args: string[]): ChildProcess & { output: Ran } {
  const child = spawn(program, [...first, '--data-dir', dataDirectory, ...args], { stdio: 'pipe' });
  const output: Ran = { status: null, stdout: '', stderr: '' };
  child.stdout.on('data', (piece: Buffer) => (output.stdout += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (output.stderr += piece.toString()));
  child.on('exit', status => (output.status = status));
  onTestFinished(() => void child.kill('SIGKILL'));
  return Object.assign(child, { output });
}

/** Runs a command to its end, with nothing on stdin. */
export async function latchkey(dataDirectory: string, ...args: string[]): Promise<Ran> {
  const child = start(dataDirectory, args);
  child.stdin?.end();
  await once(child, 'close');
  return child.output;
}

/** Starts a command that stays, and waits for its first line. Killed after the test. */
export async function staying(dataDirectory: string, ...args: string[]) {
  const child = start(dataDirectory, args);
  await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit')]);
  return child;
}

/** Has a broker that was started in the background leave after the test. */
export function leavesAfterTest(dataDirectory: string): void {
  onTestFinished(async () => {
    const connection = await connectBroker(dataDirectory);
    if (!connection) return;
    const { pid } = await connection.client.app.info({});
    connection.close();
    process.kill(pid, 'SIGKILL');
  });
}
