/** Which VMs are selected, and which one the keyboard is on. Pure steps, then the store. */
import { create } from 'zustand';

export interface Selection {
  /** The VM the keyboard is on and the detail pane shows. */
  active: string | undefined;
  /** Where a range began. */
  anchor: string | undefined;
  selected: ReadonlySet<string>;
}

export const noSelection: Selection = { active: undefined, anchor: undefined, selected: new Set() };

export type SelectMode = 'one' | 'toggle' | 'range';

/** The selection after a VM was pointed at. `order` is the ids as they stand in the list. */
export function select(now: Selection, id: string, mode: SelectMode, order: readonly string[]): Selection {
  switch (mode) {
    case 'one':
      return { active: id, anchor: id, selected: new Set([id]) };
    case 'toggle': {
      const selected = new Set(now.selected);
      if (selected.has(id)) selected.delete(id);
      else selected.add(id);
      return { active: id, anchor: id, selected };
    }
    case 'range': {
      const anchor = now.anchor !== undefined && order.includes(now.anchor) ? now.anchor : id;
      const [from, to] = [order.indexOf(anchor), order.indexOf(id)].toSorted((a, b) => a - b);
      return { active: id, anchor, selected: new Set(order.slice(from, (to ?? 0) + 1)) };
    }
  }
}

export const useSelection = create<Selection>(() => noSelection);
