/**
 * The kinds of gate Azure has, each carrying a grant in its own way behind one face. Which one a gate is, its id says:
 * the resource type in it.
 */

import type { GateId, GrantId } from '../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Closed, FoundRule, RuleOrder, Scope, StandingRule } from '../cloud.ts';

/** What `Cloud` asks of one kind of gate: `open`, `extend`, `close` and `ours` mean what they mean there. */
export interface AzureGate {
  /** Is this gate (by its id, lower case) of this kind? */
  has(gate: GateId): boolean;
  open(order: RuleOrder, signal: AbortSignal): Promise<StandingRule>;
  extend(order: RuleOrder, standing: StandingRule, signal: AbortSignal): Promise<StandingRule>;
  close(gate: GateId, names: string[], grants: GrantId[], signal: AbortSignal): Promise<Closed[]>;
  ours(where: { subscription: string } | { gate: GateId }, signal: AbortSignal): AsyncIterable<FoundRule>;
}

/** True for ids of that resource type: `/subscriptions/…/providers/<provider>/<type>/<name>…`, any case. */
export function isOfType(gate: GateId, type: string): boolean {
  return gate.toLowerCase().includes(`/providers/${type.toLowerCase()}/`);
}

/** The gate's kind among these. Throws BAD_INPUT for an id of none of them. */
export function kindOf(kinds: readonly AzureGate[], gate: GateId): AzureGate {
  const found = kinds.find(kind => kind.has(gate));
  if (found) return found;
  throw new LatchkeyError({ code: 'BAD_INPUT', message: `“${gate.slice(0, 200)}” is not a gate of Azure.` });
}

/**
 * Every grant's rule in the gates of a subscription, kind after kind, or in one gate. A kind that can't be read hides none of
 * the others' rules: its error is thrown after them.
 */
export async function* oursIn(
  kinds: readonly AzureGate[],
  where: { scope: Scope } | { gate: GateId },
  signal: AbortSignal,
): AsyncGenerator<FoundRule> {
  if ('gate' in where) return yield* kindOf(kinds, where.gate).ours(where, signal);
  yield* ofEach(kinds, kind => kind.ours({ subscription: where.scope.id }, signal));
}

/**
 * What is found in each, one after the other. One that can't be read hides none of those after it: the first such error
 * is thrown when all have been looked at.
 */
export async function* ofEach<Place, Found>(
  places: readonly Place[],
  look: (place: Place) => AsyncIterable<Found>,
): AsyncGenerator<Found> {
  const failures: unknown[] = [];
  for (const place of places) {
    try {
      yield* look(place);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
