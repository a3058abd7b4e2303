/**
 * Real time with jumps. What waits for the network waits as long as it takes; hours are skipped when a test says so.
 */
import type { Clock } from '../../../main/os/ports.ts';

export interface JumpClock extends Clock {
  /** Skips time as if it passed: every timer runs at its own time, and what it starts goes on a little before the next. */
  advance(ms: number): Promise<void>;
  /** Skips time as a sleep does, or somebody who sets the clock: no timer runs in it, nor sooner because of it. */
  set(ms: number): void;
  /** How often a timer was set: what spins shows here. */
  timersSet(): number;
}

interface Timer {
  at: number;
  run: () => void;
  real?: NodeJS.Timeout;
}

export function createJumpClock(): JumpClock {
  let jumped = 0;
  let set = 0;
  const timers = new Set<Timer>();
  const now = () => Date.now() + jumped;

  function arm(timer: Timer): void {
    clearTimeout(timer.real);
    timer.real = setTimeout(() => fire(timer), Math.max(0, Math.min(timer.at - now(), 2 ** 31 - 1)));
    timer.real.unref();
  }
  function fire(timer: Timer): void {
    clearTimeout(timer.real);
    if (timers.delete(timer)) timer.run();
  }

  return {
    now,
    after(ms, run) {
      const timer: Timer = { at: now() + Math.max(0, ms), run };
      set++;
      timers.add(timer);
      arm(timer);
      return {
        [Symbol.dispose]: () => {
          clearTimeout(timer.real);
          timers.delete(timer);
        },
      };
    },
    async advance(ms) {
      const end = now() + ms;
      for (;;) {
        const next = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        jumped += Math.max(0, next.at - now());
        fire(next);
        for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve));
      }
      jumped += Math.max(0, end - now());
      for (const timer of timers) arm(timer);
    },
    set(ms) {
      jumped += ms;
      // Timers count what passes, not what the clock says.
      for (const timer of timers) timer.at += ms;
    },
    timersSet: () => set,
  };
}
