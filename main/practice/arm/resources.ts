/** ARM resources as the practice cloud keeps them: the shapes of the public REST specifications, as far as clients look at them. */

export interface Ref {
  id: string;
}

interface Base<Type extends string, Properties> {
  id: string;
  name: string;
  type: Type;
  location: string;
  tags?: Record<string, string> | undefined;
  properties: Properties;
}

export type VirtualMachine = Base<
  'Microsoft.Compute/virtualMachines',
  {
    vmId: string;
    hardwareProfile: { vmSize: string };
    storageProfile: {
      imageReference: { publisher: string; offer: string; sku: string; version: string };
      osDisk: { osType: 'Linux' | 'Windows'; name: string; createOption: 'FromImage' };
    };
    osProfile: { computerName: string; adminUsername: string };
    networkProfile: { networkInterfaces: (Ref & { properties: { primary: boolean } })[] };
    diagnosticsProfile: { bootDiagnostics: { enabled: boolean } };
    timeCreated: string;
  }
>;

export type ClassicVirtualMachine = Base<
  'Microsoft.ClassicCompute/virtualMachines',
  {
    hardwareProfile: { size: string };
    storageProfile: { operatingSystemDisk: { operatingSystem: 'Linux' | 'Windows' } };
    instanceView: { status: string; powerState: 'Started' | 'Stopped'; publicIpAddresses: string[] };
  }
>;

interface IpConfiguration {
  name: string;
  id: string;
  properties: {
    primary: boolean;
    privateIPAddress: string;
    privateIPAddressVersion: 'IPv4' | 'IPv6';
    privateIPAllocationMethod: 'Dynamic';
    subnet: Ref;
    publicIPAddress?: Ref | undefined;
    loadBalancerInboundNatRules?: Ref[] | undefined;
    loadBalancerBackendAddressPools?: Ref[] | undefined;
    applicationSecurityGroups?: Ref[] | undefined;
  };
}

export type NetworkInterface = Base<
  'Microsoft.Network/networkInterfaces',
  {
    primary: boolean;
    macAddress: string;
    ipConfigurations: IpConfiguration[];
    networkSecurityGroup?: Ref | undefined;
    virtualMachine: Ref;
  }
>;

export type PublicIpAddress = Base<
  'Microsoft.Network/publicIPAddresses',
  {
    ipAddress: string;
    publicIPAddressVersion: 'IPv4' | 'IPv6';
    publicIPAllocationMethod: 'Static' | 'Dynamic';
    ipConfiguration: Ref;
  }
> & { sku?: { name: 'Basic' | 'Standard'; tier: 'Regional' } };

export interface Subnet {
  name: string;
  id: string;
  properties: {
    addressPrefixes: string[];
    networkSecurityGroup?: Ref | undefined;
    routeTable?: Ref | undefined;
    ipConfigurations: Ref[];
  };
}

/** One port of one interface; or, with a pool, a port of the range for each of its members. */
export interface InboundNatRule {
  name: string;
  id: string;
  properties: {
    frontendIPConfiguration: Ref;
    backendIPConfiguration?: Ref | undefined;
    backendAddressPool?: Ref | undefined;
    protocol: 'Tcp';
    frontendPort?: number | undefined;
    frontendPortRangeStart?: number | undefined;
    frontendPortRangeEnd?: number | undefined;
    backendPort: number;
  };
}

interface BackendAddress {
  name: string;
  properties: {
    networkInterfaceIPConfiguration: Ref;
    inboundNatRulesPortMapping: { inboundNatRuleName: string; frontendPort: number; backendPort: number }[];
  };
}

export type LoadBalancer = Base<
  'Microsoft.Network/loadBalancers',
  {
    frontendIPConfigurations: { name: string; id: string; properties: { publicIPAddress: Ref } }[];
    backendAddressPools: {
      name: string;
      id: string;
      properties: { loadBalancerBackendAddresses: BackendAddress[] };
    }[];
    inboundNatRules: InboundNatRule[];
  }
>;

export type ApplicationSecurityGroup = Base<
  'Microsoft.Network/applicationSecurityGroups',
  Record<never, never>
>;

export type VirtualNetwork = Base<
  'Microsoft.Network/virtualNetworks',
  {
    addressSpace: { addressPrefixes: string[] };
    subnets: Subnet[];
    virtualNetworkPeerings?: { name: string; properties: { remoteVirtualNetwork: Ref } }[] | undefined;
  }
>;

export type RouteTable = Base<
  'Microsoft.Network/routeTables',
  {
    routes: {
      name: string;
      properties: { addressPrefix: string; nextHopType: string; nextHopIpAddress?: string | undefined };
    }[];
  }
>;

export interface RuleProperties {
  description?: string | undefined;
  protocol: string;
  access: 'Allow' | 'Deny';
  direction: 'Inbound' | 'Outbound';
  priority: number;
  sourcePortRange?: string | undefined;
  sourcePortRanges: string[];
  destinationPortRange?: string | undefined;
  destinationPortRanges: string[];
  sourceAddressPrefix?: string | undefined;
  sourceAddressPrefixes: string[];
  destinationAddressPrefix?: string | undefined;
  destinationAddressPrefixes: string[];
  sourceApplicationSecurityGroups?: Ref[] | undefined;
  destinationApplicationSecurityGroups?: Ref[] | undefined;
}

export interface SecurityRule {
  name: string;
  etag: string;
  state: 'Succeeded' | 'Updating' | 'Deleting' | 'Failed';
  properties: RuleProperties;
  /** What packets meet now: undefined until the first write has taken effect. Never told to clients. */
  inForce?: RuleProperties | undefined;
}

export type NetworkSecurityGroup = Base<
  'Microsoft.Network/networkSecurityGroups',
  { rules: SecurityRule[]; networkInterfaces: Ref[]; subnets: Ref[] }
>;

export interface NatRule {
  name: string;
  description?: string | undefined;
  sourceAddresses?: string[] | undefined;
  sourceIpGroups?: string[] | undefined;
  destinationAddresses?: string[] | undefined;
  destinationPorts?: string[] | undefined;
  translatedAddress?: string | undefined;
  translatedPort?: string | undefined;
}

/** A classic firewall's DNAT rules of one priority. Whatever else a client wrote stands beside these fields, and stays. */
export interface NatCollection {
  name: string;
  properties: {
    priority: number;
    action: { type: string };
    rules: (NatRule & { protocols: string[] })[];
  };
}

/** Of a rule collection group; only those of DNAT rules are understood here. */
export interface PolicyCollection {
  name: string;
  ruleCollectionType: string;
  priority: number;
  action?: { type: string } | undefined;
  rules: (NatRule & { ruleType: string; ipProtocols?: string[] | undefined })[];
}

type Settled = 'Succeeded' | 'Updating' | 'Failed' | 'Deleting';

export type AzureFirewall = Base<
  'Microsoft.Network/azureFirewalls',
  {
    provisioningState: Settled;
    sku: { name: string; tier: string };
    ipConfigurations: {
      name: string;
      id: string;
      properties: { privateIPAddress: string; subnet: Ref; publicIPAddress: Ref };
    }[];
    firewallPolicy?: Ref | undefined;
    natRuleCollections: NatCollection[];
    networkRuleCollections: unknown[];
    applicationRuleCollections: unknown[];
    [other: string]: unknown;
  }
> & {
  etag: string;
  /** What packets meet now. Never told to clients. */
  inForce: NatCollection[];
};

export type FirewallPolicy = Base<
  'Microsoft.Network/firewallPolicies',
  {
    provisioningState: Settled;
    sku: { tier: string };
    threatIntelMode: string;
    basePolicy?: Ref | undefined;
    firewalls: Ref[];
  }
>;

export type RuleCollectionGroup = Base<
  'Microsoft.Network/firewallPolicies/ruleCollectionGroups',
  { provisioningState: Settled; priority: number; ruleCollections: PolicyCollection[] }
> & { etag: string; inForce: { priority: number; ruleCollections: PolicyCollection[] } | undefined };

export type Resource =
  | VirtualMachine
  | ClassicVirtualMachine
  | NetworkInterface
  | PublicIpAddress
  | LoadBalancer
  | ApplicationSecurityGroup
  | VirtualNetwork
  | RouteTable
  | NetworkSecurityGroup
  | AzureFirewall
  | FirewallPolicy
  | RuleCollectionGroup;
export type ResourceType = Resource['type'];
export type ResourceOf<Type extends ResourceType> = Extract<Resource, { type: Type }>;

/** A security admin rule of Virtual Network Manager as it is in force on a network, in the shape it is told in. */
export interface AdminRule {
  kind: 'Custom';
  id: string;
  properties: {
    description: string;
    protocol: 'Tcp' | 'Udp' | 'Any';
    sources: { addressPrefix: string; addressPrefixType: 'IPPrefix' | 'ServiceTag' }[];
    destinations: { addressPrefix: string; addressPrefixType: 'IPPrefix' | 'ServiceTag' }[];
    sourcePortRanges: string[];
    destinationPortRanges: string[];
    access: 'Allow' | 'AlwaysAllow' | 'Deny';
    priority: number;
    direction: 'Inbound' | 'Outbound';
  };
}

export type PowerState = 'running' | 'stopped' | 'deallocated' | 'starting' | 'stopping' | 'deallocating';
