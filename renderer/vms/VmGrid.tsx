/** The list itself: sorted by the table, grouped by scope, only what is in view is in the page. */
import { useTable } from '@tanstack/react-table';
import { type FocusEvent, type MouseEvent, useCallback, useEffect, useMemo, useRef } from 'react';
import type { Tab, VmRow } from '../../shared/contract/vms.ts';
import { Empty } from '../components/Screen.tsx';
import { useRows } from '../components/useRows.ts';
import { useText } from '../i18n/text.tsx';
import { select, useSelection } from '../state/selection.ts';
import { useSettings } from '../state/settings.ts';
import { useView } from '../state/view.ts';
import { groupRows } from '../state/vmList.ts';
import { mainAction } from './actions.ts';
import { columnsOf, features } from './columns.tsx';
import { GridHead } from './GridHead.tsx';
import { GroupRow } from './GroupRow.tsx';
import { gridId, rowElementId, rowOfElement } from './ids.ts';
import { useGridKeys } from './useGridKeys.ts';
import css from './VmGrid.module.css';
import { VmRowView } from './VmRowView.tsx';

/** Heights in pixels, as in tokens.css. */
const heights = { normal: { vm: 32, group: 28 }, compact: { vm: 26, group: 24 } };
const headHeight = 30;

interface Parts {
  rows: VmRow[];
  tab: Tab;
  matches: (row: VmRow) => boolean;
}

export function VmGrid({ rows, tab, matches }: Parts) {
  const text = useText();
  const scroller = useRef<HTMLDivElement>(null);
  const density = useSettings(state => state.settings?.density ?? 'normal');
  const height = heights[density];
  const table = useTable({
    features,
    columns: columnsOf[tab],
    data: rows,
    getRowId: row => row.id,
    initialState: { sorting: [{ id: 'name', desc: false }] },
    enableSortingRemoval: false,
  });
  const sorted = table.getRowModel().rows;
  const items = useMemo(() => groupRows(sorted.map(row => row.original).filter(matches)), [sorted, matches]);
  const shown = useMemo(() => items.filter(item => item.kind === 'vm').map(item => item.row), [items]);
  const virtual = useRows({
    count: items.length,
    scroller,
    height: at => (items[at]?.kind === 'group' ? height.group : height.vm),
    keyOf: useCallback((at: number) => items[at]?.id ?? at, [items]),
    head: headHeight,
  });

  const active = useSelection(state => state.active);
  const activeAt = useMemo(() => items.findIndex(item => item.id === active), [items, active]);
  useEffect(() => {
    if (activeAt >= 0) virtual.scrollToIndex(activeAt, { align: 'auto' });
  }, [virtual, activeAt]);
  const onKeyDown = useGridKeys(shown, () =>
    Math.max(1, Math.floor(((scroller.current?.clientHeight ?? 0) - headHeight) / height.vm) - 1),
  );
  const onFocus = (event: FocusEvent): void => {
    // A click says itself which row it means; scrolling to the first one would take that row from under the pointer.
    if (!event.currentTarget.matches(':focus-visible')) return;
    const [first] = shown;
    if (activeAt < 0 && first !== undefined) {
      useSelection.setState({ active: first.id, anchor: first.id, selected: new Set([first.id]) });
    }
  };
  const pointedAt = (event: MouseEvent): VmRow | undefined => {
    const id = rowOfElement(event.target);
    return id === undefined ? undefined : shown.find(row => row.id === id);
  };
  const onClick = (event: MouseEvent): void => {
    const row = pointedAt(event);
    if (row === undefined) return;
    const mode = event.shiftKey ? 'range' : event.ctrlKey || event.metaKey ? 'toggle' : 'one';
    const order = shown.map(({ id }) => id);
    useSelection.setState(select(useSelection.getState(), row.id, mode, order));
    if (mode === 'one') useView.setState({ detailShown: true });
  };
  const onDoubleClick = (event: MouseEvent): void => {
    const row = pointedAt(event);
    if (row !== undefined) mainAction(row);
  };

  const drawn = virtual.getVirtualItems();
  const activeIsDrawn = drawn.some(({ index }) => index === activeAt);
  return (
    <div ref={scroller} className={css.scroller}>
      <table
        id={gridId}
        className={css.grid}
        data-tab={tab}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role -- a table one moves in with the keyboard is a grid
        role="grid"
        tabIndex={0}
        aria-label={text('vms.list')}
        aria-rowcount={items.length + 1}
        aria-colcount={columnsOf[tab].length}
        aria-multiselectable="true"
        aria-activedescendant={activeIsDrawn && active !== undefined ? rowElementId(active) : undefined}
        onKeyDown={onKeyDown}
        onFocus={onFocus}
        onClick={onClick}
        onDoubleClick={onDoubleClick}
      >
        <GridHead table={table} />
        <tbody className={css.rows} style={{ height: virtual.getTotalSize() }}>
          {drawn.map(({ index, start, key }) => {
            const item = items[index];
            if (item === undefined) return null;
            const place = { index: index + 2, start };
            return item.kind === 'group' ? (
              <GroupRow
                key={key}
                first={item.row}
                count={item.count}
                columns={columnsOf[tab].length}
                {...place}
              />
            ) : (
              <VmRowView key={key} row={table.getRow(item.id)} {...place} />
            );
          })}
        </tbody>
      </table>
      {items.length === 0 && <NothingHere tab={tab} any={rows.length > 0} />}
    </div>
  );
}

function NothingHere({ tab, any }: { tab: Tab; any: boolean }) {
  const text = useText();
  return (
    <Empty title={text(any ? 'vms.noMatch' : `vms.none.${tab}`)}>
      <p>{text(any ? 'vms.noMatch.fix' : `vms.none.${tab}.fix`)}</p>
    </Empty>
  );
}
