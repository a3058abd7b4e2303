/** Which writes a grant needs on a VM, from what is known: pure. */
import type { Protocol } from '../../../shared/contract/common.ts';
import { cidrFamily, type Family } from '../../../shared/domain/cidr.ts';
import type { RuleMark } from '../../../shared/domain/ruleMark.ts';
import { type Gate, gatesOf, type Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { RuleOrder } from '../cloud.ts';
import { instanceRef, ownGroupName } from './names.ts';

/**
 * One order per protocol and own group of the VM: it has one in each VPC. Throws NOT_CONFIGURED where the VM has none attached, UNSUPPORTED where
 * it can't have one, SOURCE_FAMILY where no interface with it has an address of a source's family.
 */
export function ordersFor(
  vm: Vm,
  wanted: { ports: { port: number; protocol: Protocol }[]; sources: string[]; mark: RuleMark },
): RuleOrder[] {
  refuseUnsupported(vm);
  const gates = new Map<string, { gate: Gate; sources: string[] }>();
  for (const source of wanted.sources) {
    for (const gate of ownGates(vm, cidrFamily(source))) {
      const known = gates.get(gate.id);
      if (known) known.sources.push(source);
      else gates.set(gate.id, { gate, sources: [source] });
    }
  }
  const byProtocol = Map.groupBy(wanted.ports, port => port.protocol);
  return [...gates.values()]
    .flatMap(({ gate, sources }) =>
      [...byProtocol].map(([protocol, ports]) => ({
        vm: vm.id,
        gate: gate.id,
        gateName: gate.name,
        protocol,
        ports: ports.map(({ port }) => port),
        sources,
        destinations: [],
        mark: wanted.mark,
      })),
    )
    .map((order, index) => ({ ...order, index }));
}

/** The most security groups AWS ever gives an interface (reference 8.1); 5 unless the account's quota was raised. */
export const mostGroups = 16;

/** Throws UNSUPPORTED for a VM that no group of its own can stand in front of. */
export function refuseUnsupported(vm: Vm): void {
  const full = vm.interfaces.find(nic => {
    const gates = gatesOf(nic);
    return gates.length >= mostGroups && !gates.some(({ own }) => own === true);
  });
  if (vm.interfaces.length > 0 && full === undefined) return;
  throw new LatchkeyError({
    code: 'UNSUPPORTED',
    message: full
      ? `The interface ${full.id} of ${vm.name} has ${gatesOf(full).length} security groups, the most that AWS allows: there is no room for one of the VM's own.`
      : `${vm.name} has no network interface.`,
    ...(full ? { fix: 'Detach a group it does not need.' } : {}),
  });
}

/** One for each VPC that the VM has an interface in. */
function ownGates(vm: Vm, family: Family): Gate[] {
  const guarded = vm.interfaces.flatMap(nic => {
    const gate = nic.layers.flatMap(layer => layer.gates).find(({ own }) => own === true);
    return gate === undefined ? [] : [{ nic, gate }];
  });
  if (guarded.length === 0) {
    throw new LatchkeyError({
      code: 'NOT_CONFIGURED',
      message: `${vm.name} has no security group of its own (${ownGroupName(instanceRef(vm.id).instance)}) for grants.`,
      fix: 'Lock the VM first.',
    });
  }
  const fit = guarded.filter(({ nic }) =>
    [...nic.privateAddresses, ...nic.publicAddresses].some(address => cidrFamily(address) === family),
  );
  if (fit.length > 0) return [...new Map(fit.map(({ gate }) => [gate.id, gate])).values()];
  const name = family === 'ipv4' ? 'IPv4' : 'IPv6';
  throw new LatchkeyError({
    code: 'SOURCE_FAMILY',
    message: `${vm.name} has no ${name} address, so a rule for an ${name} source would open nothing.`,
    fix: `Ask with an ${family === 'ipv4' ? 'IPv6' : 'IPv4'} source.`,
  });
}
