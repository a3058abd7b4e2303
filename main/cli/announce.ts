/** Telling this user's processes about the practice cloud that runs here: one line of JSON on its socket. */
import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createClock } from '../os/clock.ts';
import { takeLock } from '../os/lock.ts';
import type { PracticeInfo } from '../os/ports.ts';
import { socketPath } from '../os/socketPath.ts';

export interface Announcement extends AsyncDisposable {
  /** Resolves when nobody has been connected, and nobody has asked the clouds anything, for `idleMs`; never without one. */
  readonly deserted: Promise<'deserted'>;
}

/** One practice cloud per data directory: its lock, or undefined when another process has it. */
export function takePracticeLock(dataDirectory: string): Disposable | undefined {
  return takeLock(join(dataDirectory, 'practice.lock'));
}

/** Listens on the practice socket; only for the holder of its lock. Brokers stay connected for as long as they live. */
export async function announce(
  dataDirectory: string,
  info: PracticeInfo,
  idle: { ms: number; lastUsed: () => number } | undefined,
): Promise<Announcement> {
  const path = socketPath(dataDirectory, 'practice');
  const deserted = Promise.withResolvers<'deserted'>();
  const clock = createClock();
  const connected = new Set<Socket>();
  let timer: Disposable | undefined;
  const arm = () => {
    timer?.[Symbol.dispose]();
    timer = undefined;
    if (idle === undefined || connected.size > 0) return;
    timer = clock.after(idle.ms, () => {
      if (clock.now() - idle.lastUsed() >= idle.ms) deserted.resolve('deserted');
      else arm();
    });
  };
  const server = createServer(socket => {
    connected.add(socket);
    arm();
    socket.on('close', () => {
      connected.delete(socket);
      arm();
    });
    // A caller that is gone before it has read; the close that follows is all there is to know.
    socket.on('error', () => socket.destroy());
    socket.resume();
    socket.write(`${JSON.stringify(info)}\n`);
  });
  if (process.platform !== 'win32') await rm(path, { force: true });
  server.listen(path);
  await once(server, 'listening');
  if (process.platform !== 'win32') await chmod(path, 0o600);
  arm();
  return {
    deserted: deserted.promise,
    [Symbol.asyncDispose]: async () => {
      timer?.[Symbol.dispose]();
      server.close();
      for (const socket of connected) socket.destroy();
      await once(server, 'close');
    },
  };
}
