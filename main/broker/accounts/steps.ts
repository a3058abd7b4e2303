/** Signing in as a stream: what it asks of the person, as it comes up, and `done` at the end. */
import type { SignInStep } from '../../../shared/contract/accounts.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Ask, SigningIn } from '../../clouds/accountKind.ts';
import type { Browser, Random } from '../../os/ports.ts';

/** Questions of sign-ins that are going on, by their ids. */
export interface Questions {
  /** A new one: its id, and the answer when it comes. Throws CANCELLED when `signal` aborts. */
  ask(signal: AbortSignal): { id: string; answer: Promise<string> };
  /** Throws BAD_INPUT for one that nobody asks (any more). */
  answer(id: string, text: string): void;
}

/** An answer may be a secret: it goes from hand to hand and is kept nowhere. */
export function createQuestions(random: Random): Questions {
  const open = new Map<string, (text: string) => void>();
  return {
    ask(signal) {
      const id = Buffer.from(random.bytes(16)).toString('base64url');
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      open.set(id, resolve);
      const cancel = () => reject(new LatchkeyError({ code: 'CANCELLED', message: 'Nobody answered.' }));
      if (signal.aborted) cancel();
      else signal.addEventListener('abort', cancel, { once: true });
      const answer = promise.finally(() => {
        open.delete(id);
        signal.removeEventListener('abort', cancel);
      });
      return { id, answer };
    },
    answer(id, text) {
      const found = open.get(id);
      if (!found)
        throw new LatchkeyError({ code: 'BAD_INPUT', message: 'Nobody waits for this answer any more.' });
      open.delete(id);
      found(text);
    },
  };
}

type Waiting = Ask | Exclude<SignInStep, { step: 'browser' | 'done' | 'device-code' }>;

/**
 * Runs `work` and gives what it asks, then what it made of it; what it throws is the stream's error. The stream's end,
 * by `signal` or by its reader, aborts the work. `browser`: opens addresses; without one the reader does.
 */
export async function* streamSteps(
  signal: AbortSignal,
  browser: Browser | undefined,
  questions: Questions,
  work: (how: Omit<SigningIn, 'settings'>) => Promise<SignInStep>,
): AsyncGenerator<SignInStep> {
  const left = new AbortController();
  const stopped = AbortSignal.any([signal, left.signal]);
  const waiting: Waiting[] = [];
  let news = Promise.withResolvers<void>();
  let over = false;
  const tell = (step: Waiting): void => {
    waiting.push(step);
    news.resolve();
  };
  const done = work({
    ask: tell,
    question(question) {
      const { id, answer } = questions.ask(stopped);
      tell({ ...question, question: id });
      return answer;
    },
    signal: stopped,
  }).finally(() => {
    over = true;
    news.resolve();
  });
  // Told below, or nobody is there to be told.
  done.catch(() => undefined);
  try {
    for (;;) {
      const step = waiting.shift();
      if (step?.step === 'browser' || (step?.step === 'device-code' && step.inBrowser)) {
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
