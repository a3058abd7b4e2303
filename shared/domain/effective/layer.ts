/** One layer of gates, rule by rule, in three values: what it surely lets through, surely stops, or we can't tell. */
import type { AddressSpec, Gate, GateLayer, GateRule, PortRange } from '../vm.ts';
import { type AddressSet, intersect, isEmpty, meet, nowhere, setOf, subtract, union } from './addressSet.ts';
import { type Cover, destinationCover } from './places.ts';

/** All of a packet but its source address. */
export interface Packet {
  protocol: 'tcp' | 'udp';
  port: number;
  sourcePort: number;
  /** The VM's address the packet arrives for, after any translation. */
  destination: string;
}

/** How to read rules: what a source covers, and which rules to think away. */
export interface Reading {
  cover: (source: AddressSpec) => Cover;
  without?: ((rule: GateRule) => boolean) | undefined;
}

/** A rule that decides for some sources: for `sure` certainly, for the rest of `may` perhaps. */
export interface Decision {
  gate: Gate;
  rule: GateRule;
  sure: AddressSet;
  may: AddressSet;
}

/** For each source in `from`: in `mayAllow` only = let through, in `mayDeny` only = stopped, in both = can't tell. */
export interface Walk {
  mayAllow: AddressSet;
  mayDeny: AddressSet;
  decisions: Decision[];
}

/**
 * Takes packets from every source in `from` through a layer. First-match: by priority; an address leaves the walk when
 * a rule surely decides for it, and one that only perhaps matches leaves it both ways open. Any-allow is the same walk
 * over the allow rules alone. Nobody decides: denied (an NSG without its default rules, a security group).
 */
export function walk(layer: GateLayer, packet: Packet, from: AddressSet, reading: Reading): Walk {
  if (layer.mode === 'first-match' && layer.gates.length === 0) {
    return { mayAllow: from, mayDeny: nowhere, decisions: [] };
  }
  const decisions: Decision[] = [];
  const point = setOf(packet.destination);
  let undecided = from;
  for (const { gate, rule } of inOrder(layer)) {
    if (isEmpty(undecided)) break;
    if (!fits(rule, packet) || reading.without?.(rule)) continue;
    const cover = coverOf(rule, point, reading);
    const may = intersect(undecided, cover.may);
    if (isEmpty(may)) continue;
    const sure = intersect(undecided, cover.sure);
    decisions.push({ gate, rule, sure, may });
    undecided = subtract(undecided, sure);
  }
  const mayBy = (access: GateRule['access']): AddressSet[] =>
    decisions.filter(d => d.rule.access === access).map(d => d.may);
  return {
    mayAllow: union(...mayBy('allow')),
    mayDeny: union(undecided, ...mayBy('deny')),
    decisions,
  };
}

/**
 * One source port for each way the layers' rules can tell source ports apart: what holds for these holds for all.
 * Nearly always just one, because nearly no rule names source ports.
 */
export function sourcePortsToTry(layers: GateLayer[]): number[] {
  const ranges = layers.flatMap(l => l.gates.flatMap(g => g.rules.flatMap(r => r.sourcePorts ?? [])));
  const edges = ranges.flatMap(range => [range.from, range.to + 1]);
  return [...new Set([1, ...edges])].filter(port => port >= 1 && port <= 65_535);
}

/** Rules of an NSG by priority: a list has 100 VMs and four ports walk through the same one. */
const sorted = new WeakMap<GateRule[], { gate: Gate; rule: GateRule }[]>();

function inOrder(layer: GateLayer): { gate: Gate; rule: GateRule }[] {
  const [gate, ...others] = layer.gates;
  const only = layer.mode === 'first-match' && others.length === 0 ? gate?.rules : undefined;
  const known = only && sorted.get(only);
  if (known) return known;
  const rules = layer.gates.flatMap(gate => gate.rules.map(rule => ({ gate, rule })));
  if (layer.mode === 'any-allow') return rules.filter(({ rule }) => rule.access === 'allow');
  const priority = (rule: GateRule): number => rule.priority ?? Number.MAX_SAFE_INTEGER;
  rules.sort((a, b) => priority(a.rule) - priority(b.rule));
  if (only) sorted.set(only, rules);
  return rules;
}

function fits(rule: GateRule, packet: Packet): boolean {
  const holds = (ranges: PortRange[], port: number): boolean =>
    ranges.some(range => range.from <= port && port <= range.to);
  return (
    (rule.protocol === 'any' || rule.protocol === packet.protocol) &&
    holds(rule.ports, packet.port) &&
    (rule.sourcePorts === undefined || holds(rule.sourcePorts, packet.sourcePort))
  );
}

function coverOf(rule: GateRule, destination: AddressSet, reading: Reading): Cover {
  const there = destinationFits(rule.destinations, destination);
  if (there === 'no') return { sure: nowhere, may: nowhere };
  const sources = rule.sources.map(reading.cover);
  return {
    sure: there === 'surely' ? union(...sources.map(c => c.sure)) : nowhere,
    may: union(...sources.map(c => c.may)),
  };
}

/** A rule without destinations (security groups) means the VM whatever its address. */
function destinationFits(destinations: AddressSpec[], address: AddressSet): 'surely' | 'perhaps' | 'no' {
  if (destinations.length === 0) return 'surely';
  if (destinations.some(spec => meet(destinationCover(spec).sure, address))) return 'surely';
  return destinations.some(spec => meet(destinationCover(spec).may, address)) ? 'perhaps' : 'no';
}
