/** One thing that happened. */
import type { ActivityKind, ActivityRow } from '../../shared/contract/activity.ts';
import { showName } from '../../shared/domain/hostile.ts';
import { Icon, type IconName } from '../components/icons.tsx';
import { Name } from '../components/Name.tsx';
import { When } from '../components/When.tsx';
import { useText } from '../i18n/text.tsx';
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
};

/** Everything a row knows beyond its columns, for the title. */
function rest(row: ActivityRow): string {
  const { source, reason, correlation, error } = row;
  return [row.text, error?.message, error?.fix, reason, source, correlation]
    .filter(part => part !== undefined)
    .map(showName)
    .join('\n');
}

export function ActivityLine({ row, index, start }: { row: ActivityRow; index: number; start: number }) {
  const text = useText();
  const bad = row.outcome === 'failed' || row.kind === 'stuck';
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
      <td className={css.text} title={rest(row)}>
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
