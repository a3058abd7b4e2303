/** What became of a request for several VMs: one line each, live while it is under way. */
import { useIntl } from 'react-intl';
import type { Grant } from '../../shared/contract/grants.ts';
import type { VmRow } from '../../shared/contract/vms.ts';
import { GrantBadge } from '../components/Badge.tsx';
import { ErrorNote } from '../components/ErrorNote.tsx';
import { Name } from '../components/Name.tsx';
import { useText } from '../i18n/text.tsx';
import { duration } from '../i18n/time.ts';
import { useNow } from '../state/clock.ts';
import { useGrants } from '../state/grants.ts';
import css from './Lists.module.css';
import type { Failure } from './useRequest.ts';

export interface Sent {
  state: 'sending' | 'answered';
  since: number;
  grants: Grant[];
  failures: Failure[];
}

function Result({ row, sent }: { row: VmRow; sent: Sent }) {
  const intl = useIntl();
  const text = useText();
  const now = useNow();
  const live = useGrants(state => state.shown.get(row.id));
  const failure = sent.failures.find(({ vm }) => vm === row.id);
  const grant = live ?? sent.grants.find(({ vm }) => vm === row.id);
  return (
    <li className={css.item}>
      <div className={css.line}>
        <b>
          <Name clip>{row.name}</Name>
        </b>
        {failure === undefined && grant !== undefined && <GrantBadge grant={grant} />}
        {failure === undefined && grant === undefined && (
          <span className={css.quiet}>
            {text('request.waiting', { time: duration(intl, Math.max(0, now - sent.since)) })}
          </span>
        )}
      </div>
      {failure !== undefined && <ErrorNote error={failure.error} />}
    </li>
  );
}

export function Results({ rows, sent }: { rows: readonly VmRow[]; sent: Sent }) {
  return (
    <ul className={css.list} aria-live="polite">
      {rows.map(row => (
        <Result key={row.id} row={row} sent={sent} />
      ))}
    </ul>
  );
}
