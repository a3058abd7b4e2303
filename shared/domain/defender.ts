/** Which way a VM goes where Defender for Cloud may keep it: through its policy, or by rules of our own. */
import type { JitWay } from '../contract/accounts.ts';
import { canonicalCidr } from './cidr.ts';
import type { DefenderEntry, GateRule, Vm } from './vm.ts';

/** The Defender policy that locks and requests of this VM go through; undefined where they go by our own rules. */
export function defenderOf(vm: Vm): DefenderEntry | undefined {
  return vm.jitWay === 'direct' ? undefined : vm.defender;
}

/**
 * The VM with the policy in force for that way. A VM that only Defender's policy names counts as configured with `direct` too:
 * its ports are asked for within that policy, and opened by rules of our own.
 */
export function goBy(vm: Vm, way: JitWay): Vm {
  if (vm.defender === undefined && way === (vm.jitWay ?? 'auto')) return vm;
  const { policy, policyError, jitWay: _, ...rest } = vm;
  const chosen = way === 'auto' ? {} : { jitWay: way };
  if (vm.defender === undefined) return { ...rest, policy, policyError, ...chosen };
  const tagged = vm.tagged ?? { policy, policyError };
  const { allows, error } = vm.defender;
  const byTags = way === 'direct' && (tagged.policy !== undefined || tagged.policyError !== undefined);
  return {
    ...rest,
    ...chosen,
    tagged,
    policy: byTags ? tagged.policy : allows,
    policyError: byTags ? tagged.policyError : error,
  };
}

/**
 * Did somebody's request to Defender, that is not over by its record, put this rule there? Its name alone proves nothing:
 * anybody can give a rule such a name.
 */
export function isAskedFor(vm: Vm, rule: GateRule): boolean {
  if (rule.by !== 'defender' || rule.access !== 'allow') return false;
  const asked = (vm.defender?.requests ?? []).filter(({ status }) => status.toLowerCase() !== 'revoked');
  return rule.sources.every(source => {
    const text =
      source.kind === 'any' ? '*' : source.kind === 'cidr' ? canonicalCidr(source.cidr) : undefined;
    return rule.ports.every(({ from, to }) =>
      asked.some(one => one.port === from && one.port === to && one.source === text),
    );
  });
}
