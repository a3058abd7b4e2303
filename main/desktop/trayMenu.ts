/** What the tray says, as a pure function of the grants: every one that is live, with its time left. */
import type { MenuItemConstructorOptions } from 'electron';
import type { Grant } from '../../shared/contract/grants.ts';
import { showName } from '../../shared/domain/hostile.ts';
import { liveGrants } from '../../shared/domain/live.ts';
import { formatDuration } from '../../shared/domain/time.ts';

export interface TrayActions {
  extend(grant: string): void;
  revoke(grant: string): void;
  revokeAll(): void;
  show(screen: string): void;
  quit(): void;
}

/** The one line that shows when the pointer rests on the icon. `now`: epoch ms. */
export function trayTip(grants: readonly Grant[], now: number): string {
  const open = liveGrants(grants);
  const stuck = open.filter(grant => grant.state === 'stuck').length;
  if (stuck > 0) return `Latchkey: ${stuck} ${stuck === 1 ? 'port' : 'ports'} could not be shut`;
  const [first] = open;
  if (!first) return 'Latchkey: everything is shut';
  return `Latchkey: ${open.length} open, next ends in ${left(first, now)}`;
}

/** The menu, the grant that ends first on top. `now`: epoch ms. */
export function trayMenu(
  grants: readonly Grant[],
  now: number,
  actions: TrayActions,
): MenuItemConstructorOptions[] {
  const open = liveGrants(grants);
  return [
    ...(open.length === 0
      ? [{ label: 'Everything is shut', enabled: false }]
      : open.map(grant => grantItem(grant, now, actions))),
    { type: 'separator' },
    { label: 'Revoke all', enabled: open.length > 0, click: () => actions.revokeAll() },
    { type: 'separator' },
    { label: 'Show Latchkey', click: () => actions.show('vms') },
    { label: 'Activity', click: () => actions.show('activity') },
    { label: 'Quit', click: () => actions.quit() },
  ];
}

function grantItem(grant: Grant, now: number, actions: TrayActions): MenuItemConstructorOptions {
  const ports = grant.ports.map(port => port.port).join(', ');
  // A VM's name is data: `&` would become a menu key.
  const name = showName(grant.vmName).slice(0, 60).replaceAll('&', '&&');
  return {
    label: `${name}  ${ports}  ${stateText(grant, now)}`,
    submenu: [
      {
        label: 'Extend by 30 minutes',
        enabled: grant.state === 'open',
        click: () => actions.extend(grant.id),
      },
      {
        label: grant.state === 'stuck' ? 'Try to shut again' : 'Revoke',
        click: () => actions.revoke(grant.id),
      },
    ],
  };
}

function stateText(grant: Grant, now: number): string {
  switch (grant.state) {
    case 'open':
    case 'extending':
      return `${left(grant, now)} left`;
    case 'requested':
    case 'opening':
      return 'opening';
    case 'closing':
      return 'closing';
    case 'stuck':
      return 'could not be shut, being tried again';
    case 'closed':
    case 'failed':
      return 'shut';
  }
}

/** Whole minutes, whole seconds in the last one. */
function left(grant: Grant, now: number): string {
  const ms = Math.max(0, Date.parse(grant.endsAt) - now);
  const step = ms >= 60_000 ? 60_000 : 1_000;
  return formatDuration(Math.ceil(ms / step) * step);
}
