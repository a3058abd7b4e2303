/** Which grants still matter: those that hold, or may hold, a port open. */
import type { GrantState } from '../contract/grants.ts';

/** Every state there is: a new one has to say which it is. */
const live: Record<GrantState, boolean> = {
  requested: true,
  opening: true,
  open: true,
  extending: true,
  closing: true,
  stuck: true,
  closed: false,
  failed: false,
};

/** The states of a grant that is not over, for a query. */
export const liveStates = Object.entries(live).flatMap(([state, is]) => (is ? state : []));

/** True for a grant that is not over: neither closed nor failed. */
export function isLive(grant: { state: GrantState }): boolean {
  return live[grant.state];
}

/** The grants that are not over, the one that ends first first. */
export function liveGrants<G extends { state: GrantState; endsAt: string }>(grants: Iterable<G>): G[] {
  return [...grants].filter(isLive).toSorted((a, b) => a.endsAt.localeCompare(b.endsAt));
}
