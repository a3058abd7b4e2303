/** One VM and everything around it, read from ARM itself (Resource Graph lags). */
import type { LoadBalancer, NetworkInterface, NetworkSecurityGroup } from '@azure/arm-network';
import type { JitWay } from '../../../shared/contract/accounts.ts';
import type { AccountId, VmId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import type { Clock, Logger } from '../../os/ports.ts';
import { isForbidden, isNotFound } from '../calls.ts';
import { type AdminRules, networkOf } from './adminRules.ts';
import { type Arm, abort } from './armClients.ts';
import { armPath, parseArmId } from './armIds.ts';
import type { DefenderApi } from './defender/api.ts';
import { attach } from './defender/attach.ts';
import { indexPolicies, type PolicyIndex, readPolicies } from './defender/policyIndex.ts';
import { notAzure } from './errors.ts';
import { freshFirewalls } from './firewall/fresh.ts';
import { firewallInFront } from './firewall/inFront.ts';
import type { FreshNat } from './firewall/lock.ts';
import { balancersOf, frontendAddresses } from './forwards.ts';
import { lifted } from './graph.ts';
import { membersOf } from './inventory.ts';
import { type Members, mapGate } from './mapRules.ts';
import { mapClassicVm, mapVm, type Place, type VmFacts } from './mapVm.ts';

/** A VM with its tags and its NSGs as ARM wrote them: what a plan is made from. */
export interface FreshVm {
  vm: Vm;
  tags: Record<string, string>;
  /** By id in lower case. */
  gates: Map<string, NetworkSecurityGroup>;
  /** The subscription's Defender policies. */
  jit: PolicyIndex;
  /** Id and region as Azure writes them. */
  place: { id: string; location: string };
  /** The firewall in front, where a plan is made. */
  nat?: FreshNat | undefined;
}

export interface LookAsk {
  arm: Arm;
  admin: AdminRules;
  clock: Clock;
  log: Logger;
  account: AccountId;
  jit: { api: DefenderApi };
}

/** Undefined if there is no such VM. Throws LatchkeyError for everything else that goes wrong. `way`: as `Vm.jitWay`. */
export async function freshVm(
  ask: LookAsk,
  id: VmId,
  way?: JitWay,
  signal?: AbortSignal,
): Promise<FreshVm | undefined> {
  const { arm, admin } = ask;
  const at = parseArmId(id);
  const here: Place = { account: ask.account, scope: at.subscription };
  const facts = await absent(
    id.includes('/microsoft.classiccompute/') ? classicFacts(arm, id, signal) : vmFacts(arm, id, signal),
  );
  if (facts === undefined) return undefined;
  if (id.includes('/microsoft.classiccompute/'))
    return {
      vm: mapClassicVm(facts, here),
      tags: {},
      gates: new Map(),
      jit: indexPolicies([]),
      place: placeOf(facts),
    };
  const policies = readPolicies({ api: ask.jit.api, log: ask.log }, at.subscription, signal);
  // Whoever fails first is told; the other's failure must not be one that nobody looks at.
  policies.catch(() => undefined);

  const network = await arm.network(at.subscription);
  const nics = await byId(
    (facts.nics ?? []).map(nic => nic.id),
    async nicId => {
      const { group, name } = parseArmId(nicId);
      return network.networkInterfaces.get(group, name, { ...abort(signal) });
    },
  );
  const configurations = [...nics.values()].flatMap(nic => nic.ipConfigurations ?? []);
  const readAddresses = (ids: (string | undefined)[]) =>
    byId(ids, ip => {
      const { group, name } = parseArmId(ip);
      return network.publicIPAddresses.get(group, name, { ...abort(signal) });
    });
  const subnetIds = configurations.map(c => c.subnet?.id);
  const first = subnetIds.find(subnet => subnet !== undefined);
  const [own, subnets, balancers, , firewalls] = await Promise.all([
    readAddresses(configurations.map(c => c.publicIPAddress?.id)),
    byId(subnetIds, subnet => {
      const { group, name, child } = parseArmId(subnet);
      return network.subnets.get(group, name, child, { ...abort(signal) });
    }),
    byId(balancersOf(configurations), id => readBalancer(arm, id, signal)),
    byId(
      subnetIds.map(subnet => subnet && networkOf(subnet)),
      vnet => admin.read(vnet, signal),
    ),
    freshFirewalls(arm, first, signal),
  ]);
  const frontends = await readAddresses([...balancers.values()].flatMap(frontendAddresses));
  const addresses = new Map([...own, ...frontends]);
  const gateIds = [
    ...[...subnets.values()].map(subnet => subnet.networkSecurityGroup?.id),
    ...[...nics.values()].map(nic => nic.networkSecurityGroup?.id),
  ];
  const gates = await byId(gateIds, gate => readGate(arm, gate, signal));
  const members = ownMembers(nics.values());
  const vm = mapVm(
    facts,
    {
      nic: nicId => nics.get(nicId),
      publicAddress: ip => addresses.get(ip)?.ipAddress,
      subnetGate: subnet =>
        subnets.has(subnet) ? (subnets.get(subnet)?.networkSecurityGroup?.id ?? '') : undefined,
      gate: gate => {
        const found = gates.get(gate);
        return found === undefined ? undefined : mapGate(found, members);
      },
      balancer: id => balancers.get(id),
      admin: subnet => admin.known(networkOf(subnet)),
      firewall: (subnet, interfaces) => firewallInFront(subnet, interfaces, firewalls),
    },
    here,
  );
  const jit = await policies;
  const now = ask.clock.now() + arm.clockOffset();
  return {
    vm: attach(vm, jit, way ?? 'auto', now),
    tags: facts.tags ?? {},
    gates,
    jit,
    place: placeOf(facts),
  };
}

function placeOf({ id, location }: VmFacts): FreshVm['place'] {
  return { id, location: location ?? '' };
}

/** Empty where we may not see it, or it is gone: then nothing is known to lead through it. */
async function readBalancer(arm: Arm, id: string, signal?: AbortSignal): Promise<LoadBalancer> {
  const { subscription, group, name } = parseArmId(id);
  const network = await arm.network(subscription);
  try {
    return await network.loadBalancers.get(group, name, { ...abort(signal) });
  } catch (error) {
    if (isNotFound(error) || isForbidden(error)) return {};
    throw error;
  }
}

/** One NSG as ARM has it now. Throws CLOUD_NOT_FOUND. */
export async function readGate(arm: Arm, id: string, signal?: AbortSignal): Promise<NetworkSecurityGroup> {
  const { subscription, group, name } = parseArmId(id);
  const network = await arm.network(subscription);
  const gate = await network.networkSecurityGroups.get(group, name, { ...abort(signal) });
  // An empty answer must not be taken for a gate without rules.
  if (gate.name?.toLowerCase() !== name.toLowerCase()) throw notAzure(`GET ${id}`, 200);
  return gate;
}

/**
 * Only this VM's own interfaces were read: whoever else is in an application security group is not known. For a
 * destination our own addresses are all that matters; as a source the group stays unknown.
 */
function ownMembers(nics: Iterable<NetworkInterface>): Members {
  const known = membersOf(nics);
  return (id, side) => (side === 'destination' ? known(id, side) : undefined);
}

async function vmFacts(arm: Arm, id: VmId, signal?: AbortSignal): Promise<VmFacts> {
  const { subscription, group, name } = parseArmId(id);
  const compute = await arm.compute(subscription);
  const vm = await compute.virtualMachines.get(group, name, { expand: 'instanceView', ...abort(signal) });
  const power = vm.instanceView?.statuses?.find(status => status.code?.startsWith('PowerState/'));
  const image = vm.storageProfile?.imageReference;
  return {
    id: vm.id ?? id,
    name: vm.name ?? name,
    location: vm.location,
    tags: vm.tags,
    os: vm.storageProfile?.osDisk?.osType,
    size: vm.hardwareProfile?.vmSize,
    ...(image === undefined ? {} : { image }),
    nics: vm.networkProfile?.networkInterfaces,
    power: power?.code,
  };
}

interface ClassicAnswer {
  id: string;
  name: string;
  location?: string;
  hardwareProfile?: { size?: string };
  storageProfile?: { operatingSystemDisk?: { operatingSystem?: string } };
  instanceView?: { powerState?: string };
}

/** The classic provider has no current client; 2017-04-01 is its last version. */
async function classicFacts(arm: Arm, id: VmId, signal?: AbortSignal): Promise<VmFacts> {
  const answer = await arm.request({
    method: 'GET',
    path: `${armPath(id)}?api-version=2017-04-01`,
    signal,
  });
  const vm = lifted(answer) as ClassicAnswer;
  return {
    id: vm.id,
    name: vm.name,
    location: vm.location,
    os: vm.storageProfile?.operatingSystemDisk?.operatingSystem,
    size: vm.hardwareProfile?.size,
    power: vm.instanceView?.powerState,
  };
}

async function absent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function byId<T>(
  ids: (string | undefined)[],
  read: (id: string) => Promise<T>,
): Promise<Map<string, T>> {
  const wanted = new Map(ids.flatMap(id => (id === undefined ? [] : [[id.toLowerCase(), id]])));
  const found = await Promise.all([...wanted].map(async ([key, id]) => [key, await read(id)] as const));
  return new Map(found);
}
