/** NSG rules as ARM writes them, in the normal form of shared/domain/vm.ts. */
import type { NetworkSecurityGroup, SecurityRule } from '@azure/arm-network';
import { gateId } from '../../../shared/domain/ids.ts';
import { isLock } from '../../../shared/domain/lockMark.ts';
import { isOurs, parseMark } from '../../../shared/domain/ruleMark.ts';
import type { Gate, GateRule } from '../../../shared/domain/vm.ts';
import { addressesOf, isAnyPort, nonsense, portsOf, protocolOf } from './ruleFields.ts';

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

function isInbound(rule: SecurityRule): boolean {
  return rule.direction?.toLowerCase() !== 'outbound';
}
