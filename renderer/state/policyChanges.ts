/** When each VM was last locked or unlocked, by anybody: the list's rows do not tell an edited policy. */
import { create } from 'zustand';
import type { ActivityRow } from '../../shared/contract/activity.ts';

/** By VM the id of the activity row that told it. */
export const usePolicyChanges = create<{ last: ReadonlyMap<string, number> }>(() => ({ last: new Map() }));

/** Takes note of a row of the activity, if it is of a lock or unlock. */
export function notePolicyChange({ id, kind, vm }: ActivityRow): void {
  if (vm === undefined || (kind !== 'lock' && kind !== 'unlock')) return;
  usePolicyChanges.setState(({ last }) => ({ last: new Map(last).set(vm, id) }));
}
