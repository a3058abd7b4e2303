/**
 * How one concern tells others that something changed, and how doors follow it: `follow` gives the state at once and
 * again after changes. A slow reader misses states in between, never the last one, and nothing piles up for it.
 */
import { EventPublisher } from '@orpc/server';

export interface Changes<T> {
  tell(change: T): void;
  /** Calls back with each change, in the order they are told, until disposed. Must not throw. */
  on(run: (change: T) => void): Disposable;
  /** `state()` now and after every change, until the signal aborts; then it ends. Changes told together are one. */
  follow<S>(signal: AbortSignal, state: () => S): AsyncGenerator<S>;
}

export function createChanges<T>(): Changes<T> {
  const publisher = new EventPublisher<{ change: T }>();
  return {
    tell: change => publisher.publish('change', change),
    on(run) {
      const stop = publisher.subscribe('change', run);
      return { [Symbol.dispose]: stop };
    },
    async *follow(signal, state) {
      if (signal.aborted) return;
      const wakes = publisher.subscribe('change', { signal, maxBufferedEvents: 1 });
      try {
        yield state();
        for await (const _ of wakes) yield state();
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        await wakes.return(undefined);
      }
    },
  };
}
