/**
 * Whether the emulated network lets a connection through, decided packet by packet from the rules in force: Virtual
 * Network Manager's, then the
 * subnet's NSG, then the interface's, first rule by priority (reference §7.1). Written apart from shared/domain on
 * purpose: what Latchkey believes is reachable is tested against what happens here.
 */
import ipaddr from 'ipaddr.js';
import { membersOf } from './groups.ts';
import type {
  AdminRule,
  NetworkInterface,
  NetworkSecurityGroup,
  Ref,
  RuleProperties,
  VirtualNetwork,
} from './resources.ts';
import type { World } from './world.ts';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

interface Packet {
  source: Address;
  destination: Address;
  port: number;
  /** Address space of the network the VM stands in and those it is peered with: what `VirtualNetwork` means. */
  network: string[];
  /** Private addresses of an application security group's members. */
  members: (group: Ref) => string[];
}

/** Would a new TCP connection from `source` (address text) that comes straight to this port of the VM get through now? */
export function letsThrough(world: World, vmId: string, source: string, port: number): boolean {
  const vm = world.vm(vmId);
  if (!vm) return false;
  const from = ipaddr.process(source);
  return vm.properties.networkProfile.networkInterfaces.some(ref => {
    const nic = world.get('Microsoft.Network/networkInterfaces', ref.id);
    return nic !== undefined && throughInterface(world, nic, from, port);
  });
}

function throughInterface(world: World, nic: NetworkInterface, source: Address, port: number): boolean {
  return nic.properties.ipConfigurations.some(({ properties }) => {
    const destination = ipaddr.parse(properties.privateIPAddress);
    if (destination.kind() !== source.kind()) return false;
    const subnetId = properties.subnet.id.toLowerCase();
    const network = networkOf(world, subnetId);
    const subnet = network?.properties.subnets.find(one => one.id.toLowerCase() === subnetId);
    const packet = {
      source,
      destination,
      port,
      network: [
        ...(network?.properties.addressSpace.addressPrefixes ?? []),
        ...(network?.properties.virtualNetworkPeerings ?? []).flatMap(
          peering =>
            world.get('Microsoft.Network/virtualNetworks', peering.properties.remoteVirtualNetwork.id)
              ?.properties.addressSpace.addressPrefixes ?? [],
        ),
      ],
      members: (group: Ref) => membersOf(world, group.id),
    };
    const admin = adminWord(world.adminRules.get(network?.id.toLowerCase() ?? '') ?? [], packet);
    if (admin === 'Deny') return false;
    if (admin === 'AlwaysAllow') return true;
    return [subnet?.properties.networkSecurityGroup, nic.properties.networkSecurityGroup].every(ref => {
      const nsg = ref && world.nsg(ref.id);
      return !nsg || allows(nsg, packet);
    });
  });
}

function networkOf(world: World, subnetId: string): VirtualNetwork | undefined {
  return world.get('Microsoft.Network/virtualNetworks', subnetId.slice(0, subnetId.indexOf('/subnets/')));
}

/** The first rule that fits decides; below all of them stand the default ones: from the network yes, else no. */
function allows(nsg: NetworkSecurityGroup, packet: Packet): boolean {
  let first: RuleProperties | undefined;
  for (const { inForce } of nsg.properties.rules) {
    if (inForce?.direction !== 'Inbound' || !fits(inForce, packet)) continue;
    if (!first || inForce.priority < first.priority) first = inForce;
  }
  if (first) return first.access === 'Allow';
  return (
    meets('VirtualNetwork', packet.source, packet.network) || meets('AzureLoadBalancer', packet.source, [])
  );
}

function fits(rule: RuleProperties, packet: Packet): boolean {
  if (rule.protocol !== '*' && rule.protocol.toLowerCase() !== 'tcp') return false;
  // Nobody knows which port a client comes from: only a rule for all of them is sure to fit.
  if (!both(rule.sourcePortRange, rule.sourcePortRanges).includes('*')) return false;
  return (
    both(rule.destinationPortRange, rule.destinationPortRanges).some(range => holds(range, packet.port)) &&
    [
      ...both(rule.sourceAddressPrefix, rule.sourceAddressPrefixes),
      ...(rule.sourceApplicationSecurityGroups ?? []).flatMap(packet.members),
    ].some(prefix => meets(prefix, packet.source, packet.network)) &&
    [
      ...both(rule.destinationAddressPrefix, rule.destinationAddressPrefixes),
      ...(rule.destinationApplicationSecurityGroups ?? []).flatMap(packet.members),
    ].some(prefix => meets(prefix, packet.destination, packet.network))
  );
}

/** What Virtual Network Manager's rules say before any NSG is asked: the first that fits, else nothing (reference §7.4). */
function adminWord(rules: AdminRule[], packet: Packet): AdminRule['properties']['access'] | undefined {
  const [first] = rules
    .map(rule => rule.properties)
    .filter(
      rule =>
        rule.direction === 'Inbound' &&
        rule.protocol !== 'Udp' &&
        rule.destinationPortRanges.some(range => holds(range, packet.port)) &&
        rule.sources.some(one => meets(one.addressPrefix, packet.source, packet.network)) &&
        rule.destinations.some(one => meets(one.addressPrefix, packet.destination, packet.network)),
    )
    .toSorted((a, b) => a.priority - b.priority);
  return first?.access;
}

function both(one: string | undefined, many: string[]): string[] {
  return one === undefined || one === '' ? many : [one, ...many];
}

/** Is the port in a range as rules write them: `22`, `8080-8090`, `*`? */
export function holds(range: string, port: number): boolean {
  if (range === '*') return true;
  const [from, to = from] = range.split('-').map(Number);
  return from !== undefined && to !== undefined && from <= port && port <= to;
}

const privateSpace = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'];

/** A prefix or a service tag. `Internet` is what is outside the network and not private; loopback stands in for it here. */
function meets(prefix: string, address: Address, network: string[]): boolean {
  switch (prefix.toLowerCase()) {
    case '*':
    case 'any':
      return true;
    case 'virtualnetwork':
      return network.some(range => within(range, address));
    case 'internet':
      return ![...network, ...privateSpace].some(range => within(range, address));
    case 'azureloadbalancer':
      return within('168.63.129.16/32', address);
    default:
      return within(prefix, address);
  }
}

/** False for service tags that are not emulated: nothing in the practice world comes from them. */
export function within(prefix: string, address: Address): boolean {
  if (ipaddr.isValidCIDR(prefix)) {
    const [range, bits] = ipaddr.parseCIDR(prefix);
    return range.kind() === address.kind() && address.match(range, bits);
  }
  if (ipaddr.isValid(prefix))
    return ipaddr.parse(prefix).toNormalizedString() === address.toNormalizedString();
  const [first, last] = prefix.split('-');
  if (first === undefined || last === undefined || !ipaddr.isValid(first) || !ipaddr.isValid(last))
    return false;
  const [low, high] = [ipaddr.parse(first), ipaddr.parse(last)];
  if (low.kind() !== address.kind() || high.kind() !== address.kind()) return false;
  const bytes = (one: Address) => Buffer.from(one.toByteArray());
  return bytes(low).compare(bytes(address)) <= 0 && bytes(address).compare(bytes(high)) <= 0;
}
