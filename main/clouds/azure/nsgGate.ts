/** A network security group as a gate: a grant is one rule in it, read, written and removed by itself. */
import type { GateId } from '../../../shared/domain/ids.ts';
import { grantRuleName } from '../../../shared/domain/ruleMark.ts';
import type { RuleOrder, StandingRule } from '../cloud.ts';
import type { Arm } from './armClients.ts';
import { closeRules, mustBeOurs, ourRules } from './closing.ts';
import { type AzureGate, isOfType } from './gates.ts';
import { grantRule } from './rules.ts';
import type { RuleWriter, WrittenRule } from './ruleWriter.ts';

export function nsgGate(arm: Arm, writer: RuleWriter): AzureGate {
  const standing = (gate: GateId, name: string, written: WrittenRule): StandingRule => ({
    gate,
    names: [name],
    foreign: [],
    notes: [],
    correlation: written.correlation,
  });
  const nameOf = (order: RuleOrder) => grantRuleName(order.mark.grant, order.index);
  const put = async (order: RuleOrder, signal: AbortSignal) => {
    const name = nameOf(order);
    const make = (priority: number) => grantRule(order, priority);
    return standing(order.gate, name, await writer.putGrant(order.gate, name, make, signal));
  };

  return {
    has: gate => isOfType(gate, 'microsoft.network/networksecuritygroups'),
    open: (order, signal) => writer.inTurn(order.gate, () => put(order, signal)),
    extend: (order, _standing, signal) =>
      writer.inTurn(order.gate, async () => {
        const name = nameOf(order);
        const stands = await writer.read(order.gate, name, signal);
        if (stands !== undefined) {
          mustBeOurs(stands, order.gate, [order.mark.grant]);
          writer.known.wrote(order.gate, name, stands.priority ?? 0);
        }
        return await put(order, signal);
      }),
    close: (gate, names, grants, signal) => closeRules({ arm, writer }, gate, names, grants, signal),
    ours: (where, signal) => ourRules(arm, where, signal),
  };
}
