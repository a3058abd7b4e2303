/** Grants as the broker tells them, and small questions about them that only decide what is painted. */
import { create } from 'zustand';
import type { Grant, GrantChange } from '../../shared/contract/grants.ts';
import { isLive } from '../../shared/domain/live.ts';
import type { Taken } from './follow.ts';

export interface GrantsState {
  rev: number;
  byId: ReadonlyMap<string, Grant>;
}

export const noGrants: GrantsState = { rev: -1, byId: new Map() };

/** As applyVmChange. */
export function applyGrantChange(state: GrantsState, change: GrantChange): GrantsState | 'resync' {
  if (change.kind === 'snapshot') {
    return { rev: change.rev, byId: new Map(change.grants.map(grant => [grant.id, grant])) };
  }
  if (state.rev < 0 || change.rev > state.rev + 1) return 'resync';
  if (change.rev <= state.rev) return state;
  const byId = new Map(state.byId);
  for (const grant of change.upsert) byId.set(grant.id, grant);
  return { rev: change.rev, byId };
}

/** Grants that are over, the latest first. */
export function pastGrants(byId: ReadonlyMap<string, Grant>): Grant[] {
  const end = (grant: Grant): string => grant.closedAt ?? grant.requestedAt;
  return [...byId.values()].filter(grant => !isLive(grant)).toSorted((a, b) => end(b).localeCompare(end(a)));
}

/** Per VM the live grant to show: a stuck one first, else the one that ends last. */
export function shownByVm(byId: ReadonlyMap<string, Grant>): ReadonlyMap<string, Grant> {
  const shown = new Map<string, Grant>();
  for (const grant of byId.values()) {
    if (!isLive(grant)) continue;
    const other = shown.get(grant.vm);
    const wins =
      other === undefined ||
      (other.state !== 'stuck' && (grant.state === 'stuck' || grant.endsAt > other.endsAt));
    if (wins) shown.set(grant.vm, grant);
  }
  return shown;
}

export const useGrants = create<
  GrantsState & { shown: ReadonlyMap<string, Grant>; take: (change: GrantChange) => Taken }
>((set, get) => ({
  ...noGrants,
  shown: new Map(),
  take(change) {
    const next = applyGrantChange(get(), change);
    if (next === 'resync') return 'resync';
    set({ ...next, shown: shownByVm(next.byId) });
    return 'taken';
  },
}));
