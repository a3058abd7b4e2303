/** Short ways to ARM objects and VMs for tests. */

import type { NetworkSecurityGroup, SecurityRule } from '@azure/arm-network';
import { indexPolicies } from '../../../main/clouds/azure/defender/policyIndex.ts';
import type { FreshVm } from '../../../main/clouds/azure/freshVm.ts';
import { mapGate } from '../../../main/clouds/azure/mapRules.ts';
import { parseAccountId, parseGrantId, parseVmId } from '../../../shared/domain/ids.ts';
import type { RuleMark } from '../../../shared/domain/ruleMark.ts';

export const group = '/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/Prod';
export const vmId = parseVmId(`${group}/providers/Microsoft.Compute/virtualMachines/web-1`);
export const mark: RuleMark = {
  grant: parseGrantId('abcd2345efgh'),
  owner: 'a.berg@contoso.com',
  end: Date.UTC(2026, 10, 23, 14),
  vmName: 'web-1',
};

export function armRule(name: string, priority: number, rest: Partial<SecurityRule> = {}): SecurityRule {
  return {
    name,
    priority,
    access: 'Allow',
    direction: 'Inbound',
    protocol: 'Tcp',
    sourcePortRange: '*',
    sourceAddressPrefix: '*',
    destinationAddressPrefix: '*',
    destinationPortRange: '22',
    ...rest,
  };
}

export function armNsg(
  name: string,
  rules: SecurityRule[],
  tags?: Record<string, string>,
): NetworkSecurityGroup {
  return {
    id: `${group}/providers/Microsoft.Network/networkSecurityGroups/${name}`,
    name,
    securityRules: rules,
    defaultSecurityRules: [
      armRule('DenyAllInBound', 65_500, { access: 'Deny', destinationPortRange: '*', protocol: '*' }),
    ],
    ...(tags === undefined ? {} : { tags }),
  };
}

/** A VM with one interface behind these NSGs (the first is the subnet's), as a fresh look finds it. */
export function freshVmWith(
  nsgs: NetworkSecurityGroup[],
  more: { tags?: Record<string, string>; addresses?: string[] } = {},
): FreshVm {
  const gates = nsgs.map(nsg => mapGate(nsg, () => undefined));
  return {
    tags: more.tags ?? {},
    gates: new Map(nsgs.map((nsg, i) => [gates[i]?.id ?? '', nsg])),
    jit: indexPolicies([]),
    place: { id: vmId, location: 'westeurope' },
    vm: {
      id: vmId,
      name: 'web-1',
      cloud: 'azure',
      account: parseAccountId('practice-azure'),
      scope: '00000000-0000-4000-8000-000000000001',
      location: 'westeurope',
      kind: 'arm',
      os: 'linux',
      power: 'running',
      interfaces: [
        {
          id: `${group}/providers/Microsoft.Network/networkInterfaces/web-1-nic`.toLowerCase(),
          primary: true,
          privateAddresses: more.addresses ?? ['10.0.0.4'],
          publicAddresses: ['203.0.113.10'],
          layers: gates.map((gate, i) => ({
            place: i === 0 && gates.length > 1 ? 'subnet' : 'nic',
            mode: 'first-match',
            gates: [gate],
          })),
        },
      ],
    },
  };
}
