/** A scope's heading in the list; when the scope could not be read, it says so and what to do. */
import type { VmRow } from '../../shared/contract/vms.ts';
import { showName } from '../../shared/domain/hostile.ts';
import { Icon } from '../components/icons.tsx';
import { Name } from '../components/Name.tsx';
import { useText } from '../i18n/text.tsx';
import { useVms } from '../state/vms.ts';
import css from './VmGrid.module.css';

interface Parts {
  first: VmRow;
  count: number;
  columns: number;
  index: number;
  start: number;
}

export function GroupRow({ first, count, columns, index, start }: Parts) {
  const text = useText();
  const status = useVms(state => state.scopes.find(({ scope }) => scope === first.scope));
  return (
    <tr aria-rowindex={index} className={css.group} style={{ transform: `translateY(${start}px)` }}>
      <td colSpan={columns}>
        {text(`cloud.${first.cloud}`)}
        {' · '}
        <Name>{first.scopeName}</Name>
        <span className={css.groupCount}>{text('count', { count })}</span>
        {status?.state === 'refreshing' && <span className={css.dim}>{text('vms.scope.reading')}</span>}
        {status?.error !== undefined && (
          <span className={css.alarm} title={showName(status.error.fix ?? '')}>
            <Icon name="warn" />
            <Name>{[status.error.message, status.error.fix].filter(Boolean).join(' ')}</Name>
          </span>
        )}
      </td>
    </tr>
  );
}
