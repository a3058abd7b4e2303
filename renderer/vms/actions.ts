/** What a person can do with VMs, from the list, the detail pane or the keyboard. */
import type { ConnectInput } from '../../shared/contract/connect.ts';
import type { VmRow } from '../../shared/contract/vms.ts';
import { startConnect } from '../state/connectRuns.ts';
import { openDialog, useView } from '../state/view.ts';

/** Connects to a configured VM and shows the stages. Without `client` the broker chooses by the VM's system. */
export function connectTo(row: VmRow, client?: NonNullable<ConnectInput['client']>): void {
  useView.setState({ detailShown: true });
  void startConnect({ vm: row.id, start: 'broker', ...(client === undefined ? {} : { client }) });
}

/** Enter or double-click: what one most wants of a VM in this tab. */
export function mainAction(row: VmRow): void {
  switch (row.tab) {
    case 'configured':
      return connectTo(row);
    case 'not-configured':
      return openDialog({ kind: 'lock', vms: [row.id] });
    case 'unsupported':
      useView.setState({ detailShown: true });
  }
}

/** Opens the request dialog for the configured ones of these VMs. */
export function requestFor(rows: readonly VmRow[]): void {
  const vms = rows.filter(row => row.tab === 'configured').map(row => row.id);
  if (vms.length > 0) openDialog({ kind: 'request', vms });
}

/** Opens the lock dialog; for configured VMs it edits their policy. */
export function lockThese(rows: readonly VmRow[]): void {
  const vms = rows.filter(row => row.tab !== 'unsupported').map(row => row.id);
  if (vms.length > 0) openDialog({ kind: 'lock', vms });
}
