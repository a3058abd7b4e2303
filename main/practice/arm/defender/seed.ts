/** The part of Contoso that Defender for Cloud keeps. */
import { type Builder, idOf, type Place, rule, type VmSpec } from '../build.ts';
import { addPolicy, recommended } from './setup.ts';

/**
 * VMs that Defender for Cloud keeps: two in the portal's one policy per group and region, one in a policy of its own. A
 * rule from before lets the world to `crm-db`, whose policy does not shut it (reference 2.2).
 */
export function seedDefender(
  builder: Builder,
  where: Place,
  vm: (where: Place, spec: VmSpec) => unknown,
): void {
  const { world } = builder;
  const subnet = builder.subnet(builder.network(where, 'crm-vnet', ['10.70.0.0/16']), 'crm', [
    '10.70.1.0/24',
  ]);
  const from = rule('AllowRdpFromBefore', 1002, 'Allow', { ports: ['3389'], sources: ['Internet'] });
  vm(where, { name: 'crm-1', os: 'Linux', subnet, nsg: builder.nsg(where, 'crm-1-nsg') });
  vm(where, { name: 'crm-db', os: 'Windows', subnet, nsg: builder.nsg(where, 'crm-db-nsg', [from]) });
  vm(where, { name: 'crm-report', os: 'Linux', subnet, nsg: builder.nsg(where, 'crm-report-nsg') });
  const kept = (name: string, source?: string) => {
    const id = idOf(where, 'Microsoft.Compute/virtualMachines', name);
    return world.vm(id) ? [recommended(id, source)] : [];
  };
  const [both, own] = [[...kept('crm-1'), ...kept('crm-db')], kept('crm-report', '127.0.0.0/8')];
  if (both.length > 0) addPolicy(world, where, 'default', both);
  if (own.length > 0) addPolicy(world, where, 'crm-report', own);
}
