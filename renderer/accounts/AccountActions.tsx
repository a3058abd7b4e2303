/** What can be done about an account. */
import type { Account } from '../../shared/contract/accounts.ts';
import { showName } from '../../shared/domain/hostile.ts';
import { Button } from '../components/Button.tsx';
import { useText } from '../i18n/text.tsx';
import { broker } from '../state/broker.ts';
import { act, say } from '../state/toasts.ts';
import { openDialog } from '../state/view.ts';
import css from './Accounts.module.css';

export function AccountActions({ account }: { account: Account }) {
  const text = useText();
  const { aws, way } = account;
  const isPersons =
    way === 'browser' || way === 'device-code' || aws?.startUrl !== undefined || aws?.mfa === true;
  const remove = async (): Promise<void> => {
    await broker().accounts.remove({ id: account.id });
    say(text('accounts.removed', { name: showName(account.name) }));
  };
  return (
    <div className={css.actions}>
      {isPersons && (
        <Button
          small
          icon="key"
          look={account.state === 'sign-in-needed' ? 'primary' : 'plain'}
          onClick={() => openDialog({ kind: 'sign-in', account: account.id })}
        >
          {text('accounts.signIn')}
        </Button>
      )}
      {account.kind !== 'practice' && (
        <Button small onClick={() => openDialog({ kind: 'scopes', account: account.id })}>
          {text(aws === undefined ? 'accounts.choose' : 'accounts.choose.aws')}
        </Button>
      )}
      <Button small onClick={() => act(remove)}>
        {text('accounts.remove')}
      </Button>
    </div>
  );
}
