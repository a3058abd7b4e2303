/** What a grant has to write, from what is known of the VM. Pure. */
import type { Protocol } from '../../../shared/contract/common.ts';
import { cidrFamily, type Family } from '../../../shared/domain/cidr.ts';
import type { GateId } from '../../../shared/domain/ids.ts';
import type { RuleMark } from '../../../shared/domain/ruleMark.ts';
import { type Firewall, gatesOf, type NetworkInterface, type Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { RuleOrder } from '../cloud.ts';

/** A gate in front of a VM and the private addresses of one family behind it. */
export interface Stand {
  gate: GateId;
  gateName: string;
  family: Family;
  addresses: string[];
}

/** Every NSG in front of the VM, per address family, in the order of the interfaces; each once. */
export function standsOf(vm: Vm): Stand[] {
  const stands = new Map<string, Stand>();
  for (const nic of vm.interfaces) {
    for (const gate of gatesOf(nic)) {
      for (const address of nic.privateAddresses) {
        const family = cidrFamily(address);
        const key = `${gate.id} ${family}`;
        const stand = stands.get(key) ?? { gate: gate.id, gateName: gate.name, family, addresses: [] };
        if (!stand.addresses.includes(address)) stand.addresses.push(address);
        stands.set(key, stand);
      }
    }
  }
  return [...stands.values()];
}

/**
 * One order per NSG, address family and protocol; all ports of a protocol in one rule. Both NSGs, the subnet's and the
 * interface's, must let the packet through, so both get one. Throws UNSUPPORTED, SOURCE_FAMILY.
 */
export function ordersFor(
  vm: Vm,
  wanted: { ports: { port: number; protocol: Protocol }[]; sources: string[]; mark: RuleMark },
): RuleOrder[] {
  if (vm.firewall && vm.problem === undefined) return ordersThrough(vm, vm.firewall, wanted);
  const stands = standsOf(vm);
  if (vm.problem !== undefined || stands.length === 0) throw unsupported(vm);
  const protocols = [...new Set(wanted.ports.map(port => port.protocol))];
  const orders: RuleOrder[] = [];
  for (const stand of stands) {
    const sources = wanted.sources.filter(source => cidrFamily(source) === stand.family);
    if (sources.length === 0) continue;
    for (const protocol of protocols) {
      orders.push({
        vm: vm.id,
        gate: stand.gate,
        gateName: stand.gateName,
        index: orders.length,
        protocol,
        ports: wanted.ports.filter(port => port.protocol === protocol).map(port => port.port),
        sources,
        destinations: stand.addresses,
        mark: wanted.mark,
      });
    }
  }
  if (orders.length > 0) return orders;
  const family = wanted.sources.some(source => cidrFamily(source) === 'ipv6') ? 'IPv6' : 'IPv4';
  throw new LatchkeyError({
    code: 'SOURCE_FAMILY',
    message: `“${vm.name}” has no ${family} address behind a network security group, and the source is ${family}.`,
    fix: `Use a source of the other address family.`,
  });
}

type Wanted = Parameters<typeof ordersFor>[1];

/**
 * Through a firewall: an order for it per protocol, and the same for each NSG behind it, which must let the firewall's
 * subnet through: DNAT rewrites the source (reference section 2.5). A firewall leads to IPv4 alone.
 */
function ordersThrough(vm: Vm, firewall: Firewall, wanted: Wanted): RuleOrder[] {
  const sources = wanted.sources.filter(source => cidrFamily(source) === 'ipv4');
  const to = targetOf(vm);
  const [address] = firewall.publicAddresses;
  if (address === undefined || to === undefined) throw unsupported(vm);
  if (sources.length === 0) {
    throw new LatchkeyError({
      code: 'SOURCE_FAMILY',
      message: `“${vm.name}” is behind the firewall ${firewall.gate.name}, which leads IPv4 alone, and the source is IPv6.`,
      fix: 'Use an IPv4 source.',
    });
  }
  const via = { gate: firewall.gate.id, address, to: to.address, sources };
  const gates = [
    { id: firewall.gate.id, name: firewall.gate.name, sources },
    ...gatesOf(to.nic).map(({ id, name }) => ({ id, name, sources: firewall.subnet })),
  ];
  const protocols = [...new Set(wanted.ports.map(port => port.protocol))];
  return gates
    .flatMap(gate => protocols.map(protocol => ({ gate, protocol })))
    .map(({ gate, protocol }, index) => ({
      vm: vm.id,
      gate: gate.id,
      gateName: gate.name,
      index,
      protocol,
      ports: wanted.ports.filter(port => port.protocol === protocol).map(port => port.port),
      sources: gate.sources,
      destinations: [to.address],
      mark: wanted.mark,
      via,
    }));
}

/** The IPv4 address that a firewall leads to: of the primary interface, if it has one. */
function targetOf(vm: Vm): { nic: NetworkInterface; address: string } | undefined {
  const nics = vm.interfaces.toSorted((a, b) => Number(b.primary) - Number(a.primary));
  for (const nic of nics) {
    const address = nic.privateAddresses.find(one => cidrFamily(one) === 'ipv4');
    if (address !== undefined) return { nic, address };
  }
  return undefined;
}

/** Why no rule can be written for this VM, and what would change that. */
export function unsupported(vm: Vm): LatchkeyError {
  const why =
    vm.kind === 'classic'
      ? 'is a classic VM'
      : vm.problem === undefined
        ? 'has no network security group in front of it'
        : `can't be handled: ${vm.problem}`;
  return new LatchkeyError({
    code: 'UNSUPPORTED',
    message: `“${vm.name}” ${why}.`,
    fix:
      vm.kind === 'classic'
        ? 'Migrate it to Azure Resource Manager.'
        : 'Put a network security group on its subnet or its network interface, then refresh the list.',
  });
}
