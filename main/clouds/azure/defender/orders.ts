/** What a grant asks Defender for: one request per port and source. Pure. */
import type { Protocol } from '../../../../shared/contract/common.ts';
import { cidrFamily } from '../../../../shared/domain/cidr.ts';
import { defenderOf } from '../../../../shared/domain/defender.ts';
import type { RuleMark } from '../../../../shared/domain/ruleMark.ts';
import type { DefenderEntry, Vm } from '../../../../shared/domain/vm.ts';
import type { RuleOrder } from '../../cloud.ts';
import { ordersFor, unsupported } from '../orders.ts';
import { takesIpv6 } from './assumptions.ts';
import { noIpv6, notInPolicy, wrongFamily } from './orderRefusals.ts';

interface Wanted {
  ports: { port: number; protocol: Protocol }[];
  sources: string[];
  mark: RuleMark;
  reason?: string | undefined;
}

/**
 * The orders of a grant, whichever way the VM goes. Assumption, reference 1.3: a request takes one source; what several in
 * one text mean is unknown. Each port and source has a request of its own, so that grants that
 * want the same share one and no other. Throws UNSUPPORTED, SOURCE_FAMILY, NOT_CONFIGURED.
 */
export function ordersByWay(vm: Vm, wanted: Wanted): RuleOrder[] {
  const defender = defenderOf(vm);
  if (defender !== undefined) return defenderOrders(vm, defender, wanted);
  if (vm.jitWay === 'defender' && vm.kind === 'arm') throw notInPolicy(vm);
  return ordersFor(vm, wanted);
}

function defenderOrders(vm: Vm, defender: DefenderEntry, wanted: Wanted): RuleOrder[] {
  if (vm.problem !== undefined) throw unsupported(vm);
  const through = wanted.sources.filter(source => takesIpv6 || cidrFamily(source) === 'ipv4');
  const beside = wanted.sources.filter(source => !through.includes(source));
  const hasIpv4 = vm.interfaces.some(nic => nic.privateAddresses.some(one => cidrFamily(one) === 'ipv4'));
  if (through.length > 0 && !hasIpv4 && beside.length === 0) throw wrongFamily(vm);
  const numbers = [...new Set(wanted.ports.map(({ port }) => port))];
  const orders = (hasIpv4 ? through : []).flatMap(source =>
    numbers.map(
      (port): Omit<RuleOrder, 'index'> => ({
        vm: vm.id,
        gate: defender.policy,
        gateName: `Defender policy ${defender.policyName}`,
        // A request names no protocol, and the rule Defender writes lets every one through (reference 2.3).
        protocol: 'any',
        ports: [port],
        sources: [source],
        destinations: [vm.id],
        mark: wanted.mark,
        endedBy: 'cloud',
        ...(wanted.reason === undefined ? {} : { reason: wanted.reason }),
      }),
    ),
  );
  // Defender is not known to take IPv6: with `auto` such a source gets rules of our own, above Defender's denies.
  if (beside.length > 0 && vm.jitWay === 'defender') throw noIpv6(vm);
  const direct = beside.length === 0 ? [] : ordersFor(vm, { ...wanted, sources: beside });
  return [...orders, ...direct].map((order, index) => ({ ...order, index }));
}
