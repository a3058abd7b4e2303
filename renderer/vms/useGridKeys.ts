/** The keyboard in the VM list. */
import type { KeyboardEvent } from 'react';
import type { VmRow } from '../../shared/contract/vms.ts';
import { type SelectMode, select, useSelection } from '../state/selection.ts';
import { useView } from '../state/view.ts';
import { askForSearch, filterVms, useVmView } from '../state/vmView.ts';
import { lockThese, mainAction, requestFor } from './actions.ts';

/** Moves in rows, from the row the keyboard is on; -1 when it is on none. */
function target(key: string, at: number, last: number, page: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return Math.min(last, at + 1);
    case 'ArrowUp':
      return Math.max(0, at < 0 ? 0 : at - 1);
    case 'Home':
      return 0;
    case 'End':
      return last;
    case 'PageDown':
      return Math.min(last, Math.max(0, at) + page);
    case 'PageUp':
      return Math.max(0, at - page);
    default:
      return undefined;
  }
}

/**
 * The list's key handler.
 * @param rows the VMs in the order shown
 * @param page how many rows one page holds
 */
export function useGridKeys(rows: readonly VmRow[], page: () => number) {
  const order = (): string[] => rows.map(({ id }) => id);
  const point = (id: string, mode: SelectMode): void =>
    useSelection.setState(select(useSelection.getState(), id, mode, order()));
  const chosen = (): VmRow[] => {
    const { selected } = useSelection.getState();
    return rows.filter(row => selected.has(row.id));
  };

  const command = (event: KeyboardEvent, active: VmRow | undefined): boolean => {
    switch (event.key) {
      case 'Enter':
        if (active !== undefined) mainAction(active);
        return true;
      case ' ':
        if (active !== undefined) point(active.id, 'toggle');
        return true;
      case 'r':
        requestFor(chosen());
        return true;
      case 'l':
        lockThese(chosen());
        return true;
      case '/':
        askForSearch();
        return true;
      case 'Escape':
        useView.setState({ detailShown: false });
        if (active !== undefined) point(active.id, 'one');
        return true;
      default:
        return false;
    }
  };

  return (event: KeyboardEvent): void => {
    const at = rows.findIndex(({ id }) => id === useSelection.getState().active);
    const moveTo = target(event.key, at, rows.length - 1, page());
    const row = moveTo === undefined ? undefined : rows[moveTo];
    if (row !== undefined && !event.altKey) {
      event.preventDefault();
      point(row.id, event.shiftKey ? 'range' : 'one');
      return;
    }
    if (event.key === 'a' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      useSelection.setState({ selected: new Set(order()) });
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (command(event, rows[at])) {
      event.preventDefault();
      return;
    }
    if (event.key.length === 1) {
      // Any other letter begins a search with it.
      event.preventDefault();
      filterVms({ text: useVmView.getState().filter.text + event.key });
      askForSearch();
    }
  };
}
