/** The system's clock and timers. */
import type { Clock } from './ports.ts';

/** The longest delay Node's timers take; more would fire at once. */
const longestDelayMs = 2 ** 31 - 1;

/** Wall-clock time, and timers that never keep the process alive, however far away they are. */
export function createClock(): Clock {
  return {
    now: () => Date.now(),
    after: (ms, run) => {
      let left = ms;
      let timer: NodeJS.Timeout;
      const arm = () => {
        const delay = Math.max(0, Math.min(left, longestDelayMs));
        left -= delay;
        timer = setTimeout(() => (left > 0 ? arm() : run()), delay);
        timer.unref();
      };
      arm();
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    },
  };
}
