/**
 * What somebody else changed on a VM between two looks, in words: its policy, its lock. Pure; sentences that name the VM. Whoever
 * calls knows that it was not us.
 */
import type { Policy } from '../contract/policies.ts';
import { ipv6Part, lockRuleName } from './lockMark.ts';
import { formatDuration } from './time.ts';
import type { GateRule, Vm } from './vm.ts';

/** Empty where nothing of that kind changed. */
export function changesBetween(before: Vm, after: Vm): string[] {
  const { name } = after;
  return [
    ...policyChanges(name, tagOf(before), tagOf(after)),
    ...defenderChanges(name, before.defender, after.defender),
    ...lockChanges(before, after),
  ];
}

type Told = Pick<Vm, 'policy' | 'policyError'>;

/** What the VM's own tag says, whichever policy is in force. */
function tagOf(vm: Vm): Told {
  return vm.defender === undefined ? vm : (vm.tagged ?? {});
}

function defenderChanges(name: string, before: Vm['defender'], after: Vm['defender']): string[] {
  if (before === undefined && after === undefined) return [];
  const policy = `Defender’s just-in-time policy ${after?.policyName ?? before?.policyName}`;
  if (after === undefined) return [`Somebody else took ${name} out of ${policy}.`];
  if (before === undefined) return [`Somebody else put ${name} into ${policy}.`];
  if (after.error !== undefined)
    return before.error === undefined
      ? [`Somebody else edited ${policy} for ${name}. ${after.error.message}`]
      : [];
  const edit = became(before.allows, after.allows);
  return edit === undefined ? [] : [`Somebody else edited ${policy} for ${name}: ${edit}.`];
}

function policyChanges(name: string, before: Told, after: Told): string[] {
  if (after.policyError !== undefined) {
    if (before.policyError !== undefined) return [];
    return [`Somebody else edited the policy tag of ${name}. ${after.policyError.message}`];
  }
  const [was, is] = [before.policy, after.policy];
  if (is === undefined) {
    return was === undefined && before.policyError === undefined
      ? []
      : [`Somebody else took the policy off the tags of ${name}: it is not configured any more.`];
  }
  if (was === undefined) {
    return [`Somebody else gave ${name} a policy: ${words(is).join('; ')}.`];
  }
  const edit = became(was, is);
  return edit === undefined ? [] : [`Somebody else edited the policy of ${name}: ${edit}.`];
}

/** `… became …`; undefined where both allow the same. */
function became(was: Policy | undefined, is: Policy | undefined): string | undefined {
  const [old, fresh] = [words(was), words(is)];
  const gone = old.filter(port => !fresh.includes(port));
  const come = fresh.filter(port => !old.includes(port));
  if (gone.length + come.length === 0) return undefined;
  return `${gone.join('; ') || 'nothing'} became ${come.join('; ') || 'nothing'}`;
}

function words(policy: Policy | undefined): string[] {
  return (policy?.ports ?? []).map(({ port, protocol, maxMs, sources }) => {
    const from = sources.length === 0 ? 'anywhere' : sources.join(', ');
    return `${port}/${protocol} for ${formatDuration(maxMs)} from ${from}`;
  });
}

/** The lock's rules are known by their names: those of one VM are the same in every gate. */
function lockChanges(before: Vm, after: Vm): string[] {
  const names = new Set([lockRuleName(after.id), lockRuleName(after.id, ipv6Part)]);
  const [was, is] = [locksOf(before, names), locksOf(after, names)];
  return [...was].flatMap(([place, old]) => {
    const { gate, rule } = old;
    const now = is.get(place)?.rule;
    const what = now ? difference(rule, now) : 'was removed';
    // A gate that is gone from in front of the VM is another matter, and the way of the packet shows it.
    if (what === undefined || !hasGate(after, old.gateId)) return [];
    return [`Somebody else changed the lock of ${after.name}: rule ${rule.name} in ${gate} ${what}.`];
  });
}

function locksOf(vm: Vm, names: ReadonlySet<string>) {
  const found = new Map<string, { gate: string; gateId: string; rule: GateRule }>();
  for (const gate of gatesOf(vm)) {
    for (const rule of gate.rules) {
      if (names.has(rule.name))
        found.set(`${gate.id} ${rule.name}`, { gate: gate.name, gateId: gate.id, rule });
    }
  }
  return found;
}

function difference(was: GateRule, is: GateRule): string | undefined {
  if (was.by === 'lock' && is.by !== 'lock')
    return 'has another description and does not prove to be Latchkey’s any more';
  if (was.priority !== is.priority) return `was moved from priority ${was.priority} to ${is.priority}`;
  if (was.access !== is.access) return is.access === 'allow' ? 'lets in what it kept out' : 'denies again';
  return essence(was) === essence(is) ? undefined : 'keeps out something else now';
}

function essence({ protocol, sources, destinations, ports, sourcePorts }: GateRule): string {
  return JSON.stringify([protocol, sources, destinations, ports, sourcePorts ?? []]);
}

function hasGate(vm: Vm, id: string): boolean {
  return gatesOf(vm).some(gate => gate.id === id);
}

function gatesOf(vm: Vm) {
  return vm.interfaces.flatMap(nic => nic.layers.flatMap(layer => layer.gates));
}
