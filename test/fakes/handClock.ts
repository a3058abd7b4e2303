/** A clock that tests turn by hand. */
import type { Clock } from '../../main/os/ports.ts';

export interface HandClock extends Clock {
  /** Turns the clock, running each timer at its own time and letting what it starts go on before the next. */
  advance(ms: number): Promise<void>;
  /** Turns the clock in steps until the promise settles; for work that waits for the network between its timers. */
  until<T>(work: Promise<T>, stepMs?: number): Promise<T>;
  /** How many timers wait. */
  waiting(): number;
  /** Milliseconds until the next timer; undefined if none waits. */
  next(): number | undefined;
}

export function createHandClock(start = Date.UTC(2026, 10, 23, 12)): HandClock {
  let now = start;
  let timers: { at: number; run: () => void }[] = [];
  const clock: HandClock = {
    now: () => now,
    after(ms, run) {
      const timer = { at: now + Math.max(0, ms), run };
      timers.push(timer);
      return {
        [Symbol.dispose]: () => {
          timers = timers.filter(other => other !== timer);
        },
      };
    },
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const next = timers.filter(timer => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers = timers.filter(timer => timer !== next);
        now = Math.max(now, next.at);
        next.run();
        await settle();
      }
      now = end;
    },
    async until(work, stepMs = 1000) {
      let settled = false;
      const done = work.finally(() => {
        settled = true;
      });
      done.catch(() => undefined);
      while (!settled) {
        await clock.advance(stepMs);
        await new Promise(resolve => setTimeout(resolve, 1));
      }
      return done;
    },
    waiting: () => timers.length,
    next: () =>
      timers.length === 0 ? undefined : Math.max(0, Math.min(...timers.map(({ at }) => at)) - now),
  };
  return clock;
}

/** Lets promises and finished I/O go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve));
}
