/** A network security group as a gate: a grant is one rule in it, read, written and removed by itself. */
import type { SecurityRule } from '@azure/arm-network';
import type { GateId } from '../../../shared/domain/ids.ts';
import { grantRuleName } from '../../../shared/domain/ruleMark.ts';
import type { RuleOrder, StandingRule } from '../cloud.ts';
import type { Arm } from './armClients.ts';
import { closeRules, mustBeOurs, ourRules } from './closing.ts';
import { mustLeadNobodyElse } from './firewall/gate.ts';
import { type AzureGate, isOfType } from './gates.ts';
import { grantRule, saysTheSame } from './rules.ts';
import type { RuleWriter, WrittenRule } from './ruleWriter.ts';

/** What an extension wrote over, for people to know: a rule that was away, or was not as the grant has it. */
function undone(order: RuleOrder, name: string, stood: SecurityRule | undefined): string[] {
  if (stood === undefined)
    return [`Somebody else had removed the rule ${name} from ${order.gateName}; extending put it back.`];
  const meant = { ...grantRule(order, stood.priority ?? 0), description: stood.description ?? '' };
  if (saysTheSame(stood, meant)) return [];
  return [
    `Somebody else had changed the rule ${name} in ${order.gateName}; extending wrote it as it was asked for.`,
  ];
}

export function nsgGate(arm: Arm, writer: RuleWriter): AzureGate {
  const standing = (gate: GateId, name: string, written: WrittenRule): StandingRule => ({
    gate,
    names: [name],
    foreign: [],
    notes: [],
    priority: written.rule.priority,
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
    async open(order, signal) {
      await mustLeadNobodyElse(arm, order, signal);
      return await writer.inTurn(order.gate, () => put(order, signal));
    },
    extend: (order, _standing, signal) =>
      writer.inTurn(order.gate, async () => {
        const name = nameOf(order);
        const stands = await writer.read(order.gate, name, signal);
        if (stands !== undefined) {
          mustBeOurs(stands, order.gate, [order.mark.grant]);
          writer.known.wrote(order.gate, name, stands.priority ?? 0);
        }
        const written = await put(order, signal);
        return { ...written, notes: [...written.notes, ...undone(order, name, stands)] };
      }),
    close: (gate, names, grants, signal) => closeRules({ arm, writer }, gate, names, grants, signal),
    ours: (where, signal) => ourRules(arm, where, signal),
  };
}
