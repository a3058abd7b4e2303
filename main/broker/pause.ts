/** Waiting through the clock, cut short by a signal. */
import type { Clock } from '../os/ports.ts';

/** Resolves after `ms`, or at once when the signal aborts: the caller looks at the signal. */
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
