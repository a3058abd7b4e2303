/** Contoso behind Azure Firewalls: a classic one in its own network, and one with a policy in a hub with a spoke. */
import { type Builder, idOf, type Place, type VmSpec } from './build.ts';
import type { AzureFirewall, NatCollection, PolicyCollection, Ref, Subnet } from './resources.ts';

export interface Firewalled {
  where: Place;
  spec: VmSpec;
  locked: boolean;
}

/** Makes networks, firewalls and their rules; gives the VMs to be made behind them, which have no address of their own. */
export function firewalled(
  builder: Builder,
  { production, test }: { production: string; test: string },
): Firewalled[] {
  return [...behindClassic(builder, production), ...behindPolicy(builder, test)];
}

/** `ledger-1` is locked; `ledger-2` is not, and a vendor gets to its SSH through the firewall. */
function behindClassic(builder: Builder, subscription: string): Firewalled[] {
  const where: Place = { subscription, group: 'rg-finance', location: 'westeurope' };
  builder.world.addGroup({ subscription, name: where.group, location: where.location });
  const network = builder.network(where, 'finance-vnet', ['10.70.0.0/16']);
  const outside = builder.subnet(network, 'AzureFirewallSubnet', ['10.70.0.0/26']);
  const subnet = builder.subnet(network, 'ledger', ['10.70.1.0/24']);
  const firewall = addFirewall(builder, where, {
    name: 'finance-fw',
    subnet: outside,
    address: '198.18.255.240',
  });
  route(builder, where, 'finance-routes', subnet, '10.70.0.4');
  firewall.properties.natRuleCollections = [vendorCollection(firewall, '10.70.1.5')];
  firewall.inForce = firewall.properties.natRuleCollections;
  return ['ledger-1', 'ledger-2'].map((name, index) => ({
    where,
    locked: index === 0,
    spec: { name, os: 'Linux', subnet, isPublic: false, nsg: builder.nsg(where, `${name}-nsg`) },
  }));
}

function vendorCollection(
  firewall: AzureFirewall,
  translatedAddress: string,
): NatCollection & { id: string } {
  const name = 'vendors';
  const rule = {
    name: 'ledger-vendor',
    description: 'Ledger vendor, ticket 5120',
    protocols: ['TCP'],
    sourceAddresses: ['*'],
    sourceIpGroups: [],
    destinationAddresses: ['198.18.255.240'],
    destinationPorts: ['2222'],
    translatedAddress,
    translatedPort: '22',
  };
  const id = `${firewall.id}/natRuleCollections/${name}`;
  return {
    id,
    name,
    properties: { priority: 200, action: { type: 'Dnat' }, rules: [rule] },
  };
}

/** `batch-1` is locked, with an NSG; `batch-2` is not and has none: only the firewall stands in front of it. */
function behindPolicy(builder: Builder, subscription: string): Firewalled[] {
  const { world } = builder;
  const where: Place = { subscription, group: 'rg-hub', location: 'northeurope' };
  world.addGroup({ subscription, name: where.group, location: where.location });
  const hub = builder.network(where, 'hub-vnet', ['10.80.0.0/16']);
  const outside = builder.subnet(hub, 'AzureFirewallSubnet', ['10.80.0.0/26']);
  const spoke = builder.network(where, 'batch-vnet', ['10.81.0.0/16']);
  const subnet = builder.subnet(spoke, 'batch', ['10.81.1.0/24']);
  hub.properties.virtualNetworkPeerings = [
    { name: 'to-batch', properties: { remoteVirtualNetwork: { id: spoke.id } } },
  ];
  spoke.properties.virtualNetworkPeerings = [
    { name: 'to-hub', properties: { remoteVirtualNetwork: { id: hub.id } } },
  ];
  const base = addPolicy(builder, where, 'base-policy');
  const policy = addPolicy(builder, where, 'hub-policy', base);
  const firewall = addFirewall(builder, where, {
    name: 'hub-fw',
    subnet: outside,
    address: '198.18.255.241',
    policy,
  });
  world.get('Microsoft.Network/firewallPolicies', policy.id)?.properties.firewalls.push({ id: firewall.id });
  route(builder, where, 'batch-routes', subnet, '10.80.0.4');
  addGroup(builder, where, policy, {
    name: 'DefaultDnatRuleCollectionGroup',
    priority: 100,
    ruleCollections: [
      policyCollection('portal', { from: '8443', to: '443', address: '10.81.1.5', public: '198.18.255.241' }),
    ],
  });
  return ['batch-1', 'batch-2'].map((name, index) => ({
    where,
    locked: index === 0,
    spec: {
      name,
      os: 'Linux',
      subnet,
      isPublic: false,
      ...(index === 0 ? { nsg: builder.nsg(where, `${name}-nsg`) } : {}),
    },
  }));
}

/** A collection of one DNAT rule of a policy, for everybody. */
export function policyCollection(
  name: string,
  rule: { from: string; to: string; address: string; public: string },
): PolicyCollection {
  return {
    name,
    ruleCollectionType: 'FirewallPolicyNatRuleCollection',
    priority: 200,
    action: { type: 'DNAT' },
    rules: [
      {
        ruleType: 'NatRule',
        name,
        ipProtocols: ['TCP'],
        sourceAddresses: ['*'],
        sourceIpGroups: [],
        destinationAddresses: [rule.public],
        destinationPorts: [rule.from],
        translatedAddress: rule.address,
        translatedPort: rule.to,
      },
    ],
  };
}

/** A firewall at the fourth address of its subnet, with this public address. */
export function addFirewall(
  builder: Builder,
  where: Place,
  what: { name: string; subnet: Subnet; address: string; policy?: Ref },
): AzureFirewall {
  const { name, subnet, policy } = what;
  const id = idOf(where, 'Microsoft.Network/azureFirewalls', name);
  const config = { id: `${id}/azureFirewallIpConfigurations/ipconfig1` };
  const publicIPAddress = builder.publicAddress(where, `${name}-ip`, what.address, config);
  const privateIPAddress = (subnet.properties.addressPrefixes[0] ?? '').replace(/\d+\/\d+$/, '4');
  const firewall: AzureFirewall = {
    id,
    name,
    type: 'Microsoft.Network/azureFirewalls',
    location: where.location,
    etag: 'practice',
    properties: {
      provisioningState: 'Succeeded',
      sku: { name: 'AZFW_VNet', tier: 'Standard' },
      threatIntelMode: 'Alert',
      additionalProperties: {},
      ipConfigurations: [
        {
          name: 'ipconfig1',
          id: config.id,
          properties: { privateIPAddress, subnet: { id: subnet.id }, publicIPAddress },
        },
      ],
      ...(policy ? { firewallPolicy: { id: policy.id } } : {}),
      natRuleCollections: [],
      networkRuleCollections: [],
      applicationRuleCollections: [],
    },
    inForce: [],
  };
  builder.world.add(firewall);
  return firewall;
}

export function addPolicy(builder: Builder, where: Place, name: string, basePolicy?: Ref): Ref {
  const id = idOf(where, 'Microsoft.Network/firewallPolicies', name);
  builder.world.add({
    id,
    name,
    type: 'Microsoft.Network/firewallPolicies',
    location: where.location,
    properties: {
      provisioningState: 'Succeeded',
      sku: { tier: 'Standard' },
      threatIntelMode: 'Alert',
      ...(basePolicy ? { basePolicy: { id: basePolicy.id } } : {}),
      firewalls: [],
    },
  });
  return { id };
}

export function addGroup(
  builder: Builder,
  where: Place,
  policy: Ref,
  what: { name: string; priority: number; ruleCollections: PolicyCollection[] },
): void {
  const { name, priority, ruleCollections } = what;
  builder.world.add({
    id: `${policy.id}/ruleCollectionGroups/${name}`,
    name,
    type: 'Microsoft.Network/firewallPolicies/ruleCollectionGroups',
    location: where.location,
    etag: 'practice',
    properties: { provisioningState: 'Succeeded', priority, ruleCollections },
    inForce: { priority, ruleCollections },
  });
}

/** Everything that leaves the subnet goes to the firewall. */
function route(builder: Builder, where: Place, name: string, subnet: Subnet, nextHopIpAddress: string): void {
  const id = idOf(where, 'Microsoft.Network/routeTables', name);
  const properties = { addressPrefix: '0.0.0.0/0', nextHopType: 'VirtualAppliance', nextHopIpAddress };
  builder.world.add({
    id,
    name,
    type: 'Microsoft.Network/routeTables',
    location: where.location,
    properties: { routes: [{ name: 'to-firewall', properties }] },
  });
  subnet.properties.routeTable = { id };
}
