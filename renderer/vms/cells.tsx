/** Cells of the VM list that need more than a text. */
import type { VmRow } from '../../shared/contract/vms.ts';
import { showName } from '../../shared/domain/hostile.ts';
import { AccessBadge } from '../components/Badge.tsx';
import { Icon, type IconName } from '../components/icons.tsx';
import { Name } from '../components/Name.tsx';
import { useText } from '../i18n/text.tsx';
import { useGrants } from '../state/grants.ts';
import css from './VmGrid.module.css';

const gateIcons: Record<VmRow['gate'], IconName> = {
  nsg: 'shield',
  'security-group': 'group',
  firewall: 'wall',
  none: 'none',
};

/** More than these are counted, not named: the column is narrow. */
const mostPorts = 2;

export function AccessCell({ row }: { row: VmRow }) {
  const grant = useGrants(state => state.shown.get(row.id));
  return <AccessBadge access={row.access} grant={grant} />;
}

export function ConnectionCell({ row }: { row: VmRow }) {
  const text = useText();
  const ports = row.protectedPorts.length > 0 ? row.protectedPorts : row.endpoints.map(({ port }) => port);
  const own = row.os === 'windows' ? 3389 : 22;
  const usual = ports.toSorted((a, b) => Number(b === own) - Number(a === own));
  const title = text('vms.gateTitle', { gate: text(`gate.${row.gate}`), ports: ports.join(', ') });
  return (
    <span className={css.connection} title={title}>
      <Icon name={gateIcons[row.gate]} />
      {ports.length > 0 &&
        text('vms.ports', {
          ports:
            ports.length <= mostPorts
              ? ports.join(', ')
              : text('vms.morePorts', {
                  ports: usual.slice(0, mostPorts).join(', '),
                  count: ports.length - mostPorts,
                }),
        })}
    </span>
  );
}

/** Somebody else changed its policy or its lock: seen at a glance, told in the title and in the details. */
export function ChangedMark({ row }: { row: VmRow }) {
  const text = useText();
  if (row.changed === undefined) return null;
  return (
    <span className={css.changed} title={showName(row.changed.text)}>
      <Icon name="warn" />
      <span className={css.unseen}>{text('vms.changed')}</span>
    </span>
  );
}

export function ReasonCell({ row }: { row: VmRow }) {
  const text = useText();
  if (row.tab === 'not-configured' && row.exposedPorts.length > 0) {
    return <span className={css.alarm}>{text('vms.exposed', { ports: row.exposedPorts.join(', ') })}</span>;
  }
  if (row.reason !== undefined) return <Name clip>{row.reason}</Name>;
  return <span className={css.dim}>{text('vms.reachableByNobody')}</span>;
}
