/**
 * Which firewall stands in front of a VM, and what it judges by. Pure. It has to stand in the VM's own virtual network or
 * in one that it is peered with, and then either
 *
 * - the VM's subnet sends 0.0.0.0/0 to the firewall's private address (the usual hub and spoke), or
 * - the VM has no public address of its own, nor a load balancer's, or
 * - one of its DNAT rules leads to the VM already.
 *
 * A VM with an address of its own that has nothing to do with the firewall beside it keeps its own way. Firewalls in a Virtual
 * WAN hub have no subnet of ours to see and are not found.
 */
import type { Firewall, NetworkInterface } from '../../../../shared/domain/vm.ts';
import { sameId } from '../armIds.ts';
import { natGate } from './mapNat.ts';
import {
  firewallFields,
  groupsInOrder,
  ipConfigurations,
  natCollections,
  type RawResource,
} from './model.ts';
import { ownGroup } from './place.ts';

/** A virtual network with what matters here. */
export interface Network {
  id: string;
  subnets: { id: string; prefixes: string[]; routes: string | undefined }[];
  /** Ids of the networks that it is peered with. */
  peers: string[];
}

/** What was seen of firewalls and around them. */
export interface FirewallWorld {
  network(id: string): Network | undefined;
  firewalls: RawResource[];
  groups: RawResource[];
  /** Policies and route tables. */
  resource(id: string | undefined): RawResource | undefined;
  /** Address text of a public address's id in lower case. */
  publicAddress(id: string): string | undefined;
}

/** `resources`: firewalls, policies, groups and route tables, mixed. */
export function firewallWorld(
  resources: RawResource[],
  networks: Network[],
  publicAddress: (id: string) => string | undefined,
): FirewallWorld {
  const byType = Map.groupBy(resources, one => one.type?.toLowerCase() ?? '');
  const byId = new Map(resources.map(one => [one.id?.toLowerCase() ?? '', one]));
  const networksById = new Map(networks.map(one => [one.id.toLowerCase(), one]));
  return {
    network: id => networksById.get(id.toLowerCase()),
    firewalls: byType.get('microsoft.network/azurefirewalls') ?? [],
    groups: byType.get('microsoft.network/firewallpolicies/rulecollectiongroups') ?? [],
    resource: id => (id === undefined ? undefined : byId.get(id.toLowerCase())),
    publicAddress,
  };
}

/** The firewall in front of interfaces in this subnet, if one is. */
export function firewallInFront(
  subnetId: string,
  interfaces: NetworkInterface[],
  world: FirewallWorld,
): Firewall | undefined {
  if (world.firewalls.length === 0) return undefined;
  const network = world.network(networkIdOf(subnetId));
  if (network === undefined) return undefined;
  const hop = nextHop(network, subnetId, world);
  const candidates = world.firewalls
    .filter(one => isBeside(one, network))
    .map(raw => ({ raw, firewall: asFirewall(raw, world) }));
  const routed = candidates.find(({ raw }) =>
    ipConfigurations(raw).some(one => one.privateIPAddress !== undefined && one.privateIPAddress === hop),
  );
  if (routed) return routed.firewall;
  const own = interfaces.some(nic => nic.publicAddresses.length > 0 || (nic.forwards?.length ?? 0) > 0);
  const addresses = new Set(interfaces.flatMap(nic => nic.privateAddresses));
  const leads = ({ firewall }: { firewall: Firewall }) =>
    firewall.gate.rules.some(rule => addresses.has(rule.translation?.address ?? ''));
  return (candidates.find(leads) ?? (own ? undefined : candidates[0]))?.firewall;
}

/** Is the firewall in this network, or in one that it is peered with? */
export function isBeside(firewall: RawResource, network: Network): boolean {
  const home = homeOf(firewall);
  return [network.id, ...network.peers].some(id => sameId(id, home));
}

/** Id of the network a firewall stands in. */
export function homeOf(firewall: RawResource): string | undefined {
  return ipConfigurations(firewall)
    .flatMap(one => one.subnet?.id ?? [])
    .map(networkIdOf)[0];
}

export function networkIdOf(subnet: string): string {
  return subnet.replace(/\/subnets\/[^/]+$/i, '');
}

/** A network as ARM or Resource Graph (without the level `properties`) writes it. */
export function asNetwork(raw: RawNetwork): Network {
  return {
    id: raw.id ?? '',
    subnets: (raw.subnets ?? []).map(subnet => ({
      id: subnet.id ?? '',
      prefixes: [...(subnet.addressPrefix ? [subnet.addressPrefix] : []), ...(subnet.addressPrefixes ?? [])],
      routes: subnet.routeTable?.id,
    })),
    peers: (raw.peerings ?? []).flatMap(peering => peering.remoteVirtualNetwork?.id ?? []),
  };
}

export interface RawNetwork {
  id?: string | undefined;
  subnets?:
    | {
        id?: string | undefined;
        addressPrefix?: string | undefined;
        addressPrefixes?: string[] | undefined;
        routeTable?: { id?: string | undefined } | undefined;
      }[]
    | undefined;
  peerings?: { remoteVirtualNetwork?: { id?: string | undefined } | undefined }[] | undefined;
}

/** Kept per firewall: many VMs stand behind one, and share what it judges by. */
const known = new WeakMap<RawResource, Firewall>();

function asFirewall(raw: RawResource, world: FirewallWorld): Firewall {
  const firewall = known.get(raw) ?? mapFirewall(raw, world);
  known.set(raw, firewall);
  return firewall;
}

function mapFirewall(raw: RawResource, world: FirewallWorld): Firewall {
  const id = (raw.id ?? '').toLowerCase();
  const name = raw.name ?? id;
  const configurations = ipConfigurations(raw);
  const subnets = configurations.flatMap(one => one.subnet?.id ?? []);
  const policy = firewallFields(raw).firewallPolicy?.id;
  const common = {
    id,
    publicAddresses: configurations.flatMap(one => {
      const ip = one.publicIPAddress?.id;
      return (ip === undefined ? undefined : world.publicAddress(ip.toLowerCase())) ?? [];
    }),
    subnet: subnets.flatMap(
      subnet =>
        world.network(networkIdOf(subnet))?.subnets.find(one => sameId(one.id, subnet))?.prefixes ?? [],
    ),
  };
  if (policy === undefined) {
    return { ...common, kind: 'classic', gate: natGate(id, name, natCollections(raw, 'classic')) };
  }
  const base = world.resource(policy);
  const parent = ((base?.properties ?? base) as { basePolicy?: { id?: string } } | undefined)?.basePolicy?.id;
  const judged = groupsInOrder([...(parent === undefined ? [] : [parent]), policy], world.groups);
  const collections = judged.flatMap(group => natCollections(group, 'policy'));
  const gate = natGate(`${policy}/ruleCollectionGroups/${ownGroup}`, name, collections);
  return { ...common, kind: 'policy', gate };
}

interface Route {
  addressPrefix?: string;
  nextHopType?: string;
  nextHopIpAddress?: string;
  properties?: Omit<Route, 'properties'>;
}

/** Where the subnet's route table sends what is for everywhere. */
function nextHop(network: Network, subnetId: string, world: FirewallWorld): string | undefined {
  const table = network.subnets.find(one => sameId(one.id, subnetId))?.routes;
  const found = world.resource(table);
  const routes = ((found?.properties ?? found) as { routes?: Route[] } | undefined)?.routes ?? [];
  return routes
    .map(route => route.properties ?? route)
    .find(one => one.addressPrefix === '0.0.0.0/0' && one.nextHopType?.toLowerCase() === 'virtualappliance')
    ?.nextHopIpAddress;
}
