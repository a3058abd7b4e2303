/** Security admin rules of Virtual Network Manager in the normal form of shared/domain/vm.ts. */
import type { EffectiveSecurityAdminRule } from '@azure/arm-network';
import type { GateRule } from '../../../shared/domain/vm.ts';
import { addressOf, isAnyPort, nonsense, portsOf, protocolOf } from './ruleFields.ts';

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
