/** The dialog of a sign-in: what it needs to know first, then what the person has to do. */
import { type ReactNode, useState } from 'react';
import { Button } from '../components/Button.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { WindowBody, WindowFoot } from '../components/Window.tsx';
import { useText } from '../i18n/text.tsx';
import { closeDialog } from '../state/view.ts';
import { SignInSteps } from './SignInSteps.tsx';
import { type Begin, useSignIn } from './useSignIn.ts';

/** `starting`: what is going on until there is something for the person to do. */
export function SignInForm({
  begin,
  starting,
  children,
}: {
  begin: Begin;
  starting: string;
  children: ReactNode;
}) {
  const text = useText();
  const { running, asked, error, start, answer } = useSignIn();
  const [draft, setDraft] = useState('');
  const isQuestion = asked?.step === 'mfa-code' || asked?.step === 'choose-role';
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        if (!isQuestion) return start(begin);
        if (draft.trim() === '') return;
        answer(draft.trim());
        setDraft('');
      }}
    >
      <WindowBody>
        {asked === undefined ? children : <SignInSteps asked={asked} answer={draft} onAnswer={setDraft} />}
        {error !== undefined && <ErrorNote error={error} />}
      </WindowBody>
      <WindowFoot note={running && asked === undefined && starting}>
        <Button onClick={closeDialog}>{text('cancel')}</Button>
        {isQuestion && (
          <Button look="primary" type="submit" icon="key" disabled={draft.trim() === ''}>
            {text('signIn.goOn')}
          </Button>
        )}
        {asked === undefined && (
          <Button look="primary" type="submit" icon="key" disabled={running}>
            {text('signIn.start')}
          </Button>
        )}
      </WindowFoot>
    </form>
  );
}
