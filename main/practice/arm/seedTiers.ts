/** A corner of Contoso where application security groups tell VMs apart. */
import { type Builder, type MakeVm, type Place, rule } from './build.ts';
import { addGroup, joinGroup } from './groups.ts';

/** One NSG in front of two VMs that tells them apart by application security groups. */
export function seedTiers(builder: Builder, where: Place, vm: MakeVm): void {
  const admins = addGroup(builder.world, where, 'admin-hosts');
  const ssh = rule('ssh-to-admin-hosts', 310, 'Allow', {
    ports: ['22'],
    sources: ['Internet'],
    destinations: [],
  });
  ssh.properties.destinationApplicationSecurityGroups = [admins];
  const nsg = builder.nsg(where, 'tiers-nsg', [ssh]);
  const network = builder.network(where, 'tiers-vnet', ['10.72.0.0/16']);
  const subnet = builder.subnet(network, 'tiers', ['10.72.1.0/24'], nsg);
  const one = vm(where, { name: 'tier-1', os: 'Linux', subnet });
  vm(where, { name: 'tier-2', os: 'Linux', subnet });
  if (one !== undefined) joinGroup(builder.world, one, admins);
}
