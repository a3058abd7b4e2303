/** Our words for what Defender refuses, and for what it does not tell. */
import { formatDuration } from '../../../../shared/domain/time.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Instant } from '../../../os/ports.ts';
import type { RuleOrder } from '../../cloud.ts';
import { policyTime } from './assumptions.ts';
import { type JitPolicy, type PolicyVm, parsePort, prefixesOf } from './policy.ts';

/** The policy was changed since the VM was looked at. */
export function notInPolicy(order: RuleOrder): LatchkeyError {
  return new LatchkeyError({
    code: 'NOT_CONFIGURED',
    message: `${order.gateName} does not name “${order.mark.vmName}” any more.`,
    fix: 'Refresh the list, and lock the VM again if it should be protected.',
    detail: { gate: order.gate, vm: order.vm },
  });
}

/** Our words for what the service refuses though it is within the policy as we read it. */
export function refused(
  error: unknown,
  policy: JitPolicy,
  entry: PolicyVm,
  { order, end }: { order: RuleOrder; end: Instant },
  now: Instant,
): unknown {
  if (!(error instanceof LatchkeyError) || error.detail?.['status'] !== 400) return error;
  const port = order.ports[0] ?? 0;
  const rule = entry.ports.flatMap(one => parsePort(one) ?? []).find(one => one.number === port);
  const texts = rule === undefined ? [] : prefixesOf(rule);
  const said = error.detail['cloudMessage'];
  if (typeof said === 'string' && /not a subset of policy/i.test(said)) {
    return new LatchkeyError({
      code: 'SOURCE_NOT_ALLOWED',
      message: `Defender did not take ${order.sources.join(', ')} for port ${port}, though it is within what policy “${policy.name}” allows (${texts.join(', ')}): it may want that very text.`,
      fix: 'Ask with `--source policy`, which is wider, or set this subscription to `direct`.',
      detail: error.detail,
    });
  }
  if (end - now < policyTime.leastMs) {
    return new LatchkeyError({
      code: 'BAD_INPUT',
      message: `Defender did not open port ${port} for ${formatDuration(Math.max(1000, Math.round((end - now) / 1000) * 1000))}: it may want ${formatDuration(policyTime.leastMs)} at least.`,
      fix: `Ask for ${formatDuration(policyTime.leastMs)} or more, or set this subscription to \`direct\`.`,
      detail: error.detail,
    });
  }
  return error;
}
