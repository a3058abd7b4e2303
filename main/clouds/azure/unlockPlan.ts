/** What an unlock changes: the lock goes, and what had to make way for it comes back. Pure. */
import type { NetworkSecurityGroup } from '@azure/arm-network';
import { gateId } from '../../../shared/domain/ids.ts';
import { isLock } from '../../../shared/domain/lockMark.ts';
import { policyTagKeys } from '../../../shared/domain/policyTag.ts';
import type { GateRule } from '../../../shared/domain/vm.ts';
import { draftPutBack } from './firewall/lock.ts';
import type { FreshVm } from './freshVm.ts';
import { type Change, type Draft, firstFree, lockName, movedTag, ownTag, policyText } from './lockPlan.ts';
import { mapGate } from './mapRules.ts';
import { overlaps } from './overlap.ts';
import type { TagChange } from './tags.ts';

const noTags: TagChange = { merge: {}, remove: {} };

/** The changes of an unlock, the policy's tags last: until then the VM counts as configured and an unlock goes on. */
export function draftUnlock(fresh: FreshVm): Draft {
  const draft: Draft = { changes: [], warnings: [] };
  const own = new Set([lockName(fresh.vm.id, 'ipv4'), lockName(fresh.vm.id, 'ipv6')]);
  for (const nsg of fresh.gates.values()) {
    const gate = gateId(nsg.id ?? '');
    const gateName = nsg.name ?? gate;
    const { rules } = mapGate(nsg, () => undefined);
    const locks = rules.filter(rule => rule.by === 'lock');
    const others = locks.filter(rule => !own.has(rule.name.toLowerCase()));
    draftReturns(nsg, rules, others, draft);
    for (const rule of locks) {
      if (!own.has(rule.name.toLowerCase()) || !isLock(rule.name, rule.description)) continue;
      const what = `Remove the lock ${rule.name}.`;
      draft.changes.push({
        kind: 'remove',
        gate,
        name: rule.name,
        step: { action: 'remove', target: gateName, what, foreign: false },
      });
    }
  }
  if (fresh.nat) draftPutBack(fresh.vm, fresh.nat, draft);
  draft.changes.push(...policyRemoval(fresh));
  return draft;
}

/** Rules of others that were moved for a lock go back, unless another VM's lock still needs them out of the way. */
function draftReturns(
  nsg: NetworkSecurityGroup,
  rules: GateRule[],
  otherLocks: GateRule[],
  draft: Draft,
): void {
  const gate = gateId(nsg.id ?? '');
  const gateName = nsg.name ?? gate;
  const taken = new Set(rules.map(rule => rule.priority ?? 0));
  for (const [tag, value] of Object.entries(nsg.tags ?? {})) {
    if (!tag.toLowerCase().startsWith(movedTag(''))) continue;
    const name = tag.slice(movedTag('').length);
    const rule = rules.find(each => each.name.toLowerCase() === name.toLowerCase());
    const forget: TagChange = { merge: {}, remove: { [tag]: value } };
    const from = Number(value);
    if (rule?.priority === undefined || rule.priority <= from || !Number.isInteger(from)) {
      // Gone, or brought back by somebody: there is nothing to undo any more.
      draft.changes.push(forgetting(gate, gateName, name, forget));
      continue;
    }
    const needing = otherLocks.find(lock => overlaps(lock, rule));
    if (needing !== undefined) {
      draft.warnings.push(
        `“${rule.name}” stays at priority ${rule.priority}: ${needing.description ?? needing.name}.`,
      );
      continue;
    }
    const to = firstFree(taken, from, rule.priority) ?? rule.priority;
    if (to !== from) {
      draft.warnings.push(`“${rule.name}” goes to priority ${to}: another rule has taken ${from} meanwhile.`);
    }
    taken.add(to);
    draft.changes.push({
      kind: 'move',
      gate,
      rule,
      to,
      before: noTags,
      after: forget,
      step: {
        action: 'move',
        target: gateName,
        what: `Move the rule “${rule.name}”, which is not Latchkey's, back from priority ${rule.priority} to ${to}.`,
        foreign: true,
        before: `priority ${rule.priority}`,
        after: `priority ${to}`,
      },
    });
  }
}

function forgetting(resource: string, gateName: string, rule: string, tags: TagChange): Change {
  const what = `Forget that the rule “${rule}” was moved: it is not where it was moved to.`;
  return { kind: 'tags', resource, tags, step: { action: 'tag', target: gateName, what, foreign: false } };
}

/** Takes a policy off the VM's tags; nothing where there is none. */
export function policyRemoval(fresh: FreshVm): Change[] {
  const present = policyTagKeys.flatMap(key => ownTag(fresh.tags, key));
  if (present.length === 0) return [];
  return [
    {
      kind: 'tags',
      resource: fresh.vm.id,
      tags: { merge: {}, remove: Object.fromEntries(present) },
      step: {
        action: 'tag',
        target: fresh.vm.name,
        what: 'Take the policy off the tags of the VM.',
        foreign: false,
        before: policyText(fresh.tags),
      },
    },
  ];
}
