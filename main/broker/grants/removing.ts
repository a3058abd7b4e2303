/** Taking rules that no live grant wants out of a gate. */
import { canonicalCidr } from '../../../shared/domain/cidr.ts';
import type { GateId, GrantId } from '../../../shared/domain/ids.ts';
import { type ErrorData, LatchkeyError, toErrorData } from '../../../shared/errors.ts';
import type { Closed, Cloud, FoundRule, RuleOrder } from '../../clouds/cloud.ts';
import type { Clock, Logger } from '../../os/ports.ts';
import type { Accounts, Activity } from '../services.ts';
import type { Endings } from './endings.ts';
import type { Ledger } from './ledger.ts';
import type { RuleRecord } from './records.ts';
import { tellRule } from './ruleTold.ts';

export interface KeeperDeps {
  ledger: Ledger;
  /** Those being shut, whatever the ledger could be told of it. */
  endings: Pick<Endings, 'has'>;
  accounts: Pick<Accounts, 'cloud'>;
  activity: Pick<Activity, 'write'>;
  clock: Clock;
  log: Logger;
}

/** Removes rules of one account from one gate. What can't be removed is in `errors`, or thrown if it is true of all. */
export async function remove(
  deps: KeeperDeps,
  gate: GateId,
  rules: RuleRecord[],
  errors: Map<number, ErrorData>,
): Promise<void> {
  const first = rules[0];
  if (!first) return;
  inOneWrite(deps, () => {
    for (const rule of rules) deps.ledger.updateRule(rule.id, { state: 'removing' });
  });
  const cloud = deps.accounts.cloud(first.account);
  const names = await namesOf(cloud, gate, rules);
  const { closed, refused } = await closeEach(
    cloud,
    gate,
    [...new Set([...names.values()].flat())],
    marks(deps, rules),
  );
  const gone = rules.filter(rule => {
    const error = names.get(rule.id)?.flatMap(name => refused.get(name) ?? [])[0];
    if (error) errors.set(rule.id, error);
    return !error;
  });
  inOneWrite(deps, () => {
    for (const rule of gone) deps.ledger.updateRule(rule.id, { state: 'gone' });
  });
  inOneWrite(deps, () => {
    for (const rule of gone) {
      const mine = closed.filter(one => names.get(rule.id)?.includes(one.name));
      const kept = mine.some(one => one.outcome === 'kept');
      const name = names.get(rule.id)?.join(', ') || `of grant ${rule.order.mark.grant}`;
      const text = kept
        ? `Rule ${name} stays in ${rule.order.gateName}: another grant still needs it.`
        : `Rule ${name} is gone from ${rule.order.gateName}.`;
      const notes = mine.flatMap(one => one.note ?? []);
      for (const grant of notes.length > 0 ? deps.ledger.grantsOf(rule.id) : [])
        deps.ledger.updateGrant(grant.id, { notes: [...new Set([...grant.notes, ...notes])] });
      tellRule(deps.activity, rule, 'rule-removed', [text, ...notes].join(' '), mine[0]?.correlation);
    }
  });
}

/** A door must be shut even when the disk is full: what stands in the ledger already is enough to shut it again. */
function inOneWrite(deps: KeeperDeps, write: () => void): void {
  try {
    deps.ledger.together(write);
  } catch (error) {
    deps.log.warn({ error: toErrorData(error) }, 'closing without a note in the ledger');
  }
}

/** Closes in one call; where a rule does not prove to be ours any more, each by itself: it must not keep the others open. */
export async function closeEach(
  cloud: Cloud,
  gate: GateId,
  names: string[],
  grants: GrantId[],
): Promise<{ closed: Closed[]; refused: Map<string, ErrorData> }> {
  const refused = new Map<string, ErrorData>();
  if (names.length === 0) return { closed: [], refused };
  try {
    return { closed: await cloud.close(gate, names, grants), refused };
  } catch (error) {
    if (!isConflict(error) || names.length === 1) throw error;
  }
  const closed: Closed[] = [];
  for (const name of names) {
    try {
      closed.push(...(await cloud.close(gate, [name], grants)));
    } catch (error) {
      if (!isConflict(error)) throw error;
      refused.set(name, toErrorData(error));
    }
  }
  return { closed, refused };
}

function isConflict(error: unknown): boolean {
  return error instanceof LatchkeyError && error.code === 'CLOUD_CONFLICT';
}

function marks(deps: KeeperDeps, rules: RuleRecord[]): GrantId[] {
  const linked = rules.flatMap(rule => deps.ledger.grantsOf(rule.id).map(grant => grant.id));
  return [...new Set([...rules.map(rule => rule.order.mark.grant), ...linked])];
}

/** Each rule's names as the ledger has them; a rule whose last write was cut off is also looked for in the gate by its mark. */
async function namesOf(cloud: Cloud, gate: GateId, rules: RuleRecord[]): Promise<Map<number, string[]>> {
  const names = new Map(rules.map(rule => [rule.id, new Set(rule.names)]));
  const cutOff = rules.filter(rule => rule.state !== 'foreign' && rule.writtenEnd === undefined);
  if (cutOff.length > 0) {
    for await (const found of cloud.ours({ gate })) {
      for (const rule of cutOff) {
        if (carries(found, rule.order)) names.get(rule.id)?.add(found.name);
      }
    }
  }
  return new Map([...names].map(([id, some]) => [id, [...some]]));
}

/** Is this what the order wrote, or a part of it? */
function carries(found: FoundRule, order: RuleOrder): boolean {
  const sources = new Set(order.sources.map(canonicalCidr));
  return (
    found.marks.some(mark => mark.grant === order.mark.grant) &&
    (order.protocol === 'any' || found.protocol === order.protocol) &&
    found.ports.every(port => order.ports.includes(port)) &&
    found.sources.every(source => sources.has(canonical(source)))
  );
}

/** A cloud may write an address otherwise than it was sent (`/32` or not); tags and `*` stay as they are. */
function canonical(source: string): string {
  return /^[\da-f.:]+(?:\/\d+)?$/i.test(source) ? canonicalCidr(source) : source;
}
