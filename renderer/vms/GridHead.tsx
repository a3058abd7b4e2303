/** The sticky head of the VM list: column names that sort. */
import type { ReactTable } from '@tanstack/react-table';
import type { VmRow } from '../../shared/contract/vms.ts';
import { Icon } from '../components/icons.tsx';
import type { features } from './columns.tsx';
import css from './VmGrid.module.css';

type VmTable = ReactTable<typeof features, VmRow>;

const ariaSort = { asc: 'ascending', desc: 'descending' } as const;

export function GridHead({ table }: { table: VmTable }) {
  return (
    <thead className={css.head}>
      {table.getHeaderGroups().map(group => (
        <tr key={group.id} aria-rowindex={1} className={css.row}>
          {group.headers.map(header => {
            const direction = header.column.getIsSorted();
            const words = <table.FlexRender header={header} />;
            return (
              <th
                key={header.id}
                scope="col"
                aria-sort={direction === false ? undefined : ariaSort[direction]}
              >
                {header.column.getCanSort() ? (
                  <button
                    type="button"
                    tabIndex={-1}
                    className={css.sort}
                    onClick={header.column.getToggleSortingHandler()}
                  >
                    {words}
                    {direction !== false && <Icon name={direction === 'asc' ? 'up' : 'down'} size={11} />}
                  </button>
                ) : (
                  words
                )}
              </th>
            );
          })}
        </tr>
      ))}
    </thead>
  );
}
