/** Making a world: networks, NSGs and VMs from short descriptions, with the cross references ARM keeps. */
import type {
  NetworkSecurityGroup,
  PowerState,
  Ref,
  RuleProperties,
  SecurityRule,
  Subnet,
  VirtualNetwork,
} from './resources.ts';
import { guidOf, type World } from './world.ts';

export interface Place {
  subscription: string;
  group: string;
  location: string;
}

export interface VmSpec {
  name: string;
  os: 'Linux' | 'Windows';
  subnet: Subnet;
  /** The NSG on its network interface. */
  nsg?: NetworkSecurityGroup | undefined;
  /** Which address families it has; default IPv4. */
  family?: 'ipv4' | 'dual' | 'ipv6' | undefined;
  /** False: it has no public address of its own. */
  isPublic?: boolean | undefined;
  power?: PowerState | undefined;
  tags?: Record<string, string> | undefined;
  size?: string | undefined;
}

/** Makes a VM, locked in these NSGs; its id, or nothing where the world is to be smaller. */
export type MakeVm = (where: Place, spec: VmSpec, lockedIn?: NetworkSecurityGroup[]) => string | undefined;

const images = {
  Linux: { publisher: 'Canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: 'latest' },
  Windows: {
    publisher: 'MicrosoftWindowsServer',
    offer: 'WindowsServer',
    sku: '2022-datacenter',
    version: 'latest',
  },
};

export class Builder {
  readonly world: World;
  /** VMs made so far; gives every one its own addresses. */
  #count = 0;

  constructor(world: World) {
    this.world = world;
  }

  network(place: Place, name: string, addressPrefixes: string[]): VirtualNetwork {
    const vnet: VirtualNetwork = {
      id: idOf(place, 'Microsoft.Network/virtualNetworks', name),
      name,
      type: 'Microsoft.Network/virtualNetworks',
      location: place.location,
      properties: { addressSpace: { addressPrefixes }, subnets: [] },
    };
    this.world.add(vnet);
    return vnet;
  }

  subnet(vnet: VirtualNetwork, name: string, prefixes: string[], nsg?: NetworkSecurityGroup): Subnet {
    const subnet: Subnet = {
      name,
      id: `${vnet.id}/subnets/${name}`,
      properties: {
        addressPrefixes: prefixes,
        networkSecurityGroup: nsg && { id: nsg.id },
        ipConfigurations: [],
      },
    };
    nsg?.properties.subnets.push({ id: subnet.id });
    vnet.properties.subnets.push(subnet);
    return subnet;
  }

  nsg(place: Place, name: string, rules: SecurityRule[] = []): NetworkSecurityGroup {
    const nsg: NetworkSecurityGroup = {
      id: idOf(place, 'Microsoft.Network/networkSecurityGroups', name),
      name,
      type: 'Microsoft.Network/networkSecurityGroups',
      location: place.location,
      properties: { rules, networkInterfaces: [], subnets: [] },
    };
    this.world.add(nsg);
    return nsg;
  }

  /** Makes the VM with its interface and public addresses. Gives its id and private addresses. */
  vm(place: Place, spec: VmSpec): { id: string; privateAddresses: string[] } {
    const index = ++this.#count;
    const { name, os, subnet, nsg, family = 'ipv4' } = spec;
    const id = idOf(place, 'Microsoft.Compute/virtualMachines', name);
    const nicId = idOf(place, 'Microsoft.Network/networkInterfaces', `${name}-nic`);
    const versions = (family === 'dual' ? ['IPv4', 'IPv6'] : [family === 'ipv6' ? 'IPv6' : 'IPv4']) as (
      | 'IPv4'
      | 'IPv6'
    )[];
    const addresses = versions.map(version => privateAddress(version, subnet));
    const ipConfigurations = versions.map((version, position) => {
      const configName = position === 0 ? 'ipconfig1' : 'ipconfig-v6';
      const config = { id: `${nicId}/ipConfigurations/${configName}` };
      subnet.properties.ipConfigurations.push(config);
      return {
        name: configName,
        id: config.id,
        properties: {
          primary: position === 0,
          privateIPAddress: addresses[position] ?? '',
          privateIPAddressVersion: version,
          privateIPAllocationMethod: 'Dynamic' as const,
          subnet: { id: subnet.id },
          ...(spec.isPublic === false
            ? {}
            : {
                publicIPAddress: this.publicAddress(
                  place,
                  `${name}-ip${position || ''}`,
                  version === 'IPv4' ? publicIpv4(index) : `2001:db8:a2::${index.toString(16)}`,
                  config,
                ),
              }),
        },
      };
    });
    this.world.add({
      id: nicId,
      name: `${name}-nic`,
      type: 'Microsoft.Network/networkInterfaces',
      location: place.location,
      properties: {
        primary: true,
        macAddress: macAddress(index),
        ipConfigurations,
        networkSecurityGroup: nsg && { id: nsg.id },
        virtualMachine: { id },
      },
    });
    nsg?.properties.networkInterfaces.push({ id: nicId });
    this.world.add({
      id,
      name,
      type: 'Microsoft.Compute/virtualMachines',
      location: place.location,
      tags: spec.tags,
      properties: {
        vmId: guidOf(id),
        hardwareProfile: { vmSize: spec.size ?? 'Standard_D2s_v5' },
        storageProfile: {
          imageReference: images[os],
          osDisk: { osType: os, name: `${name}-os`, createOption: 'FromImage' },
        },
        osProfile: { computerName: hostNameOf(name), adminUsername: 'azureuser' },
        networkProfile: { networkInterfaces: [{ id: nicId, properties: { primary: true } }] },
        diagnosticsProfile: { bootDiagnostics: { enabled: true } },
        timeCreated: '2026-03-02T08:00:00.000Z',
      },
    });
    if (spec.power) this.world.power.set(id.toLowerCase(), spec.power);
    return { id, privateAddresses: addresses };
  }

  /** The public address of a machine's or a load balancer's configuration. */
  publicAddress(place: Place, name: string, ipAddress: string, config: Ref): Ref {
    const id = idOf(place, 'Microsoft.Network/publicIPAddresses', name);
    this.world.add({
      id,
      name,
      type: 'Microsoft.Network/publicIPAddresses',
      location: place.location,
      sku: { name: 'Standard', tier: 'Regional' },
      properties: {
        ipAddress,
        publicIPAddressVersion: ipAddress.includes(':') ? 'IPv6' : 'IPv4',
        publicIPAllocationMethod: 'Static',
        ipConfiguration: config,
      },
    });
    return { id };
  }
}

/** What every NSG of Contoso lets in. */
export const allowHttps = () => rule('allow-https', 400, 'Allow', { ports: ['443'], sources: ['Internet'] });

/** Ranges for documentation and benchmarks (RFC 5737, RFC 2544, and RFC 3849 for IPv6): nobody's machines are there. */
function publicIpv4(index: number): string {
  return index < 250 ? `203.0.113.${index}` : `198.18.${(index >> 8) & 255}.${index & 255}`;
}

/** An inbound rule that is in force. `ports`, `sources` and `destinations` of one element are told in the singular. */
export function rule(
  name: string,
  priority: number,
  access: 'Allow' | 'Deny',
  what: {
    ports: string[];
    sources?: string[];
    destinations?: string[];
    protocol?: string;
    description?: string;
  },
): SecurityRule {
  const { ports, sources = ['*'], destinations = ['*'], protocol = 'Tcp', description } = what;
  const properties: RuleProperties = {
    ...(description === undefined ? {} : { description }),
    protocol,
    access,
    direction: 'Inbound',
    priority,
    sourcePortRange: '*',
    sourcePortRanges: [],
    destinationPortRange: single(ports),
    destinationPortRanges: plural(ports),
    sourceAddressPrefix: single(sources),
    sourceAddressPrefixes: plural(sources),
    destinationAddressPrefix: single(destinations),
    destinationAddressPrefixes: plural(destinations),
  };
  return { name, etag: 'W/"practice"', state: 'Succeeded', properties, inForce: properties };
}

export function idOf(place: Place, type: string, name: string): string {
  return `/subscriptions/${place.subscription}/resourceGroups/${place.group}/providers/${type}/${name}`;
}

/** A name that is safe as a host name and on a terminal. */
export function hostNameOf(name: string): string {
  return (
    name
      .replace(/[^a-zA-Z0-9-]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 63)
      .toLowerCase() || 'vm'
  );
}

/** The next address of the subnet; Azure keeps the first four for itself. */
function privateAddress(version: 'IPv4' | 'IPv6', subnet: Subnet): string {
  const host = 4 + subnet.properties.ipConfigurations.length;
  const prefix = subnet.properties.addressPrefixes.find(one => one.includes(':') === (version === 'IPv6'));
  const base = prefix?.split('/')[0] ?? '';
  return version === 'IPv6' ? `${base}${host.toString(16)}` : base.replace(/\d+$/, String(host));
}

function macAddress(index: number): string {
  const hex = index.toString(16).toUpperCase().padStart(6, '0');
  return `00-0D-3A-${hex.slice(0, 2)}-${hex.slice(2, 4)}-${hex.slice(4)}`;
}

function single(values: string[]): string | undefined {
  return values.length === 1 ? values[0] : undefined;
}

function plural(values: string[]): string[] {
  return values.length === 1 ? [] : values;
}
