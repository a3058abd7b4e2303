/** A sign-in that is under way: what it asks of the person, and what came of it. Leaving the dialog cancels it. */
import { useEffect, useRef, useState } from 'react';
import type { SignInStep } from '../../shared/contract/accounts.ts';
import { showName } from '../../shared/domain/hostile.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { useText } from '../i18n/text.tsx';
import { broker } from '../state/broker.ts';
import { errorOf } from '../state/errors.ts';
import { say } from '../state/toasts.ts';
import { closeDialog } from '../state/view.ts';

export type Asked = Exclude<SignInStep, { step: 'done' }>;

/** Calls the broker; the signal cancels. */
export type Begin = (signal: AbortSignal) => Promise<AsyncIterable<SignInStep>>;

export interface SignIn {
  running: boolean;
  /** What the person has to do now. */
  asked: Asked | undefined;
  error: ErrorData | undefined;
  /** Begins; one that runs already goes on. Done, it says so and shuts the dialog. */
  start: (begin: Begin) => void;
  /** Answers the question that is asked. */
  answer: (text: string) => void;
}

export function useSignIn(): SignIn {
  const text = useText();
  const [state, setState] = useState<Omit<SignIn, 'start' | 'answer'>>(idle);
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);

  const run = async (begin: Begin, { signal }: AbortController): Promise<void> => {
    try {
      for await (const step of await begin(signal)) {
        if (signal.aborted) return;
        if (step.step !== 'done') {
          setState({ running: true, asked: step, error: undefined });
          continue;
        }
        const { account, notes } = step;
        // Signed in, and the cloud still does not answer as it should: that stands at the account.
        say(text('signIn.done', { name: showName(account.name) }), notes.join(' '));
        closeDialog();
      }
    } catch (thrown) {
      if (!signal.aborted) setState({ ...idle, error: errorOf(thrown) });
    }
  };

  return {
    ...state,
    start(begin) {
      if (state.running) return;
      stop.current = new AbortController();
      setState({ ...idle, running: true });
      void run(begin, stop.current);
    },
    answer(given) {
      const { asked } = state;
      if (asked?.step !== 'mfa-code' && asked?.step !== 'choose-role') return;
      // Nobody may answer twice: until the next step there is nothing to do.
      setState({ ...idle, running: true });
      broker()
        .accounts.answer({ question: asked.question, answer: given })
        .catch((thrown: unknown) => setState({ ...idle, error: errorOf(thrown) }));
    },
  };
}

const idle = { running: false, asked: undefined, error: undefined };
