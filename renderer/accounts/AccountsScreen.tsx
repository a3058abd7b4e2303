/** What Latchkey is signed in to, how each account is doing, and the practice cloud. */
import { Button } from '../components/Button.tsx';
import { Screen } from '../components/Screen.tsx';
import { useText } from '../i18n/text.tsx';
import { useAccounts } from '../state/accounts.ts';
import { broker } from '../state/broker.ts';
import { act } from '../state/toasts.ts';
import { openDialog } from '../state/view.ts';
import { AccountCard } from './AccountCard.tsx';
import css from './Accounts.module.css';
import { PracticeOffer } from './PracticeOffer.tsx';

export function AccountsScreen() {
  const text = useText();
  const accounts = useAccounts(state => state.accounts);
  if (accounts?.length === 0) return <PracticeOffer />;
  return (
    <Screen
      title={text('nav.accounts')}
      actions={
        <>
          <Button icon="plus" onClick={() => act(() => broker().accounts.addPractice({}))}>
            {text('accounts.addPractice')}
          </Button>
          <Button icon="plus" onClick={() => openDialog({ kind: 'add-aws' })}>
            {text('accounts.addAws')}
          </Button>
          <Button icon="plus" look="primary" onClick={() => openDialog({ kind: 'add-account' })}>
            {text('accounts.addAzure')}
          </Button>
        </>
      }
    >
      <ul className={css.list}>
        {accounts?.map(account => (
          <AccountCard key={account.id} account={account} />
        ))}
      </ul>
    </Screen>
  );
}
