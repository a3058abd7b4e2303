/** One account: how it is doing, and what can be done about it. */
import { useIntl } from 'react-intl';
import type { Account } from '../../shared/contract/accounts.ts';
import { Badge } from '../components/Badge.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Icon } from '../components/icons.tsx';
import { Name } from '../components/Name.tsx';
import { Facts } from '../components/Section.tsx';
import { useText } from '../i18n/text.tsx';
import { duration } from '../i18n/time.ts';
import { AccountActions } from './AccountActions.tsx';
import css from './Accounts.module.css';
import { accountFacts } from './accountFacts.tsx';

/** A clock this far off is worth telling (DESIGN section 4). */
const clockWorthTellingMs = 60_000;

const looks = {
  connecting: ['busy', 'clock'],
  ready: ['shut', 'check'],
  'sign-in-needed': ['alarm', 'key'],
  failed: ['alarm', 'warn'],
} as const;

export function AccountCard({ account }: { account: Account }) {
  const intl = useIntl();
  const text = useText();
  const [tone, icon] = looks[account.state];
  const ahead = account.clockAheadMs ?? 0;
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
      <Facts facts={accountFacts(account, text)} />
      {Math.abs(ahead) > clockWorthTellingMs && (
        <p className={css.clock}>
          {text(ahead > 0 ? 'accounts.clockAhead' : 'accounts.clockBehind', {
            time: duration(intl, Math.abs(ahead)),
          })}
        </p>
      )}
      {account.error !== undefined && <ErrorNote error={account.error} />}
      {account.aws?.mfa === true && <p className={css.clock}>{text('accounts.mfa')}</p>}
      {account.inMemory === true && <p className={css.clock}>{text('accounts.inMemory')}</p>}
      <AccountActions account={account} />
    </li>
  );
}
