/** The dialog of a sign-in: what it needs to know first, then what the person has to do. */
import { type ReactNode, useState } from 'react';
import { Button } from '../components/Button.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { WindowBody, WindowFoot } from '../components/Window.tsx';
import { useText } from '../i18n/text.tsx';
import { closeDialog } from '../state/view.ts';
import { SignInSteps } from './SignInSteps.tsx';
import { type Begin, useSignIn } from './useSignIn.ts';

interface Parts {
  begins: readonly Begin[];
  /** What is going on until there is something for the person to do. */
  starting: string;
  /** What has to be filled in before it can begin. */
  missing?: string | undefined;
  /** Of several roles the first answers the question; the others are signed in to by this. */
  other?: (role: string) => Begin[];
  children: ReactNode;
}

export function SignInForm({ begins, starting, missing, other, children }: Parts) {
  const text = useText();
  const { running, asked, errors, start, answer } = useSignIn();
  const [draft, setDraft] = useState<string[]>([]);
  const isQuestion = asked?.step === 'mfa-code' || asked?.step === 'choose-role';
  const [given = '', ...others] = draft.map(one => one.trim());
  const isFirst = asked === undefined && !running;
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        if (!isQuestion) return missing === undefined ? start(begins) : undefined;
        if (given === '') return;
        answer(given, other === undefined ? [] : others.flatMap(other));
        setDraft([]);
      }}
    >
      <WindowBody>
        {asked === undefined ? (
          children
        ) : (
          <SignInSteps asked={asked} answer={draft} several={other !== undefined} onAnswer={setDraft} />
        )}
        {errors.map(error => (
          <ErrorNote key={error.message} error={error} />
        ))}
      </WindowBody>
      <WindowFoot note={running && asked === undefined ? starting : isFirst && missing}>
        <Button onClick={closeDialog}>{text('cancel')}</Button>
        {isQuestion && (
          <Button look="primary" type="submit" icon="key" disabled={given === ''}>
            {text('signIn.goOn')}
          </Button>
        )}
        {asked === undefined && (
          <Button look="primary" type="submit" icon="key" disabled={running || missing !== undefined}>
            {text('signIn.start')}
          </Button>
        )}
      </WindowFoot>
    </form>
  );
}
