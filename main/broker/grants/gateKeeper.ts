/**
 * Makes what stands in the gates what the ledger's live grants want: the one place that opens, rewrites and closes rules.
 * A rule that a live grant wants stands, with the latest of their ends in its description; a rule that none wants goes.
 * So ending one grant never shuts another's door, and running this again after a crash at any point finishes the work.
 */
import type { GateId, GrantId } from '../../../shared/domain/ids.ts';
import { type ErrorData, LatchkeyError, toErrorData } from '../../../shared/errors.ts';
import type { Cloud } from '../../clouds/cloud.ts';
import type { Clock, Logger } from '../../os/ports.ts';
import type { Accounts, Activity } from '../services.ts';
import type { Endings } from './endings.ts';
import type { Ledger } from './ledger.ts';
import { type RuleRecord, wantedEnd, wantsRules } from './records.ts';

export interface GateKeeper {
  /** Settles these rules; gives the error of each that could not be settled. Never throws. */
  settle(rules: number[]): Promise<Map<number, ErrorData>>;
}

interface Deps {
  ledger: Ledger;
  /** Those being shut, whatever the ledger could be told of it. */
  endings: Pick<Endings, 'has'>;
  accounts: Pick<Accounts, 'cloud'>;
  activity: Pick<Activity, 'write'>;
  clock: Clock;
  log: Logger;
}

export function createGateKeeper(deps: Deps): GateKeeper {
  /** One turn per gate at a time: what one turn reads from the ledger, no other changes meanwhile. */
  const turns = new Map<GateId, Promise<unknown>>();

  function inTurn<T>(gate: GateId, work: () => Promise<T>): Promise<T> {
    const before = turns.get(gate) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => undefined);
    turns.set(gate, settled);
    void settled.then(() => turns.get(gate) === settled && turns.delete(gate));
    return mine;
  }

  return {
    async settle(ids) {
      const errors = new Map<number, ErrorData>();
      const gates = Map.groupBy(ids, id => deps.ledger.rule(id)?.gate);
      await Promise.all(
        [...gates].map(async ([gate, rules]) => {
          if (gate !== undefined)
            await inTurn(gate, () => settleGate(deps, gate, [...new Set(rules)], errors));
        }),
      );
      return errors;
    },
  };
}

async function settleGate(
  deps: Deps,
  gate: GateId,
  ids: number[],
  errors: Map<number, ErrorData>,
): Promise<void> {
  const rules = ids.flatMap(id => deps.ledger.rule(id) ?? []).filter(rule => rule.state !== 'gone');
  const unwanted: RuleRecord[] = [];
  const work: Promise<void>[] = [];
  for (const rule of rules) {
    const wanting = deps.ledger
      .grantsOf(rule.id)
      .filter(grant => wantsRules(grant) && !deps.endings.has(grant.id));
    if (wanting.length === 0) unwanted.push(rule);
    else work.push(guard(deps, errors, [rule], () => stand(deps, rule, Math.max(...wanting.map(wantedEnd)))));
  }
  for (const group of Map.groupBy(unwanted, rule => rule.account).values()) {
    work.push(guard(deps, errors, group, () => remove(deps, gate, group)));
  }
  await Promise.all(work);
}

/** Errors become data, per rule; one rule's failure is not another's. */
async function guard(
  deps: Deps,
  errors: Map<number, ErrorData>,
  rules: RuleRecord[],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof LatchkeyError))
      deps.log.error({ error, rules: rules.map(rule => rule.id) }, 'unexpected error at a gate');
    for (const rule of rules) errors.set(rule.id, toErrorData(error));
  }
}

async function stand(deps: Deps, rule: RuleRecord, end: number): Promise<void> {
  const { ledger } = deps;
  if (rule.state === 'foreign' || (rule.state === 'standing' && rule.writtenEnd === end)) return;
  const cloud = deps.accounts.cloud(rule.account);
  const order = { ...rule.order, mark: { ...rule.order.mark, end } };
  // From here the description's end is in doubt, until the cloud has answered.
  ledger.updateRule(rule.id, { order, writtenEnd: undefined });
  const standing =
    rule.state === 'standing'
      ? await cloud.extend(order, { gate: rule.gate, names: rule.names, foreign: rule.foreign, notes: [] })
      : await cloud.open(order);
  ledger.together(() => {
    ledger.updateRule(rule.id, {
      state: standing.names.length > 0 ? 'standing' : 'foreign',
      names: standing.names,
      foreign: standing.foreign,
      writtenEnd: end,
      standingSince: rule.standingSince ?? deps.clock.now(),
    });
    for (const grant of ledger.grantsOf(rule.id)) {
      const notes = [...new Set([...grant.notes, ...standing.notes])];
      if (notes.length > grant.notes.length) ledger.updateGrant(grant.id, { notes });
    }
  });
  tell(
    deps,
    rule,
    'rule-written',
    `Rule ${standing.names.join(', ') || standing.foreign.join(', ')} stands in ${order.gateName}.`,
    standing.correlation,
  );
}

async function remove(deps: Deps, gate: GateId, rules: RuleRecord[]): Promise<void> {
  const first = rules[0];
  if (!first) return;
  try {
    deps.ledger.together(() => {
      for (const rule of rules) deps.ledger.updateRule(rule.id, { state: 'removing' });
    });
  } catch (error) {
    // A door must be shut even when the disk is full: what stands in the ledger already is enough to shut it again.
    deps.log.warn({ error: toErrorData(error), gate }, 'closing without a note in the ledger');
  }
  const cloud = deps.accounts.cloud(first.account);
  const names = await namesOf(cloud, gate, rules);
  const closed = names.length === 0 ? [] : await cloud.close(gate, names, marks(deps, rules));
  deps.ledger.together(() => {
    for (const rule of rules) deps.ledger.updateRule(rule.id, { state: 'gone' });
  });
  for (const rule of rules) {
    const mine = closed.filter(one => rule.names.includes(one.name));
    const kept = mine.some(one => one.outcome === 'kept');
    const text = kept
      ? `Rule ${rule.names.join(', ')} stays in ${rule.order.gateName}: another Latchkey's grant still needs it.`
      : `Rule ${rule.names.join(', ') || `of grant ${rule.order.mark.grant}`} is gone from ${rule.order.gateName}.`;
    tell(deps, rule, 'rule-removed', text, mine[0]?.correlation);
  }
}

function marks(deps: Deps, rules: RuleRecord[]): GrantId[] {
  const linked = rules.flatMap(rule => deps.ledger.grantsOf(rule.id).map(grant => grant.id));
  return [...new Set([...rules.map(rule => rule.order.mark.grant), ...linked])];
}

/** Names as the ledger has them; a rule whose write was cut off is looked for in the gate by its mark. */
async function namesOf(cloud: Cloud, gate: GateId, rules: RuleRecord[]): Promise<string[]> {
  const names = rules.flatMap(rule => rule.names);
  const cutOff = new Set(
    rules
      .filter(rule => rule.state !== 'foreign' && rule.names.length === 0)
      .map(rule => rule.order.mark.grant),
  );
  if (cutOff.size > 0) {
    for await (const found of cloud.ours({ gate })) {
      if (found.marks.some(mark => cutOff.has(mark.grant))) names.push(found.name);
    }
  }
  return [...new Set(names)];
}

function tell(
  deps: Deps,
  rule: RuleRecord,
  kind: 'rule-written' | 'rule-removed',
  text: string,
  correlation: string | undefined,
): void {
  const { order } = rule;
  deps.activity.write({
    kind,
    text,
    correlation,
    vm: order.vm,
    vmName: order.mark.vmName,
    account: rule.account,
    grant: order.mark.grant,
    ports: order.ports.map(port => `${port}/${order.protocol}`).join(' '),
    source: order.sources.join(' '),
  });
}
