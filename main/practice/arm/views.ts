/** Resources as clients see them. */
import type {
  ApplicationSecurityGroup,
  AzureFirewall,
  ClassicVirtualMachine,
  FirewallPolicy,
  LoadBalancer,
  NetworkInterface,
  NetworkSecurityGroup,
  PowerState,
  PublicIpAddress,
  Resource,
  RouteTable,
  RuleCollectionGroup,
  RuleProperties,
  SecurityRule,
  VirtualMachine,
  VirtualNetwork,
} from './resources.ts';
import type { World } from './world.ts';

const succeeded = { provisioningState: 'Succeeded' };

/** Any resource in full. */
export function view(world: World, resource: Resource): object {
  switch (resource.type) {
    case 'Microsoft.Compute/virtualMachines':
      return vmView(world, resource);
    case 'Microsoft.Network/networkSecurityGroups':
      return nsgView(resource);
    case 'Microsoft.Network/virtualNetworks':
      return vnetView(resource);
    case 'Microsoft.Network/networkInterfaces':
      return nicView(resource);
    case 'Microsoft.Network/loadBalancers':
    case 'Microsoft.Network/applicationSecurityGroups':
    case 'Microsoft.Network/publicIPAddresses':
      return withState(resource);
    case 'Microsoft.ClassicCompute/virtualMachines':
    case 'Microsoft.Network/routeTables':
      return withState(resource);
    case 'Microsoft.Network/azureFirewalls':
    case 'Microsoft.Network/firewallPolicies/ruleCollectionGroups':
      return withoutForce(resource);
    case 'Microsoft.Network/firewallPolicies':
      return policyView(world, resource);
  }
}

/** What Microsoft.Resources tells of a resource: no properties. */
export function summary(resource: Resource): object {
  const { id, name, type, location, tags } = resource;
  return { id, name, type, location, tags };
}

export function vmView(world: World, vm: VirtualMachine, expand = false): object {
  const properties = { ...vm.properties, ...succeeded };
  return {
    ...vm,
    properties: expand ? { ...properties, instanceView: instanceView(world, vm) } : properties,
  };
}

const powerWords: Record<PowerState, string> = {
  running: 'VM running',
  stopped: 'VM stopped',
  deallocated: 'VM deallocated',
  starting: 'VM starting',
  stopping: 'VM stopping',
  deallocating: 'VM deallocating',
};

export function instanceView(world: World, vm: VirtualMachine): object {
  const power = world.powerOf(vm.id);
  return {
    computerName: vm.properties.osProfile.computerName,
    osName: vm.properties.storageProfile.imageReference.offer,
    statuses: [
      {
        code: 'ProvisioningState/succeeded',
        level: 'Info',
        displayStatus: 'Provisioning succeeded',
        time: vm.properties.timeCreated,
      },
      powerStatus(power),
    ],
  };
}

export function powerStatus(power: PowerState) {
  return { code: `PowerState/${power}`, level: 'Info', displayStatus: powerWords[power] };
}

export function nsgView(nsg: NetworkSecurityGroup): object {
  const { rules, networkInterfaces, subnets } = nsg.properties;
  return {
    ...nsg,
    etag: 'W/"practice"',
    properties: {
      ...succeeded,
      securityRules: rules.map(rule => ruleView(nsg, rule)),
      defaultSecurityRules: defaultRules(nsg),
      ...(networkInterfaces.length > 0 ? { networkInterfaces } : {}),
      ...(subnets.length > 0 ? { subnets } : {}),
    },
  };
}

export function ruleView(nsg: NetworkSecurityGroup, rule: SecurityRule): object {
  return {
    name: rule.name,
    id: `${nsg.id}/securityRules/${rule.name}`,
    etag: rule.etag,
    type: 'Microsoft.Network/networkSecurityGroups/securityRules',
    properties: { provisioningState: rule.state, ...rule.properties },
  };
}

/** The rules every NSG ends with (reference §7.1). */
export function defaultRules(nsg: NetworkSecurityGroup): object[] {
  const rows: [string, number, RuleProperties['access'], RuleProperties['direction'], string, string][] = [
    ['AllowVnetInBound', 65000, 'Allow', 'Inbound', 'VirtualNetwork', 'VirtualNetwork'],
    ['AllowAzureLoadBalancerInBound', 65001, 'Allow', 'Inbound', 'AzureLoadBalancer', '*'],
    ['DenyAllInBound', 65500, 'Deny', 'Inbound', '*', '*'],
    ['AllowVnetOutBound', 65000, 'Allow', 'Outbound', 'VirtualNetwork', 'VirtualNetwork'],
    ['AllowInternetOutBound', 65001, 'Allow', 'Outbound', '*', 'Internet'],
    ['DenyAllOutBound', 65500, 'Deny', 'Outbound', '*', '*'],
  ];
  return rows.map(([name, priority, access, direction, sourceAddressPrefix, destinationAddressPrefix]) => ({
    name,
    id: `${nsg.id}/defaultSecurityRules/${name}`,
    etag: 'W/"practice"',
    type: 'Microsoft.Network/networkSecurityGroups/defaultSecurityRules',
    properties: {
      ...succeeded,
      protocol: '*',
      sourcePortRange: '*',
      destinationPortRange: '*',
      sourceAddressPrefix,
      destinationAddressPrefix,
      access,
      priority,
      direction,
      sourcePortRanges: [],
      destinationPortRanges: [],
      sourceAddressPrefixes: [],
      destinationAddressPrefixes: [],
    },
  }));
}

function nicView(nic: NetworkInterface): object {
  const ipConfigurations = nic.properties.ipConfigurations.map(one => ({
    ...one,
    etag: 'W/"practice"',
    type: 'Microsoft.Network/networkInterfaces/ipConfigurations',
    properties: { ...succeeded, ...one.properties },
  }));
  return { ...nic, etag: 'W/"practice"', properties: { ...succeeded, ...nic.properties, ipConfigurations } };
}

function vnetView(vnet: VirtualNetwork): object {
  const subnets = vnet.properties.subnets.map(subnetView);
  return { ...vnet, etag: 'W/"practice"', properties: { ...succeeded, ...vnet.properties, subnets } };
}

export function subnetView(subnet: VirtualNetwork['properties']['subnets'][number]): object {
  const { addressPrefixes } = subnet.properties;
  // One prefix is told in the singular, several in the plural.
  const prefixes = addressPrefixes.length === 1 ? { addressPrefix: addressPrefixes[0] } : { addressPrefixes };
  const { addressPrefixes: _plural, ...properties } = subnet.properties;
  return {
    ...subnet,
    etag: 'W/"practice"',
    type: 'Microsoft.Network/virtualNetworks/subnets',
    properties: { ...succeeded, ...prefixes, ...properties },
  };
}

/** As clients wrote it; what is in force is nobody's to see. */
export function withoutForce(resource: AzureFirewall | RuleCollectionGroup): object {
  const { inForce: _hidden, ...rest } = resource;
  return rest;
}

export function policyView(world: World, policy: FirewallPolicy): object {
  const of = `${policy.id}/`.toLowerCase();
  const groups = [...world.all('Microsoft.Network/firewallPolicies/ruleCollectionGroups')];
  const ruleCollectionGroups = groups
    .filter(group => group.id.toLowerCase().startsWith(of))
    .map(({ id }) => ({ id }));
  return { ...policy, properties: { ...policy.properties, ruleCollectionGroups } };
}

function withState(
  resource: ApplicationSecurityGroup | LoadBalancer | PublicIpAddress | ClassicVirtualMachine | RouteTable,
): object {
  return { ...resource, properties: { ...succeeded, ...resource.properties } };
}
