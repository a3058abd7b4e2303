/** A VM put together from its pieces, whether they came from Resource Graph or from ARM itself. */
import type { LoadBalancer, NetworkInterface } from '@azure/arm-network';
import { type AccountId, parseVmId } from '../../../shared/domain/ids.ts';
import { readPolicy } from '../../../shared/domain/policyTag.ts';
import type {
  Firewall,
  Gate,
  GateLayer,
  NetworkInterface as Interface,
  Vm,
} from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { parseArmId } from './armIds.ts';
import { balancersOf, forwardsTo } from './forwards.ts';

/** The facts of a VM itself. */
export interface VmFacts {
  id: string;
  name: string;
  location?: string | undefined;
  tags?: Record<string, string> | null | undefined;
  os?: string | undefined;
  size?: string | undefined;
  image?: { publisher?: string; offer?: string; sku?: string } | undefined;
  nics?: { id?: string | undefined; primary?: boolean | undefined }[] | undefined;
  /** `PowerState/running`, `VM deallocated`, `Started` … */
  power?: string | undefined;
}

/** What stands around VMs, by id in lower case; undefined where the cloud did not show it. */
export interface Surroundings {
  nic(id: string): NetworkInterface | undefined;
  /** Address text of a public IP resource. */
  publicAddress(id: string): string | undefined;
  /** Id of the subnet's NSG; empty text if it has none. */
  subnetGate(subnet: string): string | undefined;
  gate(id: string): Gate | undefined;
  balancer(id: string): LoadBalancer | undefined;
  /** Security admin rules before all that stands in the subnet's network, as far as they are known. */
  admin(subnet: string): GateLayer | undefined;
  /** The firewall in front of a VM with these interfaces, whose first is in this subnet. */
  firewall(subnet: string, interfaces: Interface[]): Firewall | undefined;
}

export interface Place {
  account: AccountId;
  scope: string;
}

/**
 * The VM in our model. Where its pieces don't fit together it comes without interfaces and says why in `problem`.
 * Throws BAD_INPUT only if even its id is none.
 */
export function mapVm(facts: VmFacts, around: Surroundings, place: Place): Vm {
  const vm = bareVm(facts, place, 'arm');
  try {
    const nics = facts.nics ?? [];
    vm.interfaces = nics.map(nic => mapInterface(nic.id ?? '', nic.primary ?? nics.length === 1, around));
    const subnet = nics
      .flatMap(nic => around.nic(nic.id?.toLowerCase() ?? '')?.ipConfigurations ?? [])
      .find(configuration => configuration.subnet?.id)?.subnet?.id;
    const firewall = subnet === undefined ? undefined : around.firewall(subnet, vm.interfaces);
    if (firewall !== undefined) vm.firewall = firewall;
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    vm.problem = error.message;
  }
  return vm;
}

/** A classic VM: shown, never opened. */
export function mapClassicVm(facts: VmFacts, place: Place): Vm {
  return bareVm(facts, place, 'classic');
}

function bareVm(facts: VmFacts, place: Place, kind: 'arm' | 'classic'): Vm {
  const id = parseVmId(facts.id);
  const vm: Vm = {
    id,
    name: facts.name,
    cloud: 'azure',
    ...place,
    location: facts.location ?? '',
    resourceGroup: parseArmId(facts.id).group,
    kind,
    os: osOf(facts.os),
    image: imageOf(facts.image),
    size: facts.size,
    power: powerOf(facts.power),
    interfaces: [],
  };
  try {
    vm.policy = readPolicy(facts.tags ?? {});
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    vm.policyError = error.toData();
  }
  return vm;
}

function mapInterface(id: string, primary: boolean, around: Surroundings): Interface {
  const nic = around.nic(id.toLowerCase());
  if (nic === undefined) throw unseen('network interface', id);
  const configurations = nic.ipConfigurations ?? [];
  const publicIds = configurations.flatMap(c => (c.publicIPAddress?.id ? [c.publicIPAddress.id] : []));
  const forwards = balancersOf(configurations).flatMap(balancer =>
    forwardsTo(configurations, around.balancer(balancer), ip => around.publicAddress(ip)),
  );
  const subnet = configurations.find(c => c.subnet?.id)?.subnet?.id;
  return {
    id: id.toLowerCase(),
    primary,
    privateAddresses: configurations.flatMap(c => (c.privateIPAddress ? [c.privateIPAddress] : [])),
    publicAddresses: publicIds.flatMap(ip => around.publicAddress(ip.toLowerCase()) ?? []),
    ...(forwards.length === 0 ? {} : { forwards }),
    layers: [
      ...listed(subnet === undefined ? undefined : around.admin(subnet)),
      ...layer('subnet', subnet === undefined ? undefined : subnetGateId(subnet, around), around),
      ...layer('nic', nic.networkSecurityGroup?.id, around),
    ],
  };
}

function listed<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}

function subnetGateId(subnet: string, around: Surroundings): string | undefined {
  const gate = around.subnetGate(subnet.toLowerCase());
  if (gate === undefined) throw unseen('subnet', subnet);
  return gate === '' ? undefined : gate;
}

function layer(place: 'subnet' | 'nic', id: string | undefined, around: Surroundings): GateLayer[] {
  if (id === undefined) return [];
  const gate = around.gate(id.toLowerCase());
  if (gate === undefined) throw unseen('network security group', id);
  return [{ place, mode: 'first-match', gates: [gate] }];
}

function unseen(what: string, id: string): LatchkeyError {
  const name = id.split('/').at(-1) ?? id;
  return new LatchkeyError({
    code: 'UNSUPPORTED',
    message: `Azure did not show us its ${what} “${name.slice(0, 80)}”.`,
  });
}

function osOf(text: string | undefined): Vm['os'] {
  const os = text?.toLowerCase();
  return os === 'linux' || os === 'windows' ? os : 'unknown';
}

function imageOf(image: VmFacts['image']): string | undefined {
  const words = [image?.offer, image?.sku].filter(word => word !== undefined);
  return words.length === 0 ? undefined : words.join(' ');
}

/** Texts of Resource Graph, of an instance view and of the classic provider. */
function powerOf(text = ''): Vm['power'] {
  const state = text.toLowerCase().replace(/^(powerstate\/|vm )/, '');
  if (state === 'running' || state === 'started') return 'running';
  if (['stopped', 'deallocated', 'stoppeddeallocated'].includes(state)) return 'stopped';
  if (state === 'starting') return 'starting';
  if (state === 'stopping' || state === 'deallocating') return 'stopping';
  return 'unknown';
}
