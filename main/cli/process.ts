/** What commands that stay need of their own process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseDuration } from '../../shared/domain/time.ts';
import { fitsBroker, latchkeyCommand } from '../os/app.ts';

/**
 * On a Node that is too old for the broker, runs this same command line on the one that npm installed beside us, to
 * its end, and gives true.
 */
export async function onNewerNode(): Promise<boolean> {
  if (fitsBroker()) return false;
  const [program = '', ...first] = latchkeyCommand();
  const child = spawn(program, [...first, ...process.argv.slice(2)], { stdio: 'inherit' });
  // The terminal sends Ctrl-C to both; a signal sent to us alone is handed on.
  const handOn = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', handOn);
  const [status] = (await once(child, 'exit')) as [number | null];
  process.exitCode = status ?? 1;
  process.off('SIGTERM', handOn);
  return true;
}

/**
 * Waits for Ctrl-C, an end from outside, or a reason to leave; a second Ctrl-C ends at once. Listens from the call on: call
 * it before anybody is told that we run.
 */
export async function untilStopped<T>(leaving: Promise<T>): Promise<T | 'stopped'> {
  const stopped = Promise.withResolvers<'stopped'>();
  const stop = () => stopped.resolve('stopped');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  return Promise.race([leaving, stopped.promise]);
}

/** How long what runs in the background stays with nothing to do: ten minutes, or LATCHKEY_IDLE. Milliseconds. */
export function idleMs(): number {
  return parseDuration(process.env['LATCHKEY_IDLE'] || '10m');
}
