/** Who used a VM and when, as Defender for Cloud's list shows it; where each value is from is in its title. */
import type { VmRow } from '../../shared/contract/vms.ts';
import { Bars } from '../components/Bars.tsx';
import { Name } from '../components/Name.tsx';
import { When } from '../components/When.tsx';
import { useText } from '../i18n/text.tsx';
import { useNow } from '../state/clock.ts';
import { useGrants } from '../state/grants.ts';
import css from './VmGrid.module.css';

export function ApprovedCell({ row }: { row: VmRow }) {
  const text = useText();
  return <Bars days={row.week} from={text(`vms.from.${row.requestsFrom}`)} />;
}

export function LastAccessCell({ row }: { row: VmRow }) {
  const text = useText();
  const now = useNow();
  const isOurs = useGrants(state => state.shown.get(row.id)?.state === 'open');
  const isTheirs = row.activeUntil !== undefined && Date.parse(row.activeUntil) > now;
  if (isOurs || isTheirs) return <span title={fromTitle(row, text)}>{text('vms.activeNow')}</span>;
  if (row.lastAccess === undefined) return <span className={css.dim}>{text('vms.noAccess')}</span>;
  return (
    <span className={css.last} title={fromTitle(row, text)}>
      <When at={row.lastAccess} />
    </span>
  );
}

export function LastUserCell({ row }: { row: VmRow }) {
  const text = useText();
  if (row.lastUser === undefined) return <span className={css.dim}>{text('vms.noAccess')}</span>;
  return (
    <span className={css.dim} title={fromTitle(row, text)}>
      <Name>{row.lastUser}</Name>
    </span>
  );
}

function fromTitle(row: VmRow, text: ReturnType<typeof useText>): string | undefined {
  return row.lastFrom === undefined ? undefined : text(`vms.from.${row.lastFrom}`);
}
