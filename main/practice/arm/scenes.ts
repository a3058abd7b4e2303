/** Corners of Contoso where more than NSGs decides: a load balancer, Virtual Network Manager, application security groups. */
import { addBalancer } from './balancer.ts';
import { type Builder, idOf, type Place, rule, type VmSpec } from './build.ts';
import { addGroup, joinGroup } from './groups.ts';
import type { AdminRule, NetworkSecurityGroup } from './resources.ts';

/** Makes a VM, locked in these NSGs; its id, or nothing where the world is to be smaller. */
type MakeVm = (where: Place, spec: VmSpec, lockedIn?: NetworkSecurityGroup[]) => string | undefined;

const https = () => rule('allow-https', 400, 'Allow', { ports: ['443'], sources: ['Internet'] });

/** VMs without a public address: two are reached by rules of their own, two by a range of ports. */
export function seedBalanced(builder: Builder, where: Place, vm: MakeVm): void {
  const nsg = builder.nsg(where, 'api-nsg', [https()]);
  const network = builder.network(where, 'api-vnet', ['10.60.0.0/16']);
  const subnet = builder.subnet(network, 'api', ['10.60.1.0/24'], nsg);
  const spec = { subnet, isPublic: false };
  const one = vm(where, { ...spec, name: 'api-1', os: 'Linux' }, [nsg]);
  const two = vm(where, { ...spec, name: 'api-2', os: 'Linux' }, [nsg]);
  const three = vm(where, { ...spec, name: 'api-3', os: 'Windows' });
  if (one === undefined || two === undefined || three === undefined) return;
  addBalancer(builder, where, 'api-lb', '203.0.113.250', [
    { name: 'ssh-api-1', frontendPort: 50_022, backendPort: 22, vms: [one] },
    { name: 'ssh', frontendPort: 51_000, backendPort: 22, vms: [two, three] },
    { name: 'rdp-api-3', frontendPort: 50_389, backendPort: 3389, vms: [three] },
  ]);
}

/** Two networks under Virtual Network Manager: in one no grant can open port 22, in the other no lock can shut it. */
export function seedGoverned(builder: Builder, where: Place, vm: MakeVm): void {
  const network = (name: string, prefix: string, given: AdminSpec) => {
    const vnet = builder.network(where, `${name}-vnet`, [`${prefix}.0.0/16`]);
    const manager = idOf(where, 'Microsoft.Network/networkManagers', 'contoso');
    const collection = `${manager}/securityAdminConfigurations/baseline/ruleCollections/${name}`;
    builder.world.adminRules.set(vnet.id.toLowerCase(), [adminRule(collection, given)]);
    const nsg = builder.nsg(where, `${name}-nsg`, [https()]);
    return { subnet: builder.subnet(vnet, name, [`${prefix}.1.0/24`], nsg), nsg };
  };
  const vault = network('vault', '10.70', {
    name: 'no-management-from-internet',
    from: 'Internet',
    ports: ['22', '3389'],
    access: 'Deny',
    priority: 10,
  });
  vm(where, { name: 'vault-1', os: 'Linux', subnet: vault.subnet }, [vault.nsg]);
  const scan = network('scan', '10.71', {
    name: 'always-allow-scanner',
    from: '*',
    ports: ['22'],
    access: 'AlwaysAllow',
    priority: 20,
  });
  vm(where, { name: 'scan-1', os: 'Linux', subnet: scan.subnet });
}

interface AdminSpec {
  name: string;
  /** A service tag, a CIDR or `*`. */
  from: string;
  ports: string[];
  access: AdminRule['properties']['access'];
  priority: number;
}

/** An inbound TCP rule to anywhere in the network. */
export function adminRule(collection: string, { name, from, ports, access, priority }: AdminSpec): AdminRule {
  const addressPrefixType = /^[a-z]/i.test(from) ? 'ServiceTag' : 'IPPrefix';
  return {
    kind: 'Custom',
    id: `${collection}/rules/${name}`,
    properties: {
      description: '',
      protocol: 'Tcp',
      sources: [{ addressPrefix: from, addressPrefixType }],
      destinations: [{ addressPrefix: '*', addressPrefixType: 'IPPrefix' }],
      sourcePortRanges: ['0-65535'],
      destinationPortRanges: ports,
      access,
      priority,
      direction: 'Inbound',
    },
  };
}

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
