/** What Latchkey is signed in to, how each account is doing, and the practice cloud. */
import { useIntl } from 'react-intl';
import type { Account } from '../../shared/contract/accounts.ts';
import { showName } from '../../shared/domain/hostile.ts';
import { Badge } from '../components/Badge.tsx';
import { Button } from '../components/Button.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Icon } from '../components/icons.tsx';
import { Name } from '../components/Name.tsx';
import { Screen } from '../components/Screen.tsx';
import { Facts } from '../components/Section.tsx';
import { When } from '../components/When.tsx';
import { useText } from '../i18n/text.tsx';
import { duration } from '../i18n/time.ts';
import { useAccounts } from '../state/accounts.ts';
import { broker } from '../state/broker.ts';
import { act, say } from '../state/toasts.ts';
import css from './Accounts.module.css';
import { PracticeOffer } from './PracticeOffer.tsx';

/** A clock this far off is worth telling (DESIGN section 4). */
const clockWorthTellingMs = 60_000;

const looks = {
  connecting: ['busy', 'clock'],
  ready: ['shut', 'check'],
  'sign-in-needed': ['alarm', 'key'],
  failed: ['alarm', 'warn'],
} as const;

function AccountCard({ account }: { account: Account }) {
  const intl = useIntl();
  const text = useText();
  const [tone, icon] = looks[account.state];
  const ahead = account.clockAheadMs ?? 0;
  const remove = async (): Promise<void> => {
    await broker().accounts.remove({ id: account.id });
    say(text('accounts.removed', { name: showName(account.name) }));
  };
  return (
    <li className={css.card}>
      <header>
        <span className={css.cloud}>
          <Icon name="cloud" size={18} />
        </span>
        <div className={css.title}>
          <h2>
            <Name>{account.name}</Name>
          </h2>
          <p>{text(`accounts.kind.${account.kind}`, { cloud: text(`cloud.${account.cloud}`) })}</p>
        </div>
        <Badge tone={tone} icon={icon}>
          {text(`accounts.state.${account.state}`)}
        </Badge>
      </header>
      <Facts
        facts={[
          [text('accounts.user'), <Name key="user">{account.user ?? '—'}</Name>],
          [text('accounts.added'), <When key="added" at={account.addedAt} />],
        ]}
      />
      {Math.abs(ahead) > clockWorthTellingMs && (
        <p className={css.clock}>
          {text(ahead > 0 ? 'accounts.clockAhead' : 'accounts.clockBehind', {
            time: duration(intl, Math.abs(ahead)),
          })}
        </p>
      )}
      {account.error !== undefined && <ErrorNote error={account.error} />}
      <div>
        <Button small onClick={() => act(remove)}>
          {text('accounts.remove')}
        </Button>
      </div>
    </li>
  );
}

export function AccountsScreen() {
  const text = useText();
  const accounts = useAccounts(state => state.accounts);
  if (accounts?.length === 0) return <PracticeOffer />;
  return (
    <Screen
      title={text('nav.accounts')}
      actions={
        <Button icon="plus" onClick={() => act(() => broker().accounts.addPractice({}))}>
          {text('accounts.addPractice')}
        </Button>
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
