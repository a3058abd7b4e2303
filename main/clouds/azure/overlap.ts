/** Could two rules, or a rule and a lock, meet the same packet? In doubt yes: a plan must rather name too much. */
import type { Protocol } from '../../../shared/contract/common.ts';
import { cidrContains, cidrFamily, parseCidr } from '../../../shared/domain/cidr.ts';
import type { AddressSpec, GateRule, PortRange } from '../../../shared/domain/vm.ts';

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

/** True if the rule's destination holds this private address. */
export function reaches(rule: GateRule, address: string): boolean {
  return rule.destinations.some(spec => holds(spec, address));
}

/** True if some packet could meet both rules; sources aside. */
export function overlaps(a: GateRule, b: GateRule): boolean {
  return (
    sameProtocol(a.protocol, b.protocol) &&
    a.ports.some(x => b.ports.some(y => x.from <= y.to && y.from <= x.to)) &&
    a.destinations.some(x => b.destinations.some(y => meet(x, y)))
  );
}

function holds(spec: AddressSpec, address: string): boolean {
  switch (spec.kind) {
    case 'any':
      return true;
    case 'cidr':
      return cidrContains(spec.cidr, address);
    case 'tag':
      // A VM's private address is in its virtual network; other tags stand for addresses of services.
      return spec.tag.toLowerCase() === 'virtualnetwork';
    case 'group':
      return spec.memberAddresses?.includes(address) ?? true;
  }
}

function meet(a: AddressSpec, b: AddressSpec): boolean {
  if (a.kind !== 'cidr' || b.kind !== 'cidr') return true;
  if (cidrFamily(a.cidr) !== cidrFamily(b.cidr)) return false;
  const [x, y] = [parseCidr(a.cidr), parseCidr(b.cidr)];
  return x.first <= y.last && y.first <= x.last;
}

function sameProtocol(a: GateRule['protocol'], b: GateRule['protocol']): boolean {
  return a === b || a === 'any' || b === 'any';
}

function inside(ranges: PortRange[], port: number): boolean {
  return ranges.some(range => range.from <= port && port <= range.to);
}
