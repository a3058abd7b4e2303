/**
 * What an emulated Azure Firewall does with a connection to one of its public addresses: its DNAT rules in force, first
 * match by priority, then the NSGs behind it, which see the firewall's own addresses and not the client's (reference
 * §2.5, §7.6). Written apart from shared/domain on purpose, like evaluate.ts.
 */
import ipaddr from 'ipaddr.js';
import { isReached } from './balancer.ts';
import { type Address, holds, letsThrough, within } from './evaluate.ts';
import type { AzureFirewall, NatRule } from './resources.ts';
import type { World } from './world.ts';

interface Rule extends NatRule {
  protocols: string[];
}

export interface Translated {
  /** Lower-case id of the VM that stands at the translated address; undefined if none does. */
  vm: string | undefined;
  port: number;
  /** Do the NSGs let the firewall through to it? The firewall takes the connection all the same. */
  through: boolean;
}

/** Where a new TCP connection from `source` to a firewall's public address and port would end; undefined: it is dropped. */
export function translate(
  world: World,
  address: string,
  port: number,
  source: string,
): Translated | undefined {
  const firewall = firewallAt(world, address);
  if (!firewall) return undefined;
  const from = ipaddr.process(source);
  const rule = rulesOf(world, firewall).find(one => fits(one, from, address, port));
  if (!rule) return undefined;
  const vm = vmAt(world, firewall, rule.translatedAddress ?? '');
  const to = Number(rule.translatedPort);
  return {
    vm,
    port: to,
    through:
      vm !== undefined && instances(world, firewall).every(instance => letsThrough(world, vm, instance, to)),
  };
}

/** Every public address and port that some DNAT rule in force is about, each once. */
export function mappedPorts(world: World): { address: string; port: number }[] {
  const found = new Map<string, { address: string; port: number }>();
  for (const firewall of world.all('Microsoft.Network/azureFirewalls')) {
    const own = addressesOf(world, firewall);
    for (const rule of rulesOf(world, firewall)) {
      const named = rule.destinationAddresses ?? [];
      for (const address of named.includes('*') ? own : own.filter(one => named.includes(one))) {
        for (const port of portsOf(rule)) found.set(`${address} ${port}`, { address, port });
      }
    }
  }
  return [...found.values()];
}

/** Would a connection from `source` get through to this port of the VM by any way: straight, or through a firewall? */
export function letsAnyWay(world: World, vmId: string, source: string, port: number): boolean {
  if (isReached(world, vmId, port) && letsThrough(world, vmId, source, port)) return true;
  return mappedPorts(world).some(mapped => {
    const end = translate(world, mapped.address, mapped.port, source);
    return end?.vm === vmId.toLowerCase() && end.port === port && end.through;
  });
}

function firewallAt(world: World, address: string): AzureFirewall | undefined {
  return [...world.all('Microsoft.Network/azureFirewalls')].find(one =>
    addressesOf(world, one).includes(address),
  );
}

function addressesOf(world: World, firewall: AzureFirewall): string[] {
  return firewall.properties.ipConfigurations.flatMap(
    one =>
      world.get('Microsoft.Network/publicIPAddresses', one.properties.publicIPAddress.id)?.properties
        .ipAddress ?? [],
  );
}

/** DNAT rules in force, in the order they are judged: those of a policy's parent first, then by group and collection. */
function rulesOf(world: World, firewall: AzureFirewall): Rule[] {
  const policy = firewall.properties.firewallPolicy;
  if (!policy) {
    return firewall.inForce
      .toSorted((a, b) => a.properties.priority - b.properties.priority)
      .flatMap(collection => collection.properties.rules);
  }
  const found = world.get('Microsoft.Network/firewallPolicies', policy.id);
  const chain = [found?.properties.basePolicy?.id, found?.id];
  return chain.flatMap(id => (id === undefined ? [] : rulesOfPolicy(world, id)));
}

function rulesOfPolicy(world: World, policy: string): Rule[] {
  return [...world.all('Microsoft.Network/firewallPolicies/ruleCollectionGroups')]
    .filter(group => group.id.toLowerCase().startsWith(`${policy}/`.toLowerCase()))
    .flatMap(group => group.inForce ?? [])
    .toSorted((a, b) => a.priority - b.priority)
    .flatMap(group => group.ruleCollections.toSorted((a, b) => a.priority - b.priority))
    .filter(collection => collection.ruleCollectionType === 'FirewallPolicyNatRuleCollection')
    .flatMap(collection => collection.rules.map(rule => ({ ...rule, protocols: rule.ipProtocols ?? [] })));
}

function fits(rule: Rule, source: Address, address: string, port: number): boolean {
  const protocols = rule.protocols.map(one => one.toLowerCase());
  return (
    (protocols.includes('tcp') || protocols.includes('any')) &&
    (rule.sourceAddresses ?? []).some(one => one === '*' || within(one, source)) &&
    (rule.destinationAddresses ?? []).some(one => one === '*' || one === address) &&
    (rule.destinationPorts ?? []).some(range => holds(range, port))
  );
}

/** Of a range only its ends: a listener for each of 60,000 ports helps nobody. */
function portsOf(rule: Rule): number[] {
  const ends = (rule.destinationPorts ?? []).flatMap(range => range.split('-').map(Number));
  return [...new Set(ends)].filter(port => Number.isInteger(port) && port > 0 && port < 65_536);
}

/** Two of the addresses in the firewall's subnet: its instances, one of which a machine sees the connection come from. */
function instances(world: World, firewall: AzureFirewall): string[] {
  const subnet = firewall.properties.ipConfigurations[0]?.properties.subnet.id ?? '';
  const vnet = world.get('Microsoft.Network/virtualNetworks', subnet.slice(0, subnet.indexOf('/subnets/')));
  const prefix = vnet?.properties.subnets.find(one => one.id === subnet)?.properties.addressPrefixes[0] ?? '';
  const base = ipaddr.IPv4.networkAddressFromCIDR(prefix).toByteArray();
  return [5, 6].map(last => [...base.slice(0, 3), (base[3] ?? 0) + last].join('.'));
}

/** The VM with this private address in the firewall's network or one that it is peered with. */
function vmAt(world: World, firewall: AzureFirewall, address: string): string | undefined {
  const subnet = firewall.properties.ipConfigurations[0]?.properties.subnet.id ?? '';
  const home = subnet.slice(0, subnet.indexOf('/subnets/'));
  const peerings =
    world.get('Microsoft.Network/virtualNetworks', home)?.properties.virtualNetworkPeerings ?? [];
  const networks = [home, ...peerings.map(one => one.properties.remoteVirtualNetwork.id)];
  for (const nic of world.all('Microsoft.Network/networkInterfaces')) {
    const here = nic.properties.ipConfigurations.some(
      ({ properties }) =>
        properties.privateIPAddress === address &&
        networks.some(id => properties.subnet.id.toLowerCase().startsWith(`${id}/`.toLowerCase())),
    );
    if (here) return nic.properties.virtualMachine.id.toLowerCase();
  }
  return undefined;
}
