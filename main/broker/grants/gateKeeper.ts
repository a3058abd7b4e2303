/**
 * Makes what stands in the gates what the ledger's live grants want: the one place that opens, rewrites and closes rules.
 * A rule that a live grant wants stands, with the latest of their ends in its description; a rule that none wants goes.
 * So ending one grant never shuts another's door, and running this again after a crash at any point finishes the work.
 */
import type { GateId } from '../../../shared/domain/ids.ts';
import { type ErrorData, LatchkeyError, toErrorData } from '../../../shared/errors.ts';
import { createQueue } from '../../waiting.ts';
import { type RuleRecord, wantedEnd, wantsRules } from './records.ts';
import { type KeeperDeps, remove } from './removing.ts';
import { tellRule } from './ruleTold.ts';

export interface GateKeeper {
  /** Settles these rules; gives the error of each that could not be settled. Never throws. */
  settle(rules: number[]): Promise<Map<number, ErrorData>>;
}

export function createGateKeeper(deps: KeeperDeps): GateKeeper {
  /** One turn per gate at a time: what one turn reads from the ledger, no other changes meanwhile. */
  const turns = createQueue<GateId>();

  return {
    async settle(ids) {
      const errors = new Map<number, ErrorData>();
      const gates = Map.groupBy(ids, id => deps.ledger.rule(id)?.gate);
      await Promise.all(
        [...gates].map(async ([gate, rules]) => {
          if (gate !== undefined)
            await turns.run(gate, () => settleGate(deps, gate, [...new Set(rules)], errors));
        }),
      );
      return errors;
    },
  };
}

async function settleGate(
  deps: KeeperDeps,
  gate: GateId,
  ids: number[],
  errors: Map<number, ErrorData>,
): Promise<void> {
  const rules = ids.flatMap(id => deps.ledger.rule(id) ?? []);
  const unwanted: RuleRecord[] = [];
  const work: Promise<void>[] = [];
  for (const rule of rules) {
    const wanting = deps.ledger
      .grantsOf(rule.id)
      .filter(grant => wantsRules(grant) && !deps.endings.has(grant.id));
    if (wanting.length > 0)
      work.push(guard(deps, errors, [rule], () => stand(deps, rule, Math.max(...wanting.map(wantedEnd)))));
    else if (rule.state !== 'gone') unwanted.push(rule);
  }
  for (const group of Map.groupBy(unwanted, rule => rule.account).values()) {
    work.push(guard(deps, errors, group, () => remove(deps, gate, group, errors)));
  }
  await Promise.all(work);
}

/** Errors become data, per rule; one rule's failure is not another's. */
async function guard(
  deps: KeeperDeps,
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

async function stand(deps: KeeperDeps, rule: RuleRecord, end: number): Promise<void> {
  const { ledger } = deps;
  if (rule.state === 'foreign' || (rule.state === 'standing' && rule.writtenEnd === end)) return;
  const cloud = deps.accounts.cloud(rule.account);
  const order = { ...rule.order, mark: { ...rule.order.mark, end } };
  // From here the description's end is in doubt, until the cloud has answered.
  ledger.updateRule(rule.id, { order, writtenEnd: undefined });
  const standing =
    rule.state === 'standing' ? await cloud.extend(order, { ...rule, notes: [] }) : await cloud.open(order);
  ledger.together(() => {
    ledger.updateRule(rule.id, {
      state: standing.names.length > 0 ? 'standing' : 'foreign',
      names: standing.names,
      foreign: standing.foreign,
      writtenEnd: end,
      standingSince: rule.standingSince ?? deps.clock.now(),
      endedBy: standing.endedBy ?? 'this-computer',
      priority: standing.priority,
      drift: [],
      endpoints: standing.endpoints ?? [],
    });
    for (const grant of ledger.grantsOf(rule.id)) {
      const notes = [...new Set([...grant.notes, ...standing.notes])];
      if (notes.length > grant.notes.length) ledger.updateGrant(grant.id, { notes });
    }
  });
  tellRule(
    deps.activity,
    rule,
    'rule-written',
    [
      `Rule ${standing.names.join(', ') || standing.foreign.join(', ')} stands in ${order.gateName}.`,
      ...standing.notes,
    ].join(' '),
    standing.correlation,
  );
}
