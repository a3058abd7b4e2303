/** A corner of Contoso under Virtual Network Manager. */
import { allowHttps, type Builder, idOf, type MakeVm, type Place } from './build.ts';
import type { AdminRule } from './resources.ts';

/** Two networks under Virtual Network Manager: in one no grant can open port 22, in the other no lock can shut it. */
export function seedGoverned(builder: Builder, where: Place, vm: MakeVm): void {
  const network = (name: string, prefix: string, given: AdminSpec) => {
    const vnet = builder.network(where, `${name}-vnet`, [`${prefix}.0.0/16`]);
    const manager = idOf(where, 'Microsoft.Network/networkManagers', 'contoso');
    const collection = `${manager}/securityAdminConfigurations/baseline/ruleCollections/${name}`;
    builder.world.adminRules.set(vnet.id.toLowerCase(), [adminRule(collection, given)]);
    const nsg = builder.nsg(where, `${name}-nsg`, [allowHttps()]);
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
