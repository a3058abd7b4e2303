/** Waiting, for a time by the clock port or for one's turn: what the broker and the clouds both need. */
import type { Clock } from './os/ports.ts';

/** Resolves after `ms` of the clock, or at once when the signal aborts: the caller looks at the signal. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.after(ms, end);
  signal?.addEventListener('abort', end, { once: true });
  function end(): void {
    timer[Symbol.dispose]();
    signal?.removeEventListener('abort', end);
    resolve();
  }
  return promise;
}

/** Work that must not overlap, by what it works on. */
export interface Queue<Key> {
  /** Runs `work` after all that was asked before for the same key, however that ended. Nested for one key it never ends. */
  run<T>(key: Key, work: () => Promise<T>): Promise<T>;
}

/** Keeps nothing of keys that nobody works on. */
export function createQueue<Key>(): Queue<Key> {
  const last = new Map<Key, Promise<unknown>>();
  return {
    async run(key, work) {
      // How the one before ended is its own caller's matter.
      const mine = (last.get(key) ?? Promise.resolve()).then(work, work);
      last.set(key, mine);
      try {
        return await mine;
      } finally {
        if (last.get(key) === mine) last.delete(key);
      }
    },
  };
}
