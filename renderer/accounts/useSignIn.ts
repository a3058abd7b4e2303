/** Sign-ins that are under way, one after the other: what they ask of the person, and what came of it. */
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

export interface Begin {
  /** What it signs in to, where an error has to tell several apart. */
  name?: string;
  /** Calls the broker; the signal cancels. */
  run: (signal: AbortSignal) => Promise<AsyncIterable<SignInStep>>;
}

interface State {
  running: boolean;
  /** What the person has to do now. */
  asked: Asked | undefined;
  errors: ErrorData[];
}

export interface SignIn extends State {
  /**
   * Begins; what runs already goes on. One that fails does not keep the others from being signed in to. Done, it says
   * so, and shuts the dialog unless there is an error to read. Leaving the dialog cancels.
   */
  start: (begins: readonly Begin[]) => void;
  /** Answers the question that is asked; `more` come after those that were begun. */
  answer: (text: string, more?: readonly Begin[]) => void;
}

const idle: State = { running: false, asked: undefined, errors: [] };

export function useSignIn(): SignIn {
  const text = useText();
  const [state, setState] = useState(idle);
  const stop = useRef<AbortController>(undefined);
  const waiting = useRef<Begin[]>([]);
  useEffect(() => () => stop.current?.abort(), []);

  const runAll = async ({ signal }: AbortController): Promise<void> => {
    const errors: ErrorData[] = [];
    const names: string[] = [];
    const notes: string[] = [];
    for (let next = waiting.current.shift(); next !== undefined; next = waiting.current.shift()) {
      setState({ ...idle, running: true });
      try {
        for await (const step of await next.run(signal)) {
          if (signal.aborted) return;
          if (step.step !== 'done') setState({ running: true, asked: step, errors: [] });
          else {
            names.push(showName(step.account.name));
            // Signed in, and the cloud still does not answer as it should: that stands at the account.
            notes.push(...step.notes);
          }
        }
      } catch (thrown) {
        if (signal.aborted) return;
        const error = errorOf(thrown);
        errors.push(
          next.name === undefined ? error : { ...error, message: `${next.name}: ${error.message}` },
        );
      }
    }
    const [name = ''] = names;
    if (names.length > 0)
      say(text('signIn.done', { name, count: names.length }), [...new Set(notes)].join(' '));
    setState({ ...idle, errors });
    if (errors.length === 0) closeDialog();
  };

  return {
    ...state,
    start(begins) {
      if (state.running) return;
      waiting.current = [...begins];
      stop.current = new AbortController();
      void runAll(stop.current);
    },
    answer(given, more = []) {
      const { asked } = state;
      if (asked?.step !== 'mfa-code' && asked?.step !== 'choose-role') return;
      waiting.current.push(...more);
      // Nobody may answer twice: until the next step there is nothing to do.
      setState({ ...idle, running: true });
      broker()
        .accounts.answer({ question: asked.question, answer: given })
        .catch((thrown: unknown) => setState({ ...idle, errors: [errorOf(thrown)] }));
    },
  };
}
