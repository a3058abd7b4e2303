/** Could two rules, or a rule and a lock, meet the same packet? In doubt yes: a plan must rather name too much. */
import type { Protocol } from '../../../shared/contract/common.ts';
import {
  type AddressSet,
  intersect,
  isEmpty,
  setOf,
  union,
} from '../../../shared/domain/effective/addressSet.ts';
import { destinationCover } from '../../../shared/domain/effective/places.ts';
import type { GateRule, PortRange } from '../../../shared/domain/vm.ts';

/** True if the rule lets somebody through to one of these ports at one of these private addresses. */
export function lets(
  rule: GateRule,
  addresses: string[],
  ports: { port: number; protocol: Protocol }[],
): boolean {
  return (
    rule.access === 'allow' &&
    ports.some(({ port, protocol }) => sameProtocol(rule.protocol, protocol) && inside(rule.ports, port)) &&
    addresses.some(address => reaches(rule, address))
  );
}

/** True if the rule's destination may hold this private address. */
export function reaches(rule: GateRule, address: string): boolean {
  return !isEmpty(intersect(destinationOf(rule), setOf(address)));
}

/** True if some packet could meet both rules; sources aside. */
export function overlaps(a: GateRule, b: GateRule): boolean {
  return (
    sameProtocol(a.protocol, b.protocol) &&
    a.ports.some(x => b.ports.some(y => x.from <= y.to && y.from <= x.to)) &&
    !isEmpty(intersect(destinationOf(a), destinationOf(b)))
  );
}

function destinationOf(rule: GateRule): AddressSet {
  return union(...rule.destinations.map(spec => destinationCover(spec).may));
}

function sameProtocol(a: GateRule['protocol'], b: GateRule['protocol']): boolean {
  return a === b || a === 'any' || b === 'any';
}

function inside(ranges: PortRange[], port: number): boolean {
  return ranges.some(range => range.from <= port && port <= range.to);
}
