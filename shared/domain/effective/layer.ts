/** One layer of gates, rule by rule, in three values: what it surely lets through, surely stops, or we can't tell. */
import type { AddressSpec, Gate, GateLayer, GateRule, PortRange } from '../vm.ts';
import { type AddressSet, intersect, isEmpty, meet, nowhere, subtract, union } from './addressSet.ts';
import { type Cover, destinationCover } from './places.ts';

/** All of a packet but its source address. */
export interface Packet {
  protocol: 'tcp' | 'udp';
  port: number;
  sourcePort: number;
  /** The VM's address the packet arrives for, after any translation; a set of this one. */
  destination: AddressSet;
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

/** For each source in `from`: in one of these sets only = that happens to it, in several = can't tell which. */
export interface Walk {
  /** Goes on to the next layer. */
  mayAllow: AddressSet;
  /** Is stopped. */
  mayDeny: AddressSet;
  /** Arrives, and no later layer is asked. */
  mayEnd: AddressSet;
  decisions: Decision[];
}

/**
 * Takes packets from every source in `from` through a layer. First-match: by priority; an address leaves the walk when
 * a rule surely decides for it, and one that only perhaps matches leaves it both ways open. Any-allow is the same walk
 * over the allow rules alone. Nobody decides: denied (an NSG without its default rules, a security group), but admin
 * rules leave it to the next layer.
 */
export function walk(layer: GateLayer, packet: Packet, from: AddressSet, reading: Reading): Walk {
  if (layer.unread !== undefined) return { mayAllow: from, mayDeny: from, mayEnd: from, decisions: [] };
  if (layer.mode === 'first-match' && layer.gates.length === 0) {
    return { mayAllow: from, mayDeny: nowhere, mayEnd: nowhere, decisions: [] };
  }
  const decisions: Decision[] = [];
  let undecided = from;
  for (const candidate of inOrder(layer, packet)) {
    if (isEmpty(undecided)) break;
    const { gate, rule } = candidate;
    const there = destinationFits(candidate, packet.destination);
    if (there === 'no' || reading.without?.(rule)) continue;
    const cover = coverOf(rule, there, reading);
    const may = intersect(undecided, cover.may);
    if (isEmpty(may)) continue;
    const sure = intersect(undecided, cover.sure);
    decisions.push({ gate, rule, sure, may });
    undecided = subtract(undecided, sure);
  }
  const mayBy = (access: GateRule['access']): AddressSet[] =>
    decisions.filter(d => d.rule.access === access).map(d => d.may);
  const goesOn = layer.mode === 'admin';
  return {
    mayAllow: union(goesOn ? undecided : nowhere, ...mayBy('allow')),
    mayDeny: union(goesOn ? nowhere : undecided, ...mayBy('deny')),
    mayEnd: union(...mayBy('always-allow')),
    decisions,
  };
}

/**
 * One source port for each way the layers' rules can tell source ports apart: what holds for these holds for all.
 * Nearly always just one, because nearly no rule names source ports.
 */
export function sourcePortsToTry(layers: GateLayer[]): number[] {
  const edges: number[] = [];
  for (const { gates } of layers) {
    for (const { rules } of gates) {
      for (const { sourcePorts } of rules) {
        for (const range of sourcePorts ?? []) edges.push(range.from, range.to + 1);
      }
    }
  }
  return [...new Set([1, ...edges])].filter(port => port >= 1 && port <= 65_535);
}

/** A rule that matches the packet wherever it goes, and where it applies. */
interface Candidate {
  gate: Gate;
  rule: GateRule;
  destinations: Cover[];
}

function inOrder(layer: GateLayer, packet: Packet): Candidate[] {
  const found = layer.gates.map(gate => candidates(gate, packet));
  if (layer.mode === 'any-allow') return found.flat().filter(({ rule }) => rule.access === 'allow');
  const [first = [], ...others] = found;
  return others.length === 0 ? first : byPriority(found.flat());
}

/** In front of a hundred VMs stands one NSG with a hundred locks: what fits a port is looked for once. */
const known = new WeakMap<GateRule[], Map<string, Candidate[]>>();
/** Fewer rules are gone through more quickly than looked up. */
const many = 16;

function candidates(gate: Gate, packet: Packet): Candidate[] {
  const { rules } = gate;
  if (rules.length < many) return fitting(gate, packet);
  const key = `${packet.protocol} ${packet.port} ${packet.sourcePort}`;
  const ofGate = known.get(rules) ?? new Map<string, Candidate[]>();
  known.set(rules, ofGate);
  const found = ofGate.get(key) ?? fitting(gate, packet);
  ofGate.set(key, found);
  return found;
}

function fitting(gate: Gate, packet: Packet): Candidate[] {
  const found = gate.rules.filter(rule => fits(rule, packet));
  return byPriority(
    found.map(rule => ({ gate, rule, destinations: rule.destinations.map(destinationCover) })),
  );
}

function byPriority(all: Candidate[]): Candidate[] {
  const priority = ({ rule }: Candidate): number => rule.priority ?? Number.MAX_SAFE_INTEGER;
  return all.sort((a, b) => priority(a) - priority(b));
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

function coverOf(rule: GateRule, there: 'surely' | 'perhaps', reading: Reading): Cover {
  const sources = rule.sources.map(reading.cover);
  return {
    sure: there === 'surely' ? union(...sources.map(c => c.sure)) : nowhere,
    may: union(...sources.map(c => c.may)),
  };
}

/** A rule without destinations (security groups) means the VM whatever its address. */
function destinationFits({ destinations }: Candidate, address: AddressSet): 'surely' | 'perhaps' | 'no' {
  if (destinations.length === 0) return 'surely';
  if (destinations.some(cover => meet(cover.sure, address))) return 'surely';
  return destinations.some(cover => meet(cover.may, address)) ? 'perhaps' : 'no';
}
