/** NSG rules as ARM writes them, in the normal form of shared/domain/vm.ts. */
import type { EffectiveSecurityAdminRule, NetworkSecurityGroup, SecurityRule } from '@azure/arm-network';
import { parseCidr } from '../../../shared/domain/cidr.ts';
import { gateId } from '../../../shared/domain/ids.ts';
import { isLock } from '../../../shared/domain/lockMark.ts';
import { isOurs, parseMark } from '../../../shared/domain/ruleMark.ts';
import type { AddressSpec, Gate, GateRule, PortRange } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';

/** Private addresses of an application security group's members, by its id in lower case; undefined where not known. */
export type Members = (group: string, side: 'source' | 'destination') => string[] | undefined;

/** Rules that Defender's just-in-time access writes (reference section 2.1). */
const defenderRule = /^(SecurityCenter|MicrosoftDefenderForCloud)-JITRule[_-]/;

/** A whole NSG: its own rules and the default ones, inbound only, by priority. Throws BAD_INPUT if it makes no sense. */
export function mapGate(nsg: NetworkSecurityGroup, members: Members): Gate {
  const id = gateId(nsg.id ?? '');
  const rules = [
    ...(nsg.securityRules ?? []).filter(isInbound).map(rule => mapRule(rule, members, false)),
    ...(nsg.defaultSecurityRules ?? []).filter(isInbound).map(rule => mapRule(rule, members, true)),
  ];
  rules.sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0));
  return { id, name: nsg.name ?? id.split('/').at(-1) ?? id, kind: 'nsg', rules };
}

/** One inbound rule. Throws BAD_INPUT where a field can't be read: half-understood rules must not be judged. */
export function mapRule(rule: SecurityRule, members: Members, isDefault: boolean): GateRule {
  const name = rule.name ?? '';
  const description = rule.description === '' ? undefined : rule.description;
  if (rule.priority === undefined) throw nonsense(name, 'it has no priority');
  const access = rule.access?.toLowerCase();
  if (access !== 'allow' && access !== 'deny') throw nonsense(name, 'it neither allows nor denies');
  const mark = isOurs(name, description) ? parseMark(description) : undefined;
  const sourcePorts = portsOf(name, rule.sourcePortRange, rule.sourcePortRanges);
  return {
    id: (rule.id ?? '').toLowerCase(),
    name,
    priority: rule.priority,
    access,
    protocol: protocolOf(rule.protocol),
    sources: addressesOf(
      rule.sourceAddressPrefix,
      rule.sourceAddressPrefixes,
      rule.sourceApplicationSecurityGroups,
      group => members(group, 'source'),
    ),
    destinations: addressesOf(
      rule.destinationAddressPrefix,
      rule.destinationAddressPrefixes,
      rule.destinationApplicationSecurityGroups,
      group => members(group, 'destination'),
    ),
    ports: portsOf(name, rule.destinationPortRange, rule.destinationPortRanges),
    ...(sourcePorts.length === 0 || sourcePorts.some(isAnyPort) ? {} : { sourcePorts }),
    ...(description === undefined ? {} : { description }),
    ...(mark === undefined ? {} : { mark }),
    by: isDefault
      ? 'default'
      : mark !== undefined
        ? 'grant'
        : isLock(name, description)
          ? 'lock'
          : defenderRule.test(name)
            ? 'defender'
            : 'foreign',
  };
}

/** One inbound security admin rule of Virtual Network Manager. Throws BAD_INPUT where a field can't be read. */
export function mapAdminRule(rule: EffectiveSecurityAdminRule): GateRule {
  const name = rule.id?.split('/').at(-1) ?? rule.description ?? '';
  if (rule.priority === undefined) throw nonsense(name, 'it has no priority');
  const sourcePorts = portsOf(name, undefined, rule.sourcePortRanges);
  const places = (items: EffectiveSecurityAdminRule['sources']) =>
    (items ?? []).map(item => addressOf(item.addressPrefix ?? '*'));
  return {
    id: (rule.id ?? '').toLowerCase(),
    name,
    priority: rule.priority,
    access: adminAccess(name, rule.access),
    protocol: rule.protocol?.toLowerCase() === 'any' ? 'any' : protocolOf(rule.protocol),
    sources: places(rule.sources),
    destinations: places(rule.destinations),
    ports: portsOf(name, undefined, rule.destinationPortRanges),
    ...(sourcePorts.length === 0 || sourcePorts.some(isAnyPort) ? {} : { sourcePorts }),
    ...(rule.description === undefined ? {} : { description: rule.description }),
    by: 'foreign',
  };
}

function adminAccess(name: string, text: string | undefined): GateRule['access'] {
  switch (text?.toLowerCase() ?? '') {
    case 'allow':
      return 'allow';
    case 'alwaysallow':
      return 'always-allow';
    case 'deny':
      return 'deny';
    default:
      throw nonsense(name, 'it neither allows nor denies');
  }
}

function isInbound(rule: SecurityRule): boolean {
  return rule.direction?.toLowerCase() !== 'outbound';
}

function protocolOf(protocol: string | undefined): GateRule['protocol'] {
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

function addressesOf(
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

function addressOf(text: string): AddressSpec {
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

function portsOf(rule: string, range: string | undefined, ranges: string[] | undefined): PortRange[] {
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

function isAnyPort(range: PortRange): boolean {
  return range.from === 0 && range.to === 65_535;
}

function nonsense(rule: string, why: string): LatchkeyError {
  return new LatchkeyError({
    code: 'BAD_INPUT',
    message: `The rule “${rule.slice(0, 80)}” can't be read: ${why}.`,
  });
}
