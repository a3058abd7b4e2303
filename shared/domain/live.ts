/** Which grants still matter: those that hold, or may hold, a port open. */
import type { GrantState } from '../contract/grants.ts';

/** True for a grant that is not over: neither closed nor failed. */
export function isLive(grant: { state: GrantState }): boolean {
  return grant.state !== 'closed' && grant.state !== 'failed';
}

/** The grants that are not over, the one that ends first first. */
export function liveGrants<G extends { state: GrantState; endsAt: string }>(grants: Iterable<G>): G[] {
  return [...grants].filter(isLive).toSorted((a, b) => a.endsAt.localeCompare(b.endsAt));
}
