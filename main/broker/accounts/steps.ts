/** Signing in as a stream: what it asks of the person, as it comes up, and `done` at the end. */
import type { SignInStep } from '../../../shared/contract/accounts.ts';
import type { Ask } from '../../clouds/accountKind.ts';
import type { Browser } from '../../os/ports.ts';

/**
 * Runs `work` and gives what it asks, then what it made of it; what it throws is the stream's error. The stream's end,
 * by `signal` or by its reader, aborts the work. `browser`: opens addresses; without one the reader does.
 */
export async function* streamSteps(
  signal: AbortSignal,
  browser: Browser | undefined,
  work: (how: { ask: (step: Ask) => void; signal: AbortSignal }) => Promise<SignInStep>,
): AsyncGenerator<SignInStep> {
  const left = new AbortController();
  const waiting: Ask[] = [];
  let news = Promise.withResolvers<void>();
  let over = false;
  const done = work({
    ask: step => {
      waiting.push(step);
      news.resolve();
    },
    signal: AbortSignal.any([signal, left.signal]),
  }).finally(() => {
    over = true;
    news.resolve();
  });
  // Told below, or nobody is there to be told.
  done.catch(() => undefined);
  try {
    for (;;) {
      const step = waiting.shift();
      if (step?.step === 'browser') {
        yield { ...step, opened: (await browser?.open(step.url)) ?? false };
      } else if (step) yield step;
      else if (over) return yield await done;
      else {
        await news.promise;
        news = Promise.withResolvers();
      }
    }
  } finally {
    left.abort();
  }
}
