/** Noticing that this computer slept. */
import type { Clock, Power } from './ports.ts';

const everyMs = 10_000;
const jumpMs = 20_000;

/**
 * Timers stand still while a computer sleeps, its clock does not: a timer that comes much too late (or a clock that was
 * set back) tells of it. A clock that was set by hand looks the same, and wants the same: look at every end again.
 */
export function createPower(clock: Clock): Power {
  const listeners = new Set<() => void>();
  let timer: Disposable | undefined;
  const arm = () => {
    const before = clock.now();
    timer = clock.after(everyMs, () => {
      const late = clock.now() - before - everyMs;
      arm();
      if (late > jumpMs || late < -everyMs) for (const run of listeners) run();
    });
  };
  return {
    onResume(run) {
      if (listeners.size === 0) arm();
      listeners.add(run);
      return {
        [Symbol.dispose]: () => {
          if (listeners.delete(run) && listeners.size === 0) timer?.[Symbol.dispose]();
        },
      };
    },
  };
}
