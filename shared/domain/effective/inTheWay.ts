/** What a grant can't open: gates that it does not write to and that stop its packets. */
import type { Protocol } from '../../contract/common.ts';
import { cidrFamily } from '../cidr.ts';
import type { GateId } from '../ids.ts';
import type { Gate, GateRule, Vm } from '../vm.ts';
import { destinations, effective } from './effective.ts';
import { throughFirewall } from './firewall.ts';

export interface Obstacle {
  gate: Gate;
  /** The rule that decides; absent where none matches. */
  rule?: GateRule | undefined;
  /** Only a part of the source is stopped. */
  partly: boolean;
  port: number;
  protocol: Protocol;
  source: string;
}

/**
 * For each port and source the gate that stops it for sure on every interface it could come by, though the grant's own rules
 * (`written`: the gates they go to) let it in. Nothing if one interface lets it through.
 */
export function inTheWay(
  vm: Vm,
  asked: { ports: { port: number; protocol: Protocol }[]; sources: string[] },
  written: ReadonlySet<GateId>,
): Obstacle[] {
  return asked.sources.flatMap(source =>
    asked.ports.flatMap(({ port, protocol }) => {
      const family = cidrFamily(source);
      const nics = vm.interfaces.filter(nic => destinations(nic).some(at => cidrFamily(at) === family));
      const found = nics.map(nic => {
        const question = { cloud: vm.cloud, protocol, port, source };
        const { layers } = vm.firewall
          ? throughFirewall(vm.firewall, nic, question)
          : effective(nic, question);
        const others = layers.filter(({ layer }) => !layer.gates.some(({ id }) => written.has(id)));
        return others.find(({ lets }) => lets === 'no');
      });
      const first = found[0];
      const gate = first?.gate ?? first?.layer.gates[0];
      if (gate === undefined || found.includes(undefined)) return [];
      const partly = found.some(one => one?.partly === true);
      return [{ gate, rule: first?.rule, partly, port, protocol, source }];
    }),
  );
}
