/** The NSG rules Latchkey writes, and telling whether a rule that stands says what was meant. */
import type { SecurityRule } from '@azure/arm-network';
import type { Protocol } from '../../../shared/contract/common.ts';
import { canonicalCidr } from '../../../shared/domain/cidr.ts';
import { formatMark } from '../../../shared/domain/ruleMark.ts';
import type { RuleOrder } from '../cloud.ts';

/** The rule that carries a grant: lets exactly these sources to exactly these ports of exactly this VM. */
export function grantRule(order: RuleOrder, priority: number): SecurityRule {
  return {
    description: formatMark(order.mark),
    protocol: armProtocol(order.protocol),
    access: 'Allow',
    direction: 'Inbound',
    priority,
    sourcePortRange: '*',
    ...oneOrMany('sourceAddressPrefix', 'sourceAddressPrefixes', order.sources),
    ...oneOrMany('destinationAddressPrefix', 'destinationAddressPrefixes', order.destinations),
    ...oneOrMany('destinationPortRange', 'destinationPortRanges', order.ports.map(String)),
  };
}

/** The rule of a lock: nobody to these ports of this VM. Addresses of one family (ARM takes no mix in one rule). */
export function lockRule(
  lock: { ports: number[]; protocol: Protocol; destinations: string[]; description: string },
  priority: number,
): SecurityRule {
  return {
    description: lock.description,
    protocol: armProtocol(lock.protocol),
    access: 'Deny',
    direction: 'Inbound',
    priority,
    sourcePortRange: '*',
    sourceAddressPrefix: '*',
    ...oneOrMany('destinationAddressPrefix', 'destinationAddressPrefixes', lock.destinations),
    ...oneOrMany('destinationPortRange', 'destinationPortRanges', lock.ports.map(String)),
  };
}

/** A grant's rule that lets nobody in and stops nobody: it denies an address that nobody has (RFC 5737). */
export function disarmed(rule: SecurityRule): SecurityRule {
  const destinations = list(rule.destinationAddressPrefix, rule.destinationAddressPrefixes);
  const isIpv6 = destinations.some(one => one.includes(':'));
  return {
    description: rule.description ?? '',
    protocol: rule.protocol ?? 'Tcp',
    access: 'Deny',
    direction: 'Inbound',
    priority: rule.priority ?? 0,
    sourcePortRange: '*',
    sourceAddressPrefix: isIpv6 ? '2001:db8::1/128' : '192.0.2.1/32',
    ...oneOrMany('destinationAddressPrefix', 'destinationAddressPrefixes', destinations),
    ...oneOrMany(
      'destinationPortRange',
      'destinationPortRanges',
      list(rule.destinationPortRange, rule.destinationPortRanges),
    ),
  };
}

/** True if both rules do and say the same, however ARM spells it (one prefix or a list of one, order, letter case). */
export function saysTheSame(a: SecurityRule, b: SecurityRule): boolean {
  return essence(a) === essence(b);
}

function essence(rule: SecurityRule): string {
  return JSON.stringify([
    rule.description ?? '',
    rule.protocol?.toLowerCase(),
    rule.access?.toLowerCase(),
    rule.direction?.toLowerCase(),
    rule.priority,
    list(rule.sourcePortRange, rule.sourcePortRanges),
    list(rule.sourceAddressPrefix, rule.sourceAddressPrefixes),
    list(rule.destinationAddressPrefix, rule.destinationAddressPrefixes),
    list(rule.destinationPortRange, rule.destinationPortRanges),
    (rule.sourceApplicationSecurityGroups ?? []).map(group => group.id?.toLowerCase()),
    (rule.destinationApplicationSecurityGroups ?? []).map(group => group.id?.toLowerCase()),
  ]);
}

function list(one: string | undefined, many: string[] | undefined): string[] {
  return [...new Set([...(one ? [one] : []), ...(many ?? [])].map(spelling))].toSorted();
}

/** Addresses in canonical text (`10.0.0.4` and `10.0.0.4/32` are the same); all else in lower case. */
function spelling(text: string): string {
  return /[.:]/.test(text) ? canonicalCidr(text) : text.toLowerCase();
}

function armProtocol(protocol: Protocol): string {
  switch (protocol) {
    case 'tcp':
      return 'Tcp';
    case 'udp':
      return 'Udp';
    case 'any':
      return '*';
  }
}

function oneOrMany(one: string, many: string, values: string[]): Record<string, string | string[]> {
  return values.length === 1 && values[0] !== undefined ? { [one]: values[0] } : { [many]: values };
}
