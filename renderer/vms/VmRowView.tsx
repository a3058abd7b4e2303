/** One VM in the list. Clicks and keys are the grid's. */
import { FlexRender, type Row } from '@tanstack/react-table';
import { memo } from 'react';
import type { VmRow } from '../../shared/contract/vms.ts';
import { useSelection } from '../state/selection.ts';
import type { features } from './columns.tsx';
import { rowElementId } from './ids.ts';
import css from './VmGrid.module.css';

interface Parts {
  row: Row<typeof features, VmRow>;
  index: number;
  start: number;
}

export const VmRowView = memo(function VmRowView({ row, index, start }: Parts) {
  const { id } = row.original;
  const selected = useSelection(state => state.selected.has(id));
  const active = useSelection(state => state.active === id);
  const [name, ...others] = row.getAllCells();
  return (
    <tr
      id={rowElementId(id)}
      aria-rowindex={index}
      aria-selected={selected}
      data-active={active || undefined}
      className={`${css.row} ${css.vm}`}
      style={{ transform: `translateY(${start}px)` }}
    >
      {name !== undefined && (
        <th scope="row">
          <FlexRender cell={name} />
        </th>
      )}
      {others.map(cell => (
        <td key={cell.id}>
          <FlexRender cell={cell} />
        </td>
      ))}
    </tr>
  );
});
