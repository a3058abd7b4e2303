/** A just-in-time policy of Defender as a gate: what a grant writes there is a request, and the platform ends it. */
import { type GateId, isVmId, parseVmId, type VmId } from '../../../../shared/domain/ids.ts';
import type { RuleMark } from '../../../../shared/domain/ruleMark.ts';
import type { Logger } from '../../../os/ports.ts';
import { createQueue } from '../../../waiting.ts';
import type { FoundRule, RuleOrder, StandingRule } from '../../cloud.ts';
import { type AzureGate, isOfType, ofEach } from '../gates.ts';
import { allowRulesOf, lets } from './allowRules.ts';
import { cloudNow } from './ask.ts';
import { askFor } from './asking.ts';
import { youngMs } from './assumptions.ts';
import { closeRequests } from './closing.ts';
import type { CloseAsk } from './judging.ts';
import { type JitPolicy, lastName } from './policy.ts';
import { readPolicies } from './policyIndex.ts';
import { type Asked, askedIn, inForce, requestName } from './record.ts';

interface Waiting {
  order: RuleOrder;
  resolve: (rule: StandingRule) => void;
  reject: (error: unknown) => void;
}

export function defenderGate(ask: CloseAsk & { log: Logger }): AzureGate {
  /** A policy's record is one document: one call after the other. */
  const turns = createQueue<GateId>();
  /** What is asked for at the same time for one VM, grant, source and end is one request. */
  const waiting = new Map<string, Waiting[]>();

  function open(order: RuleOrder, signal: AbortSignal): Promise<StandingRule> {
    const key = JSON.stringify([order.gate, order.vm, order.mark.grant, order.mark.end, order.sources]);
    const { promise, resolve, reject } = Promise.withResolvers<StandingRule>();
    const together = waiting.get(key);
    if (together) {
      together.push({ order, resolve, reject });
      return promise;
    }
    waiting.set(key, [{ order, resolve, reject }]);
    void turns.run(order.gate, async () => {
      const all = waiting.get(key) ?? [];
      waiting.delete(key);
      try {
        const rules = await askFor(
          ask,
          all.map(one => one.order),
          signal,
        );
        for (const [i, one] of all.entries()) {
          const rule = rules[i];
          if (rule) one.resolve(rule);
        }
      } catch (error) {
        for (const one of all) one.reject(error);
      }
    });
    return promise;
  }

  return {
    has: gate => isOfType(gate, 'microsoft.security/locations'),
    open,
    // A newer request with another end: the same as asking, and with a later end it extends.
    extend: (order, _standing, signal) => open(order, signal),
    close: (gate, names, grants, signal) =>
      turns.run(gate, () => closeRequests(ask, gate, names, grants, signal)),
    async *ours(where, signal) {
      if ('gate' in where) {
        const policy = await ask.api.find(where.gate, signal);
        if (policy) yield* oursIn(ask, policy, signal);
        return;
      }
      const { policies } = await readPolicies(ask, where.subscription, signal);
      yield* ofEach(policies, policy => oursIn(ask, policy, signal));
    },
  };
}

/** Requests in force that name a grant. One whose rule somebody took away, as far as we may look, is none any more. */
async function* oursIn(ask: CloseAsk, policy: JitPolicy, signal: AbortSignal): AsyncGenerator<FoundRule> {
  const now = cloudNow(ask);
  // A record holds whatever somebody wrote into it: one that names no VM of ours is not ours.
  const own = askedIn(policy).filter(one => one.grant !== undefined && inForce(one, now) && isVmId(one.vm));
  for (const [vm, asked] of Map.groupBy(own, one => parseVmId(one.vm))) {
    const rules = await allowRulesOf(ask.arm, { policyName: policy.name, vm }, signal);
    const seen = new Set<string>();
    for (const one of asked) {
      const gone = rules !== undefined && !rules.rules.some(rule => lets(rule, one));
      const found = foundRule(policy, vm, one);
      if (found === undefined || seen.has(found.name) || (gone && one.start < now - youngMs)) continue;
      // Newest first: what an extension left behind it is not another one.
      seen.add(found.name);
      yield found;
    }
  }
}

function foundRule(
  policy: JitPolicy,
  vm: VmId,
  { grant, requestor, end, port, source }: Asked,
): FoundRule | undefined {
  if (grant === undefined) return undefined;
  const mark: RuleMark = { grant, owner: requestor, end, vmName: lastName(vm) };
  return {
    gate: policy.id,
    gateName: `Defender policy ${policy.name}`,
    name: requestName(grant, { vm, port, source }),
    mark,
    marks: [mark],
    protocol: 'any',
    ports: [port],
    sources: [source],
    index: 0,
    destinations: [vm],
    vm,
    endedBy: 'cloud',
  };
}
