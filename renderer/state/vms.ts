/** The list of VMs as the broker tells it: a snapshot, then patches. */
import { create } from 'zustand';
import type { ScopeStatus, VmChange, VmList, VmRow } from '../../shared/contract/vms.ts';
import type { Taken } from './follow.ts';
import { byText } from './vmList.ts';

export interface VmState {
  /** Revision of the last change taken; -1 before the first snapshot. */
  rev: number;
  byId: ReadonlyMap<string, VmRow>;
  counts: VmList['counts'];
  scopes: ScopeStatus[];
}

export const noVms: VmState = {
  rev: -1,
  byId: new Map(),
  counts: { configured: 0, notConfigured: 0, unsupported: 0, exposed: 0 },
  scopes: [],
};

/** The state after a change; `resync` when a patch between is missing; the same state when the patch is an old one. */
export function applyVmChange(state: VmState, change: VmChange): VmState | 'resync' {
  const { rev, counts, scopes } = change;
  if (change.kind === 'snapshot') {
    // Sorted once by the list's usual order: sorting it again after each patch is then nearly free.
    const rows = change.vms.toSorted((a, b) => byText.compare(a.name, b.name));
    return { rev, counts, scopes, byId: new Map(rows.map(row => [row.id, row])) };
  }
  if (state.rev < 0 || rev > state.rev + 1) return 'resync';
  if (rev <= state.rev) return state;
  if (change.upsert.length === 0 && change.gone.length === 0) return { ...state, rev, counts, scopes };
  const byId = new Map(state.byId);
  for (const id of change.gone) byId.delete(id);
  for (const row of change.upsert) byId.set(row.id, row);
  return { rev, counts, scopes, byId };
}

export const useVms = create<VmState & { take: (change: VmChange) => Taken }>((set, get) => ({
  ...noVms,
  take(change) {
    const next = applyVmChange(get(), change);
    if (next === 'resync') return 'resync';
    set(next);
    return 'taken';
  },
}));
