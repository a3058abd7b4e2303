/**
 * What somebody else did to the rules of our grants, as a sweep sees it: told in the activity and at the grant, never
 * fought. A rule that is gone ends its grants; one that was changed stays as it is.
 */
import type { Cloud, FoundRule, Scope } from '../../clouds/cloud.ts';
import type { Instant } from '../../os/ports.ts';
import type { Closer } from './closing.ts';
import type { GrantsContext } from './context.ts';
import { driftOf, driftSentence, unproven } from './drift.ts';
import { type GrantRecord, type RuleRecord, wantsRules } from './records.ts';
import { tellRule } from './ruleTold.ts';

export interface Noticer {
  /** Compares what stands with what is meant. `seen`: rules by `gate name`, from a look that was begun then. */
  notice(cloud: Cloud, scope: Scope, seen: ReadonlyMap<string, FoundRule>, begun: Instant): Promise<void>;
}

const isOpen = (grant: GrantRecord) => grant.state === 'open';

export function createNoticer(context: GrantsContext, closer: Closer): Noticer {
  const { ledger } = context;

  /** Rules that stood before the look began: what was written meanwhile may not be in it. */
  function standing(cloud: Cloud, scope: Scope, begun: Instant): RuleRecord[] {
    return ledger
      .liveRules()
      .filter(
        rule =>
          rule.account === cloud.account &&
          rule.state === 'standing' &&
          (rule.standingSince ?? begun) < begun &&
          context.inventory.get(rule.order.vm)?.scope === scope.id,
      );
  }

  async function missing(cloud: Cloud, rule: RuleRecord): Promise<void> {
    if (!ledger.grantsOf(rule.id).some(isOpen)) return;
    // Looked at again on its own: a list may lag behind a write, a single gate does not.
    const found = await lookAgain(cloud, rule);
    const gone = rule.names.filter(name => !found.has(name));
    const now = ledger.rule(rule.id);
    if (gone.length === 0 || now?.state !== 'standing') return;
    if (await standUnproven(cloud, rule, gone)) return tell(now, [unproven]);
    const grants = ledger.grantsOf(rule.id).filter(isOpen);
    await closer.shut(
      grants.map(grant => grant.id),
      'removed',
    );
  }

  /** A change is looked at again too, and only told while nothing of ours is being written. */
  async function changed(cloud: Cloud, rule: RuleRecord): Promise<void> {
    const found = await lookAgain(cloud, rule);
    const now = ledger.rule(rule.id);
    const busy = ledger.grantsOf(rule.id).some(grant => wantsRules(grant) && !isOpen(grant));
    if (now?.state !== 'standing' || now.writtenEnd === undefined || busy) return;
    const there = now.names.flatMap(name => found.get(name) ?? []);
    // What went meanwhile is the next look's.
    if (there.length === now.names.length) tell(now, driftOf(now, there));
  }

  function tell(rule: RuleRecord, drift: string[]): void {
    if (rule.drift.join('\n') === drift.join('\n')) return;
    ledger.updateRule(rule.id, { drift });
    const text =
      drift.length > 0
        ? driftSentence(rule, drift)
        : `Rule ${rule.names.join(', ')} in ${rule.order.gateName} stands again as it was written.`;
    tellRule(context.activity, rule, 'changed', text, undefined);
    for (const grant of ledger.grantsOf(rule.id)) context.changed(grant.id);
  }

  return {
    async notice(cloud, scope, seen, begun) {
      for (const rule of standing(cloud, scope, begun)) {
        const found = rule.names.flatMap(name => seen.get(`${rule.gate} ${name}`) ?? []);
        if (found.length < rule.names.length) await missing(cloud, rule);
        else if (driftOf(rule, found).join('\n') !== rule.drift.join('\n')) await changed(cloud, rule);
      }
    },
  };
}

async function lookAgain(cloud: Cloud, rule: RuleRecord): Promise<Map<string, FoundRule>> {
  const found = new Map<string, FoundRule>();
  for await (const one of cloud.ours({ gate: rule.gate })) found.set(one.name, one);
  return found;
}

/** Does one of these still stand there, as anybody's? */
async function standUnproven(cloud: Cloud, rule: RuleRecord, names: string[]): Promise<boolean> {
  const vm = await cloud.vm(rule.order.vm);
  const gates = vm?.interfaces.flatMap(nic => nic.layers.flatMap(layer => layer.gates)) ?? [];
  const there = gates.filter(gate => gate.id === rule.gate).flatMap(gate => gate.rules);
  return there.some(one => names.includes(one.name) || names.includes(one.id));
}
