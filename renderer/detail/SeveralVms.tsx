/** More than one VM selected: their names and what can be done with all of them. */
import type { VmRow } from '../../shared/contract/vms.ts';
import { Button } from '../components/Button.tsx';
import { Name } from '../components/Name.tsx';
import { useText } from '../i18n/text.tsx';
import { openDialog } from '../state/view.ts';
import { lockThese, requestFor } from '../vms/actions.ts';
import { AccessCell } from '../vms/cells.tsx';
import css from './Details.module.css';

/** More names than this help nobody. */
const most = 40;

export function SeveralVms({ rows }: { rows: readonly VmRow[] }) {
  const text = useText();
  const configured = rows.filter(row => row.tab === 'configured');
  const open = rows.filter(row => row.tab === 'not-configured');
  return (
    <>
      <h2 className={css.title}>{text('detail.several', { count: rows.length })}</h2>
      <div className={css.actions}>
        {configured.length > 0 && (
          <Button look="primary" onClick={() => requestFor(configured)}>
            {text('action.requestMany', { count: configured.length })}
          </Button>
        )}
        {open.length > 0 && (
          <Button
            look={configured.length > 0 ? 'plain' : 'primary'}
            icon="lock"
            onClick={() => lockThese(open)}
          >
            {text('action.lockMany', { count: open.length })}
          </Button>
        )}
        {configured.length > 0 && (
          <Button
            icon="unlock"
            onClick={() => openDialog({ kind: 'unlock', vms: configured.map(({ id }) => id) })}
          >
            {text('action.unlockMany', { count: configured.length })}
          </Button>
        )}
      </div>
      <ul className={css.names}>
        {rows.slice(0, most).map(row => (
          <li key={row.id}>
            <Name clip>{row.name}</Name>
            <AccessCell row={row} />
          </li>
        ))}
      </ul>
      {rows.length > most && <p className={css.quiet}>{text('more', { count: rows.length - most })}</p>}
    </>
  );
}
