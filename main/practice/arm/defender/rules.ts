/** What Defender writes into network security groups: names, texts and shapes as observed (reference sections 2.1 to 2.4). */
import { createHash, randomUUID } from 'node:crypto';
import { log } from '../activityLog.ts';
import { rule } from '../build.ts';
import type { NetworkSecurityGroup } from '../resources.ts';
import type { World } from '../world.ts';
import type { JitPolicy, PolicyVm } from './data.ts';

const prefix = 'MicrosoftDefenderForCloud-JITRule';
/** The application that the activity log names for these writes: “Windows Azure Security Resource Provider”. */
const provider = '8edd93e1-2103-40b4-bd70-6e34e586362d';

/** The NSGs where rules for a VM go, each with the VM's private addresses behind it. */
function standsOf(world: World, vmId: string): { nsg: NetworkSecurityGroup; addresses: string[] }[] {
  const stands = new Map<NetworkSecurityGroup, string[]>();
  for (const ref of world.vm(vmId)?.properties.networkProfile.networkInterfaces ?? []) {
    const nic = world.get('Microsoft.Network/networkInterfaces', ref.id);
    const own = nic?.properties.networkSecurityGroup && world.nsg(nic.properties.networkSecurityGroup.id);
    for (const { properties } of nic?.properties.ipConfigurations ?? []) {
      const subnetId = properties.subnet.id;
      const network = subnetId.slice(0, subnetId.indexOf('/subnets/'));
      const subnet = world
        .get('Microsoft.Network/virtualNetworks', network)
        ?.properties.subnets.find(one => one.id === subnetId);
      const shared =
        subnet?.properties.networkSecurityGroup && world.nsg(subnet.properties.networkSecurityGroup.id);
      const both = world.defender.traits.writes === 'both' ? [shared, own] : [own ?? shared];
      for (const nsg of both) {
        if (nsg) stands.set(nsg, [...(stands.get(nsg) ?? []), properties.privateIPAddress]);
      }
    }
  }
  return [...stands].map(([nsg, addresses]) => ({ nsg, addresses }));
}

/** Makes the deny rules of a policy's VM what its ports say; without `ports` they go. */
export function writeDenies(world: World, now: number, policy: JitPolicy, vm: PolicyVm, on: boolean): void {
  for (const { nsg, addresses } of standsOf(world, vm.id)) {
    const ports = [...new Set(vm.ports.map(port => String(port.number)))];
    for (const address of addresses) {
      const name = ruleName('_', policy, vm.id, `${nsg.id} ${address}`);
      const stands = nsg.properties.rules.find(one => one.name === name);
      const rest = nsg.properties.rules.filter(one => one !== stands);
      if (!on || ports.length === 0) {
        if (stands) replace(world, now, nsg, rest, 'delete', name);
        continue;
      }
      const priority = stands?.properties.priority ?? denyPriority(rest, ports);
      const description = `MDC JIT Network Access rule for policy '${policy.name}' of VM '${nameOf(vm.id)}'.`;
      const made = rule(name, priority, 'Deny', {
        ports,
        destinations: [address],
        protocol: '*',
        description,
      });
      if (stands && JSON.stringify(stands.properties) === JSON.stringify(made.properties)) continue;
      if (stands) Object.assign(stands, made);
      replace(world, now, nsg, stands ? nsg.properties.rules : [...rest, made], 'write', name);
    }
  }
}

/** Lets a source to one port of a VM, at the first free priority from 100 on. Gives the rules that do. */
export function writeAllows(
  world: World,
  now: number,
  policy: JitPolicy,
  vm: string,
  wanted: { number: number; source: string },
): { nsg: string; name: string }[] {
  return standsOf(world, vm).flatMap(({ nsg, addresses }) =>
    addresses
      .filter(address => !address.includes(':'))
      .map(address => {
        const name = ruleName('-', policy, vm, `${nsg.id} ${address} ${wanted.number} ${wanted.source}`);
        const rest = nsg.properties.rules.filter(one => one.name !== name);
        const made = rule(name, firstFree(rest, 100, 1), 'Allow', {
          ports: [String(wanted.number)],
          sources: [wanted.source],
          destinations: [address],
          protocol: '*',
          description: `MDC JIT Network Access rule created by an initiation request for policy '${policy.name}' of VM '${nameOf(vm)}'.`,
        });
        replace(world, now, nsg, [...rest, made], 'write', name);
        return { nsg: nsg.id, name };
      }),
  );
}

/** Takes a rule out; that it is gone already, or was changed by hand, does not matter. */
export function removeRule(world: World, now: number, at: { nsg: string; name: string }): void {
  const nsg = world.nsg(at.nsg);
  const rest = nsg?.properties.rules.filter(one => one.name !== at.name);
  if (nsg && rest && rest.length < nsg.properties.rules.length)
    replace(world, now, nsg, rest, 'delete', at.name);
}

function replace(
  world: World,
  now: number,
  nsg: NetworkSecurityGroup,
  rules: NetworkSecurityGroup['properties']['rules'],
  verb: 'write' | 'delete',
  name: string,
): void {
  world.beforeChange(nsg.id.toLowerCase());
  nsg.properties.rules = rules;
  const event = {
    caller: provider,
    claims: { appid: provider, name: 'Windows Azure Security Resource Provider' },
    operation: `Microsoft.Network/networkSecurityGroups/securityRules/${verb}`,
    resource: `${nsg.id}/securityRules/${name}`,
    correlation: randomUUID(),
    operationId: randomUUID(),
    http: { clientRequestId: '', clientIpAddress: '', method: verb === 'write' ? 'PUT' : 'DELETE' },
  };
  log({ world, now: () => now }, { ...event, status: 'Started' });
  log({ world, now: () => now }, { ...event, status: 'Succeeded', statusCode: 200 });
}

/**
 * “If other rules already exist for the selected ports, those existing rules take priority … If no existing rules are on
 * the selected ports, the new rules take top priority” (reference 2.2): from 4096 up, or from 1000 down, as observed.
 */
function denyPriority(rules: NetworkSecurityGroup['properties']['rules'], ports: string[]): number {
  const others = rules.filter(
    one => !one.name.startsWith(prefix) && one.properties.direction === 'Inbound' && touches(one, ports),
  );
  return others.length > 0 ? firstFree(rules, 4096, -1) : firstFree(rules, 1000, 1);
}

function touches(
  { properties }: NetworkSecurityGroup['properties']['rules'][number],
  ports: string[],
): boolean {
  const ranges = [...properties.destinationPortRanges, properties.destinationPortRange ?? []].flat();
  return ranges.some(range => {
    const [from = 0, to = from] = range === '*' ? [0, 65535] : range.split('-').map(Number);
    return ports.some(port => Number(port) >= from && Number(port) <= to);
  });
}

function firstFree(rules: NetworkSecurityGroup['properties']['rules'], from: number, step: 1 | -1): number {
  const taken = new Set(
    rules.filter(one => one.properties.direction === 'Inbound').map(one => one.properties.priority),
  );
  let priority = from;
  while (taken.has(priority)) priority += step;
  return priority;
}

/** The GUID is the VM's in its policy, the number the rule's own (reference 2.1, 2.2). */
function ruleName(mark: '_' | '-', policy: JitPolicy, vm: string, own: string): string {
  const number = createHash('sha256').update(own).digest().readInt32BE(0);
  const ofVm = createHash('sha256').update(`${policy.id} ${vm}`.toLowerCase()).digest('hex').slice(0, 32);
  return [prefix, mark === '_' ? number : Math.abs(number), ofVm.toUpperCase()].join(mark);
}

function nameOf(vm: string): string {
  return vm.slice(vm.lastIndexOf('/') + 1);
}
