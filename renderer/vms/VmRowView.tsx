/** One VM in the list. */
import { FlexRender, type Row } from '@tanstack/react-table';
import { type MouseEvent, memo } from 'react';
import type { VmRow } from '../../shared/contract/vms.ts';
import { select, useSelection } from '../state/selection.ts';
import { useView } from '../state/view.ts';
import { mainAction } from './actions.ts';
import type { features } from './columns.tsx';
import css from './VmGrid.module.css';

/** The element id of a VM's row, for aria-activedescendant. */
export function rowElementId(vm: string): string {
  return `vm ${vm}`.replaceAll(/\s/g, '-');
}

interface Parts {
  row: Row<typeof features, VmRow>;
  /** All VMs in the order shown: a range is made of them. */
  shown: readonly VmRow[];
  index: number;
  start: number;
}

export const VmRowView = memo(function VmRowView({ row, shown, index, start }: Parts) {
  const vm = row.original;
  const selected = useSelection(state => state.selected.has(vm.id));
  const active = useSelection(state => state.active === vm.id);
  const point = (event: MouseEvent): void => {
    const mode = event.shiftKey ? 'range' : event.ctrlKey || event.metaKey ? 'toggle' : 'one';
    useSelection.setState(
      select(
        useSelection.getState(),
        vm.id,
        mode,
        shown.map(({ id }) => id),
      ),
    );
    if (mode === 'one') useView.setState({ detailShown: true });
  };
  return (
    // The keyboard is on the grid and points here through aria-activedescendant.
    <div
      role="row"
      id={rowElementId(vm.id)}
      tabIndex={-1}
      aria-rowindex={index}
      aria-selected={selected}
      data-active={active || undefined}
      className={`${css.row} ${css.vm}`}
      style={{ transform: `translateY(${start}px)` }}
      onClick={point}
      onDoubleClick={() => mainAction(vm)}
    >
      {row.getAllCells().map((cell, at) => (
        <div key={cell.id} role={at === 0 ? 'rowheader' : 'gridcell'}>
          <FlexRender cell={cell} />
        </div>
      ))}
    </div>
  );
});
