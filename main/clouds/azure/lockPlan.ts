/** What a lock changes. Pure: from a fresh look at the VM and its NSGs to exact changes, each with its words. */
import type { NetworkSecurityGroup, SecurityRule } from '@azure/arm-network';
import type { PlanStep, Policy, PolicyPort } from '../../../shared/contract/policies.ts';
import type { Family } from '../../../shared/domain/cidr.ts';
import { adminWarnings } from '../../../shared/domain/effective/admin.ts';
import { straight } from '../../../shared/domain/effective/firewall.ts';
import type { GateId, VmId } from '../../../shared/domain/ids.ts';
import { ipv6Part, isLock, lockDescription, lockRuleName } from '../../../shared/domain/lockMark.ts';
import { policyTagKeys, policyTags } from '../../../shared/domain/policyTag.ts';
import { type GateRule, gatesOf } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { PolicyChange } from './defender/lockPlan.ts';
import { draftTakeOut } from './firewall/lock.ts';
import type { NatPlace } from './firewall/place.ts';
import type { NatChange } from './firewall/writer.ts';
import type { FreshVm } from './freshVm.ts';
import { lockPriorities } from './known.ts';
import { mapGate } from './mapRules.ts';
import { type Stand, standsOf, unsupported } from './orders.ts';
import { lets, overlaps } from './overlap.ts';
import { lockRule, saysTheSame } from './rules.ts';
import { findTag, type TagChange } from './tags.ts';

/** One change as data, with the step that says it. */
export type Change = { step: PlanStep } & (
  | { kind: 'tags'; resource: string; tags: TagChange }
  | { kind: 'put'; gate: GateId; name: string; rule: SecurityRule }
  | { kind: 'remove'; gate: GateId; name: string }
  /** DNAT rules of others. `before`: tags of a policy to write first (a classic firewall's go with its rules). */
  | { kind: 'nat'; place: NatPlace; holder: string; change: NatChange; before: TagChange }
  /** `remember`: tags on the NSG to write before the move, or to take away after it. */
  | { kind: 'defender'; change: PolicyChange }
  | { kind: 'move'; gate: GateId; rule: GateRule; to: number; before: TagChange; after: TagChange }
);

export interface Draft {
  changes: Change[];
  warnings: string[];
}

const noTags: TagChange = { merge: {}, remove: {} };
/** Tag on the NSG that remembers where a moved rule of somebody else came from: it outlives the VM and its lock. */
export const movedTag = (rule: string) => `latchkey-moved-${rule}`;
/** Rules that had to make way go to the first free priority from here on. */
const movedFrom = 300;
/**
 * Where an NSG stands in front of more locks than 200–299 hold, the others take the first free priority behind these,
 * before every rule that would let their ports through; what has to make way then goes far down, once for all.
 */
const movedFarFrom = 3000;
const lowest = 4096;

/** A lock's rule has its own name per address family: ARM takes no mix of families in one rule. */
export function lockName(vm: VmId, family: Family): string {
  return family === 'ipv4' ? lockRuleName(vm) : lockRuleName(vm, ipv6Part);
}

/**
 * The changes of a lock; those that are done already are left out. Throws UNSUPPORTED, BAD_INPUT (policy too long for
 * tags), CLOUD_QUOTA (no priority left), CLOUD_CONFLICT (somebody else's rule has our name).
 */
export function draftLock(fresh: FreshVm, ports: PolicyPort[]): Draft {
  const { vm } = fresh;
  if (vm.problem !== undefined || (standsOf(vm).length === 0 && !vm.firewall)) throw unsupported(vm);
  const draft: Draft = { changes: [], warnings: [] };
  draft.changes.push(...policyChange(fresh, { ports }));
  if (vm.defender !== undefined) {
    draft.warnings.push(
      `The Defender policy “${vm.defender.policyName}” names this VM too; requests made there still open its ports.`,
    );
  }
  draftGates(fresh, ports, draft, () => true);
  if (fresh.nat) draftTakeOut(vm, fresh.nat, ports, draft);
  return draft;
}

/** The rules of a lock, in each gate that has one or of which `needed` says so by the rules that would let through. */
export function draftGates(
  fresh: FreshVm,
  ports: PolicyPort[],
  draft: Draft,
  needed: (inTheWay: GateRule[]) => boolean,
): void {
  const { vm } = fresh;
  const plannedGates = new Map<GateId, PlannedGate>();
  for (const stand of standsOf(vm)) {
    const planned = plannedGates.get(stand.gate) ?? planGate(fresh, stand);
    plannedGates.set(stand.gate, planned);
    draftStand(fresh, stand, planned, ports, draft, needed);
  }
  draft.warnings.push(...adminWarnings(vm, ports));
  for (const nic of vm.interfaces) {
    if (gatesOf(nic).length > 0 || !straight(vm, nic)) continue;
    const name = nic.id.split('/').at(-1) ?? nic.id;
    draft.warnings.push(
      `The network interface ${name} has no network security group: it stays open to everybody.`,
    );
  }
}

/** A gate as the plan would leave it so far: which priorities are taken. */
interface PlannedGate {
  nsg: NetworkSecurityGroup;
  rules: GateRule[];
  taken: Set<number>;
  moved: Set<string>;
  /** The lowest priority that a rule was moved to: locks stay before it. */
  movedTo: number;
}

function planGate(fresh: FreshVm, stand: Stand): PlannedGate {
  const nsg = fresh.gates.get(stand.gate) ?? {};
  const rules = fresh.vm.interfaces
    .flatMap(nic => nic.layers)
    .flatMap(layer => layer.gates)
    .find(gate => gate.id === stand.gate)?.rules;
  const all = rules ?? mapGate(nsg, () => undefined).rules;
  return {
    nsg,
    rules: all,
    taken: new Set(all.map(rule => rule.priority ?? 0)),
    moved: new Set(),
    movedTo: Infinity,
  };
}

function draftStand(
  fresh: FreshVm,
  stand: Stand,
  planned: PlannedGate,
  ports: PolicyPort[],
  draft: Draft,
  needed: (inTheWay: GateRule[]) => boolean,
): void {
  const { vm } = fresh;
  const name = lockName(vm.id, stand.family);
  const standing = planned.nsg.securityRules?.find(rule => rule.name?.toLowerCase() === name);
  if (standing !== undefined && !isLock(name, standing.description)) throw nameTaken(name, stand.gateName);
  const letting = planned.rules.filter(rule => lets(rule, stand.addresses, ports));
  for (const rule of letting.filter(each => each.by === 'defender')) {
    draft.warnings.push(
      `Defender for Cloud has opened ports in ${stand.gateName} (“${rule.name}”); it shuts them itself.`,
    );
  }
  const inTheWay = letting.filter(rule => rule.by === 'foreign' && !planned.moved.has(rule.name));
  if (standing === undefined && !needed(inTheWay)) return;
  const priority = makeRoom(fresh, stand, planned, inTheWay, standing?.priority, draft);
  if (priority > lockPriorities.to && standing?.priority !== priority) {
    draft.warnings.push(
      `All priorities from ${lockPriorities.from} to ${lockPriorities.to} of ${stand.gateName} are taken: this lock goes to ${priority}. Whoever adds a rule before it later can let its ports through.`,
    );
  }
  const wanted = lockRule(
    {
      ports: [...new Set(ports.map(port => port.port))],
      protocol: commonProtocol(ports),
      destinations: stand.addresses,
      description: lockDescription(vm.name, ports),
    },
    priority,
  );
  if (standing !== undefined && saysTheSame(standing, wanted)) return;
  const portWords = ports.map(port => `${port.port}/${port.protocol}`).join(', ');
  draft.changes.push({
    kind: 'put',
    gate: stand.gate,
    name,
    rule: wanted,
    step: {
      action: standing === undefined ? 'create' : 'update',
      target: stand.gateName,
      what: `Deny ${portWords} to ${stand.addresses.join(', ')} by the rule ${name} at priority ${priority}, or the next that is free then.`,
      foreign: false,
    },
  });
}

/** The lock's priority; rules that would be judged before it are moved down (each move is a change of its own). */
function makeRoom(
  fresh: FreshVm,
  stand: Stand,
  planned: PlannedGate,
  inTheWay: GateRule[],
  has: number | undefined,
  draft: Draft,
): number {
  const left = inTheWay.toSorted((a, b) => (a.priority ?? 0) - (b.priority ?? 0));
  for (;;) {
    const last = Math.min(left[0]?.priority ?? Infinity, planned.movedTo, lowest + 1) - 1;
    if (has !== undefined && has >= lockPriorities.from && has <= last) return has;
    const free = firstFree(planned.taken, lockPriorities.from, last);
    if (free !== undefined) {
      planned.taken.add(free);
      return free;
    }
    const first = left.shift();
    if (first === undefined) throw noRoom(stand.gateName, `${lockPriorities.from} to ${last}`);
    draft.changes.push(moveDown(fresh, stand, planned, first, draft));
  }
}

function moveDown(fresh: FreshVm, stand: Stand, planned: PlannedGate, rule: GateRule, draft: Draft): Change {
  const from = rule.priority ?? 0;
  const crowded = firstFree(planned.taken, lockPriorities.from, lockPriorities.to) === undefined;
  const after = Math.max(
    crowded ? movedFarFrom : movedFrom,
    ...planned.rules.filter(r => planned.moved.has(r.name)).map(r => r.priority ?? 0),
  );
  const to = firstFree(planned.taken, after, lowest);
  if (to === undefined) throw noRoom(stand.gateName, `${movedFrom} to ${lowest}`);
  planned.taken.add(to);
  planned.moved.add(rule.name);
  planned.movedTo = Math.min(planned.movedTo, to);
  for (const other of planned.rules) {
    const between = (other.priority ?? 0) > from && (other.priority ?? 0) < to;
    if (!between || other.by !== 'foreign' || other.access === rule.access || !overlaps(other, rule))
      continue;
    draft.warnings.push(`After the move “${other.name}” (${other.access}) is judged before “${rule.name}”.`);
  }
  return {
    kind: 'move',
    gate: stand.gate,
    rule,
    to,
    before: remembering(planned.nsg, rule.name, from),
    after: noTags,
    step: {
      action: 'move',
      target: stand.gateName,
      what: `Move the rule “${rule.name}”, which is not Latchkey's and lets protected ports of “${fresh.vm.name}” through, from priority ${from} to ${to}.`,
      foreign: true,
      before: `priority ${from}`,
      after: `priority ${to}`,
    },
  };
}

/** Where a rule stood before it was moved for the first time is what an unlock puts back. */
function remembering(nsg: NetworkSecurityGroup, rule: string, from: number): TagChange {
  const [, remembered] = findTag(nsg.tags ?? {}, movedTag(rule)) ?? [];
  if (remembered !== undefined && Number(remembered) < from) return noTags;
  return { merge: { [movedTag(rule)]: String(from) }, remove: {} };
}

/** The policy as tags on the VM, written first: whoever finds a lock finds its policy too. */
function policyChange(fresh: FreshVm, policy: Policy): Change[] {
  const wanted = policyTags(policy);
  const stale = policyTagKeys
    .filter(key => wanted[key] === undefined)
    .flatMap(key => ownTag(fresh.tags, key));
  const same = Object.entries(wanted).every(([key, value]) => findTag(fresh.tags, key)?.[1] === value);
  if (same && stale.length === 0) return [];
  const before = policyText(fresh.tags);
  return [
    {
      kind: 'tags',
      resource: fresh.vm.id,
      tags: { merge: wanted, remove: Object.fromEntries(stale) },
      step: {
        action: 'tag',
        target: fresh.vm.name,
        what: 'Write the policy to the tags of the VM, where the whole team reads it.',
        foreign: false,
        ...(before === '' ? {} : { before }),
        after: policyText(wanted),
      },
    },
  ];
}

/** The policy tags a VM has, in order. */
export function ownTag(tags: Record<string, string>, key: string): [string, string][] {
  const found = findTag(tags, key);
  return found === undefined ? [] : [found];
}

/** A policy's tags as one text, for a step's before and after; empty if there is none. */
export function policyText(tags: Record<string, string>): string {
  return policyTagKeys.flatMap(key => ownTag(tags, key).map(([, value]) => value)).join(' ');
}

/** The lowest priority from `from` to `to` that is not taken; undefined if all are. */
export function firstFree(taken: Set<number>, from: number, to: number): number | undefined {
  for (let priority = from; priority <= to; priority++) if (!taken.has(priority)) return priority;
  return undefined;
}

function commonProtocol(ports: PolicyPort[]): PolicyPort['protocol'] {
  const [first, ...others] = new Set(ports.map(port => port.protocol));
  return first === undefined || others.length > 0 ? 'any' : first;
}

function noRoom(gate: string, range: string): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_QUOTA',
    message: `All priorities from ${range} of ${gate} are taken.`,
    fix: 'Remove or move rules of this network security group, then lock again.',
  });
}

function nameTaken(name: string, gate: string): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_CONFLICT',
    message: `${gate} has a rule named ${name} that does not prove to be Latchkey's.`,
    fix: 'Look at that rule in Azure; rename or remove it, then lock again.',
  });
}
