/** One thing that happened. */
import type { ActivityKind, ActivityRow } from '../../shared/contract/activity.ts';
import { showName } from '../../shared/domain/hostile.ts';
import { Icon, type IconName } from '../components/icons.tsx';
import { Name } from '../components/Name.tsx';
import { When } from '../components/When.tsx';
import { type MessageId, useText } from '../i18n/text.tsx';
import css from './Activity.module.css';

const icons: Record<ActivityKind, IconName> = {
  request: 'person',
  opened: 'door',
  extended: 'clock',
  revoked: 'doorShut',
  expired: 'doorShut',
  closed: 'lock',
  stuck: 'stop',
  failed: 'close',
  refused: 'blocked',
  'rule-written': 'plus',
  'rule-removed': 'none',
  swept: 'refresh',
  recovered: 'refresh',
  lock: 'lock',
  unlock: 'unlock',
  connect: 'terminal',
  account: 'cloud',
  broker: 'settings',
  changed: 'pen',
};

/** Everything a row knows beyond its columns, for the title. */
function rest(row: ActivityRow, state: string | undefined): string {
  const { source, reason, correlation, error, client } = row;
  return [row.text, error?.message, error?.fix, reason, source, client, state, correlation]
    .filter(part => part !== undefined)
    .map(showName)
    .join('\n');
}

/** What the cloud's own log has to do with a row. */
function stateWords(row: ActivityRow): MessageId | undefined {
  if (row.origin === 'cloud') return 'activity.fromCloud';
  return row.inCloud === undefined ? undefined : `activity.inCloud.${row.inCloud}`;
}

export function ActivityLine({ row, index, start }: { row: ActivityRow; index: number; start: number }) {
  const text = useText();
  const bad = row.outcome === 'failed' || row.kind === 'stuck';
  const state = stateWords(row);
  const told = state === undefined ? undefined : text(state);
  return (
    <tr
      aria-rowindex={index}
      className={`${css.line} ${css.entry}`}
      style={{ transform: `translateY(${start}px)` }}
    >
      <td className={css.quiet}>
        <When at={row.at} />
      </td>
      <td className={bad ? css.bad : css.kind}>
        <Icon name={bad ? 'warn' : icons[row.kind]} />
        {text(`kind.${row.kind}`)}
      </td>
      <td className={css.vm}>
        <Name clip>{row.vmName ?? '—'}</Name>
      </td>
      <td className={css.quiet}>
        <Name clip>{row.user}</Name>
      </td>
      <td className={css.cloud} title={row.client === undefined ? undefined : showName(row.client)}>
        {told !== undefined && (
          <>
            <Icon name={row.inCloud === 'awaited' ? 'clock' : row.origin === 'cloud' ? 'cloud' : 'check'} />
            {told}
          </>
        )}
      </td>
      <td className={css.text} title={rest(row, told)}>
        <Name>{row.error === undefined ? row.text : `${row.text} ${row.error.fix ?? ''}`}</Name>
        {row.reason !== undefined && (
          <span className={css.quiet}>
            {' · '}
            <Name>{row.reason}</Name>
          </span>
        )}
      </td>
    </tr>
  );
}
