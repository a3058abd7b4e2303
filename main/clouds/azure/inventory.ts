/** All VMs of a subscription: a handful of Resource Graph queries, joined here. */
import type { LoadBalancer, NetworkInterface, NetworkSecurityGroup } from '@azure/arm-network';
import type { Gate, Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Clock, Logger } from '../../os/ports.ts';
import { type AdminRules, networkOf } from './adminRules.ts';
import type { Arm } from './armClients.ts';
import type { DefenderApi } from './defender/api.ts';
import { attach } from './defender/attach.ts';
import { readPolicies } from './defender/policyIndex.ts';
import { type FirewallWorld, firewallInFront } from './firewall/inFront.ts';
import { type AddressRow, byId, type NetworkRow, readEdges } from './firewall/inventory.ts';
import { type GraphPace, graphPages } from './graph.ts';
import { type Members, mapGate } from './mapRules.ts';
import { mapClassicVm, mapVm, type Place, type Surroundings, type VmFacts } from './mapVm.ts';
import { queries } from './queries.ts';

/**
 * VMs in pages of up to 1,000. What surrounds them is asked first, so every page is complete. `onGate` is told each
 * NSG that stands in front of a VM, once. Data lags the cloud by seconds to minutes (reference section 7.7).
 */
export async function* inventory(
  ask: {
    arm: Arm;
    pace: GraphPace;
    log: Logger;
    clock: Clock;
    admin: AdminRules;
    jit: { api: DefenderApi };
  },
  place: Place,
  onGate: (gate: Gate) => void,
  signal?: AbortSignal,
): AsyncGenerator<Vm[]> {
  const pages = <Row>(query: string) => graphPages<Row>(ask.arm, ask.pace, place.scope, query, signal);
  const addressing = byId(pages<AddressRow>(queries.addresses));
  const networking = byId(pages<NetworkRow>(queries.networks));
  const [jit, nics, addresses, gates, networks, edges] = await Promise.all([
    // Not in Resource Graph (reference 1.4): a request of its own.
    readPolicies({ api: ask.jit.api, log: ask.log }, place.scope, signal),
    byId(pages<NetworkInterface>(queries.nics)),
    addressing,
    byId(pages<NetworkSecurityGroup>(queries.gates)),
    networking,
    readEdges(ask, place.scope, { networking, addressing }, signal),
  ]);
  await ask.admin.readSome(networks.keys(), nics.size, signal);
  const tables = { nics, addresses, gates, networks, ...edges };
  const around = surroundings(tables, ask.admin, onGate);
  const sound = (map: (row: VmRow) => Vm) => (facts: VmRow) => {
    try {
      return [map(facts)];
    } catch (error) {
      if (!(error instanceof LatchkeyError)) throw error;
      ask.log.warn({ id: facts.id, reason: error.message }, 'azure: a VM that has no id is left out');
      return [];
    }
  };
  for await (const page of pages<VmRow>(queries.vms)) {
    const now = ask.clock.now() + ask.arm.clockOffset();
    yield page.flatMap(
      sound(row =>
        isClassic(row)
          ? mapClassicVm(classicFacts(row), place)
          : attach(mapVm(row, around, place), jit, 'auto', now),
      ),
    );
  }
  // All rows are out: load the large module now, so that the first grant does not wait for it.
  await ask.arm.network(place.scope);
}

/** A VM of either kind. */
interface VmRow extends VmFacts {
  type?: string;
  classicSize?: string;
  classicOs?: string;
  classicPower?: string;
}

function isClassic({ type }: VmRow): boolean {
  return type?.toLowerCase() === 'microsoft.classiccompute/virtualmachines';
}

function classicFacts({ id, name, location, classicSize, classicOs, classicPower }: VmRow): VmFacts {
  return { id, name, location, size: classicSize, os: classicOs, power: classicPower };
}

/** Rows of the tables, by id in lower case. */
interface Tables {
  nics: Map<string, NetworkInterface>;
  addresses: Map<string, AddressRow>;
  gates: Map<string, NetworkSecurityGroup>;
  networks: Map<string, NetworkRow>;
  balancers: Map<string, LoadBalancer>;
  firewalls: FirewallWorld;
}

function surroundings(tables: Tables, admin: AdminRules, onGate: (gate: Gate) => void): Surroundings {
  const { nics, addresses, gates, networks, balancers, firewalls } = tables;
  const subnetGates = new Map<string, string>();
  for (const network of networks.values()) {
    for (const subnet of network.subnets ?? []) {
      subnetGates.set(subnet.id?.toLowerCase() ?? '', subnet.networkSecurityGroup?.id ?? '');
    }
  }
  const members = membersOf(nics.values());
  const mapped = new Map<string, Gate>();
  return {
    nic: id => nics.get(id),
    publicAddress: id => addresses.get(id)?.ipAddress,
    subnetGate: id => subnetGates.get(id),
    balancer: id => balancers.get(id),
    admin: subnet => admin.known(networkOf(subnet)),
    firewall: (subnet, interfaces) => firewallInFront(subnet, interfaces, firewalls),
    gate(id) {
      const known = mapped.get(id);
      const raw = gates.get(id);
      if (known !== undefined || raw === undefined) return known;
      const gate = mapGate(raw, members);
      mapped.set(id, gate);
      onGate(gate);
      return gate;
    },
  };
}

/** Private addresses of application security groups' members, as these interfaces say. */
export function membersOf(nics: Iterable<NetworkInterface>): Members {
  const groups = new Map<string, string[]>();
  for (const nic of nics) {
    for (const configuration of nic.ipConfigurations ?? []) {
      for (const group of configuration.applicationSecurityGroups ?? []) {
        const id = group.id?.toLowerCase() ?? '';
        const addresses = groups.get(id) ?? [];
        if (configuration.privateIPAddress) addresses.push(configuration.privateIPAddress);
        groups.set(id, addresses);
      }
    }
  }
  return id => groups.get(id) ?? [];
}
