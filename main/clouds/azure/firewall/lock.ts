/**
 * The firewall's part of a lock: DNAT rules of others that lead to protected ports are taken out, for what stands behind the
 * firewall can't tell their clients from ours. Remembered in tags (natMemory.ts), they come back with the unlock. Pure.
 */
import type { PolicyPort } from '../../../../shared/contract/policies.ts';
import type { GateRule, Vm } from '../../../../shared/domain/vm.ts';
import type { Change, Draft } from '../lockPlan.ts';
import type { TagChange } from '../tags.ts';
import { mapNatRules } from './mapNat.ts';
import { changedTags, type KeptRule, remembered, remembering } from './memory.ts';
import {
  firewallFields,
  groupFields,
  type NatCollection,
  type RawCollection,
  type RawNatRule,
} from './model.ts';
import { type NatStock, standAt } from './place.ts';
import type { NatChange } from './writer.ts';

/** The firewall in front of a VM, as just read. */
export interface FreshNat {
  /** Where rules may stand: the classic firewall, or each group of its policy. */
  stocks: NatStock[];
  /** Collections of the policy's parent: judged first, and not Latchkey's to change. */
  inherited: NatCollection[];
  /** The firewall or the policy: whose tags remember. */
  holder: { id: string; tags: Record<string, string> };
}

/** Adds to a lock's draft what the firewall needs. */
export function draftTakeOut(vm: Vm, nat: FreshNat, ports: PolicyPort[], draft: Draft): void {
  const exposing = (collection: NatCollection) =>
    mapNatRules(collection).map((rule, index) => ({ rule, index, leads: leadsTo(rule, vm, ports) }));
  for (const collection of nat.inherited) {
    for (const { rule } of exposing(collection).filter(one => one.leads))
      draft.warnings.push(
        `The DNAT rule “${rule.name}” of the parent policy leads to protected ports; Latchkey does not change a parent. Take it out there.`,
      );
  }
  const already = remembered(vm.id, nat.holder.tags) ?? [];
  for (const stock of nat.stocks) {
    const found = stock.collections.flatMap(collection =>
      exposing(collection)
        .filter(one => one.leads)
        .map(one => ({ ...one, collection })),
    );
    for (const { rule } of found.filter(one => one.rule.by === 'defender'))
      draft.warnings.push(`Defender for Cloud has opened a port by “${rule.name}”; it shuts it itself.`);
    const taken = found
      .filter(one => one.rule.by === 'foreign')
      .map(one => keep(stock, one.collection, one.index));
    if (taken.length === 0) continue;
    const others = already.filter(one => !taken.some(rule => isSame(rule, one)));
    already.splice(0, already.length, ...others, ...taken);
    draft.changes.push(takeOut(vm, nat, stock, taken, remembering(vm.id, already, nat.holder.tags)));
  }
}

function takeOut(vm: Vm, nat: FreshNat, stock: NatStock, taken: KeptRule[], tags: TagChange): Change {
  const names = taken.map(one => `“${one.rule.name}”`).join(', ');
  return {
    kind: 'nat',
    place: stock.place,
    holder: nat.holder.id,
    before: tags,
    change: withTags(stock, tags, {
      edit: now => without(now, taken),
      holds: now => !taken.some(one => findKept(now, one) !== undefined),
    }),
    step: {
      action: 'remove',
      target: stock.place.name,
      what: `Take out the DNAT ${rulesWord(taken)} ${names}, not Latchkey's, that ${taken.length === 1 ? 'leads' : 'lead'} others to protected ports of “${vm.name}”.`,
      foreign: true,
      before: taken.map(one => JSON.stringify(one.rule)).join('\n'),
    },
  };
}

/** Adds to an unlock's draft what a lock took out. */
export function draftPutBack(vm: Vm, nat: FreshNat, draft: Draft): void {
  const all = remembered(vm.id, nat.holder.tags);
  if (all === undefined) {
    draft.warnings.push(
      'The tags that remember which DNAT rules the lock took out can’t be read: none comes back.',
    );
    return;
  }
  if (all.length === 0) return;
  const addresses = new Set(vm.interfaces.flatMap(nic => nic.privateAddresses));
  const forget = remembering(vm.id, [], nat.holder.tags);
  let left = all.length;
  for (const stock of nat.stocks) {
    const here = all.filter(one => one.group === groupOf(stock));
    left -= here.length;
    // Anybody who may write tags there could have written these: only what led to this VM comes back.
    const own = here.filter(one => addresses.has(String((one.rule as RawNatRule).translatedAddress)));
    if (own.length < here.length)
      draft.warnings.push('A remembered DNAT rule leads elsewhere now: it does not come back.');
    const missing = own.filter(one => findKept(stock, one) === undefined);
    if (missing.length > 0) draft.changes.push(putBack(vm, nat, stock, missing));
  }
  if (left > 0)
    draft.warnings.push(
      'A rule collection group is gone, and with it the place of DNAT rules that the lock took out.',
    );
  // Last, when all have come back: a crash before leaves them remembered.
  draft.changes.push({
    kind: 'tags',
    resource: nat.holder.id,
    tags: forget,
    step: {
      action: 'tag',
      target: nat.stocks[0]?.place.name ?? vm.name,
      what: 'Forget the DNAT rules that the lock had taken out.',
      foreign: false,
    },
  });
}

function putBack(vm: Vm, nat: FreshNat, stock: NatStock, missing: KeptRule[]): Change {
  const names = missing.map(one => `“${one.rule.name}”`).join(', ');
  return {
    kind: 'nat',
    place: stock.place,
    holder: nat.holder.id,
    before: noTags,
    change: {
      edit: now => withBack(now, missing),
      holds: now => missing.every(one => findKept(now, one) !== undefined),
    },
    step: {
      action: 'create',
      target: stock.place.name,
      what: `Put back the DNAT ${rulesWord(missing)} ${names} that the lock of “${vm.name}” took out.`,
      foreign: true,
      after: missing.map(one => JSON.stringify(one.rule)).join('\n'),
    },
  };
}

const noTags: TagChange = { merge: {}, remove: {} };
const rulesWord = (rules: KeptRule[]) => (rules.length === 1 ? 'rule' : 'rules');

/** A classic firewall's tags are written with its rules, in one. */
function withTags({ place }: NatStock, tags: TagChange, change: NatChange): NatChange {
  if (place.kind === 'policy') return change;
  return { ...change, tags: before => changedTags(before, tags) };
}

function leadsTo(rule: GateRule, vm: Vm, ports: PolicyPort[]): boolean {
  const { translation } = rule;
  if (rule.by === 'grant' || translation?.address === undefined) return false;
  const { address } = translation;
  return (
    vm.interfaces.some(nic => nic.privateAddresses.includes(address)) &&
    ports.some(
      ({ port, protocol }) =>
        port === translation.port &&
        (rule.protocol === protocol || rule.protocol === 'any' || protocol === 'any'),
    )
  );
}

function keep(stock: NatStock, collection: NatCollection, index: number): KeptRule {
  const { rules: _inside, ...fields } = collection.raw.properties ?? {};
  const { rules: _beside, ...frame } = collection.raw;
  const standing = allCollections(stock);
  return {
    group: groupOf(stock),
    collection: collection.name,
    frame: collection.raw.properties === undefined ? frame : { ...frame, properties: fields },
    position: Math.max(0, standing.indexOf(collection.raw)),
    index,
    rule: collection.rules[index] as KeptRule['rule'],
  };
}

function allCollections({ place, resource }: NatStock): RawCollection[] {
  if (resource === undefined) return [];
  const all =
    place.kind === 'classic'
      ? firewallFields(resource).natRuleCollections
      : groupFields(resource).ruleCollections;
  return all ?? [];
}

function groupOf({ place }: NatStock): string {
  return place.kind === 'classic' ? '' : (place.id.split('/').at(-1) ?? '').toLowerCase();
}

function isSame(a: KeptRule, b: KeptRule): boolean {
  return a.group === b.group && a.collection === b.collection && a.rule.name === b.rule.name;
}

/** The rule of that name in that collection, whatever it says. */
function findKept(stock: NatStock, one: KeptRule): RawNatRule | undefined {
  return stock.collections
    .find(({ name }) => name === one.collection)
    ?.rules.find(({ name }) => name === one.rule.name);
}

function without(stock: NatStock, taken: KeptRule[]): RawCollection[] {
  return stock.collections.flatMap(collection => {
    const gone = new Set(taken.filter(one => one.collection === collection.name).map(one => one.rule.name));
    const rules = collection.rules.filter(rule => !gone.has(rule.name ?? ''));
    if (rules.length === collection.rules.length) return [collection.raw];
    return rules.length === 0 ? [] : [withRules(collection.raw, rules)];
  });
}

function withBack(stock: NatStock, missing: KeptRule[]): RawCollection[] {
  const raws = new Map(stock.collections.map(one => [one.name, one.raw]));
  const taken = new Set(stock.collections.map(one => one.priority));
  for (const one of missing.toSorted((a, b) => a.index - b.index)) {
    if (findKept(stock, one) !== undefined) continue;
    const raw = raws.get(one.collection) ?? standAt(framed(one, taken), one.position);
    const rules = [...((raw.properties ?? raw).rules ?? [])];
    rules.splice(Math.min(one.index, rules.length), 0, one.rule as RawNatRule);
    const next = withRules(raw, rules);
    raws.set(one.collection, raws.has(one.collection) ? next : standAt(next, one.position));
  }
  return [...raws.values()];
}

/** The collection again, at its priority or the next that is free. */
function framed(one: KeptRule, taken: Set<number>): RawCollection {
  const frame = one.frame as RawCollection;
  const fields = frame.properties ?? frame;
  let priority = fields.priority ?? 0;
  while (taken.has(priority)) priority++;
  taken.add(priority);
  return frame.properties === undefined
    ? { ...frame, priority }
    : { ...frame, properties: { ...frame.properties, priority } };
}

/** Written in the place of the rules it had, so that its fields keep their order. */
function withRules(raw: RawCollection, rules: RawNatRule[]): RawCollection {
  return raw.properties === undefined
    ? { ...raw, rules }
    : { ...raw, properties: { ...raw.properties, rules } };
}
