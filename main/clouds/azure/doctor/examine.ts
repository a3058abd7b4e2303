/** Looks at one VM and all around it, or at the whole account. Reads only; a check that can't be made is a finding itself. */
import type { NetworkInterface } from '@azure/arm-network';
import type { CheckName, Finding } from '../../../../shared/contract/doctor.ts';
import { defenderOf } from '../../../../shared/domain/defender.ts';
import { ok, problem, warning } from '../../../../shared/domain/doctor/finding.ts';
import { isLock } from '../../../../shared/domain/lockMark.ts';
import { defaultPolicy } from '../../../../shared/domain/policyTag.ts';
import { type Mode, modes } from '../../../../shared/domain/rights/azureActions.ts';
import type { Vm } from '../../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Scope } from '../../cloud.ts';
import { networkOf } from '../adminRules.ts';
import { type Arm, abort } from '../armClients.ts';
import { parseArmId } from '../armIds.ts';
import { readGate } from '../freshVm.ts';
import { standsOf } from '../orders.ts';
import { nsgFindings } from './nsgs.ts';
import { type Places, rightsFindings } from './rights.ts';
import { lockFindings, planFinding, publicAddressFindings } from './surroundings.ts';

/** The account: its subscriptions, and in each the plan and the rights. */
export async function examineAccount(arm: Arm, scopes: Scope[], signal?: AbortSignal): Promise<Finding[]> {
  if (scopes.length === 0)
    return [
      problem(
        'scopes',
        'You see no subscription.',
        'Ask for a role in one (`latchkey roles azure --for view --subscription ID` prints it), or sign in to another tenant.',
      ),
    ];
  const each = scopes.map(async ({ id, name }) => [
    ...(await checked('plan', name, async () => [await planFinding(arm, id, { subject: name }, signal)])),
    ...(await checked('rights', name, () =>
      rightsFindings(arm, { subscription: [`/subscriptions/${id}`] }, modes, name, signal),
    )),
  ]);
  const count = scopes.length === 1 ? 'one subscription' : `${scopes.length} subscriptions`;
  return [
    ok('scopes', `You see ${count}: ${scopes.map(({ name }) => name).join(', ')}.`),
    ...(await Promise.all(each)).flat(),
  ];
}

/** One VM, as it was just looked at. Nothing is ever done to a classic one, so nothing stands in the way. */
export async function examineVm(arm: Arm, vm: Vm, signal?: AbortSignal): Promise<Finding[]> {
  const { subscription } = parseArmId(vm.id);
  if (vm.kind === 'classic') return [];
  const nics = vm.interfaces.map(({ id }) => id);
  const surroundings = readSurroundings(arm, nics, signal);
  // Who waits for it below tells what went wrong; nobody may have begun to yet.
  surroundings.catch(() => undefined);
  const firewall = vm.firewall && { id: vm.firewall.gate.id, name: vm.firewall.gate.name };
  const gates = new Map(standsOf(vm).map(stand => [stand.gate, stand.gateName]));
  const found = await Promise.all([
    checked('plan', undefined, async () => [
      await planFinding(arm, subscription, { needed: modesOf(vm).includes('defender') }, signal),
    ]),
    checked('rights', vm.name, async () => {
      const { raw, addresses } = await surroundings;
      const configurations = raw.flatMap(nic => nic.ipConfigurations ?? []);
      const places: Places = {
        subscription: [`/subscriptions/${subscription}`],
        vm: [vm.id],
        interface: nics,
        address: addresses.flatMap(({ id }) => id ?? []),
        network: [
          ...new Set(configurations.flatMap(({ subnet }) => (subnet?.id ? networkOf(subnet.id) : []))),
        ],
        nsg: [...gates.keys()],
        ...(vm.firewall === undefined ? {} : { firewall: [vm.firewall.id] }),
      };
      return await rightsFindings(arm, places, modesOf(vm), vm.name, signal);
    }),
    ...[...gates].map(([gate, name]) => checked('rules', name, () => gateFindings(arm, vm, gate, signal))),
    checked('locks', undefined, async () => {
      const looked = [
        lockFindings(arm, vm.id, { name: vm.name, holds: 'tags' }, signal),
        ...[...gates].map(([gate, name]) => lockFindings(arm, gate, { name, holds: 'rules' }, signal)),
        ...(firewall === undefined
          ? []
          : [lockFindings(arm, firewall.id, { name: firewall.name, holds: 'itself' }, signal)]),
      ];
      const locks = (await Promise.all(looked)).flat();
      return locks.length > 0 ? locks : [ok('locks', 'No resource lock stands in the way.')];
    }),
    checked('address', undefined, async () => publicAddressFindings((await surroundings).addresses)),
  ]);
  return found.flat();
}

/** How this VM's ports are opened. */
function modesOf(vm: Vm): Mode[] {
  if (vm.jitWay === 'defender' || defenderOf(vm) !== undefined) return ['defender'];
  return [vm.firewall === undefined ? 'direct' : 'firewall'];
}

async function gateFindings(arm: Arm, vm: Vm, id: string, signal?: AbortSignal): Promise<Finding[]> {
  const nsg = await readGate(arm, id, signal);
  const gate = vm.interfaces
    .flatMap(nic => nic.layers.flatMap(layer => layer.gates))
    .find(one => one.id === id);
  const addresses = standsOf(vm).flatMap(stand => (stand.gate === id ? stand.addresses : []));
  const locked = (nsg.securityRules ?? []).some(rule => isLock(rule.name ?? '', rule.description));
  const { ports } = vm.policy ?? defaultPolicy;
  return gate === undefined ? [] : nsgFindings(nsg, gate, { addresses, ports, locked });
}

/** The interfaces as ARM has them, and their public addresses. */
async function readSurroundings(arm: Arm, ids: string[], signal?: AbortSignal) {
  const raw: NetworkInterface[] = await Promise.all(
    ids.map(async id => {
      const { subscription, group, name } = parseArmId(id);
      return (await arm.network(subscription)).networkInterfaces.get(group, name, { ...abort(signal) });
    }),
  );
  const configurations = raw.flatMap(nic => nic.ipConfigurations ?? []);
  const addresses = await Promise.all(
    configurations
      .flatMap(({ publicIPAddress }) => publicIPAddress?.id ?? [])
      .map(async id => {
        const { subscription, group, name } = parseArmId(id);
        return (await arm.network(subscription)).publicIPAddresses.get(group, name, { ...abort(signal) });
      }),
  );
  return { raw, addresses };
}

/** A check that fails is told as one that could not be made. Throws what was cut off, and defects. */
async function checked(
  check: CheckName,
  subject: string | undefined,
  look: () => Promise<Finding[]>,
): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof LatchkeyError) || error.code === 'CANCELLED') throw error;
    const text = `This could not be looked at. ${error.message}`;
    return [warning(check, text, error.fix ?? 'Try again later.', subject)];
  }
}
