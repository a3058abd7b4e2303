/** The fields of ARM's rules in our terms. */
import { parseCidr } from '../../../shared/domain/cidr.ts';
import type { AddressSpec, GateRule, PortRange } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';

export function protocolOf(protocol: string | undefined): GateRule['protocol'] {
  switch (protocol?.toLowerCase()) {
    case 'tcp':
      return 'tcp';
    case 'udp':
      return 'udp';
    case 'icmp':
    case 'icmpv6':
      return 'icmp';
    case '*':
    case undefined:
      return 'any';
    default:
      return 'other';
  }
}

export function addressesOf(
  prefix: string | undefined,
  prefixes: string[] | undefined,
  groups: { id?: string | undefined }[] | undefined,
  members: (group: string) => string[] | undefined,
): AddressSpec[] {
  const texts = [...(prefix ? [prefix] : []), ...(prefixes ?? [])];
  const specs = texts.map(addressOf);
  for (const group of groups ?? []) {
    const id = (group.id ?? '').toLowerCase();
    specs.push({ kind: 'group', id, memberAddresses: members(id) });
  }
  return specs;
}

export function addressOf(text: string): AddressSpec {
  if (text === '*' || text.toLowerCase() === 'any') return { kind: 'any' };
  return isCidr(text) ? { kind: 'cidr', cidr: text } : { kind: 'tag', tag: text };
}

function isCidr(text: string): boolean {
  try {
    parseCidr(text);
    return true;
  } catch {
    return false;
  }
}

export function portsOf(rule: string, range: string | undefined, ranges: string[] | undefined): PortRange[] {
  return [...(range ? [range] : []), ...(ranges ?? [])].map(text => portRange(rule, text));
}

function portRange(rule: string, text: string): PortRange {
  if (text === '*') return { from: 0, to: 65_535 };
  const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  if (from === '' || Number(from) > Number(to) || Number(to) > 65_535) {
    throw nonsense(rule, `“${text}” is no port range`);
  }
  return { from: Number(from), to: Number(to) };
}

export function isAnyPort(range: PortRange): boolean {
  return range.from === 0 && range.to === 65_535;
}

export function nonsense(rule: string, why: string): LatchkeyError {
  return new LatchkeyError({
    code: 'BAD_INPUT',
    message: `The rule “${rule.slice(0, 80)}” can't be read: ${why}.`,
  });
}
