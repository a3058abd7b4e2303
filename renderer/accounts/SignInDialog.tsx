/** Signing in to an account again, as the same user. */
import { useState } from 'react';
import { Name } from '../components/Name.tsx';
import { Window } from '../components/Window.tsx';
import { Text, useText } from '../i18n/text.tsx';
import { useAccounts } from '../state/accounts.ts';
import { broker } from '../state/broker.ts';
import { SignInForm } from './SignInForm.tsx';
import { WayChoice } from './WayChoice.tsx';

const ways = ['browser', 'device-code'] as const;

export function SignInDialog({ id }: { id: string }) {
  const text = useText();
  const account = useAccounts(({ accounts }) => accounts?.find(one => one.id === id));
  const [way, setWay] = useState<(typeof ways)[number]>(
    account?.way === 'device-code' ? 'device-code' : 'browser',
  );
  return (
    <Window
      title={<Text id="signIn.again" values={{ name: <Name>{account?.name ?? id}</Name> }} />}
      about={<Text id="signIn.again.about" values={{ user: <Name>{account?.user ?? '—'}</Name> }} />}
    >
      <SignInForm
        begins={[
          {
            run: signal =>
              broker().accounts.signIn({ id, open: 'broker', ...(account?.aws ? {} : { way }) }, { signal }),
          },
        ]}
        starting={text('signIn.starting')}
      >
        {account?.aws === undefined && <WayChoice ways={ways} way={way} onChange={setWay} />}
      </SignInForm>
    </Window>
  );
}
