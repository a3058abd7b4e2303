/** How the VM list is looked at: tab, search, chips. */
import { create } from 'zustand';
import type { Tab } from '../../shared/contract/vms.ts';
import { noFilter, type VmFilter } from './vmList.ts';

interface VmView {
  tab: Tab;
  filter: VmFilter;
  /** Goes up each time somebody asks for the search box from elsewhere. */
  searchAsked: number;
}

export const useVmView = create<VmView>(() => ({ tab: 'configured', filter: noFilter, searchAsked: 0 }));

/** Changes the filter. */
export function filterVms(change: Partial<VmFilter>): void {
  useVmView.setState(({ filter }) => ({ filter: { ...filter, ...change } }));
}

/** Puts the keyboard into the search box, wherever it is now. */
export function askForSearch(): void {
  useVmView.setState(({ searchAsked }) => ({ searchAsked: searchAsked + 1 }));
}
