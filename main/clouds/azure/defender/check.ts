/** A request held against the policy's own text before the call, with the limit named. */
import { checkRequest } from '../../../../shared/domain/request.ts';
import type { Instant } from '../../../os/ports.ts';
import type { RuleOrder } from '../../cloud.ts';
import type { PolicyVm } from './policy.ts';
import { policyOf } from './vmPolicy.ts';

/** A second's worth of reading and rounding: an end so little beyond the maximum is drawn in to it. */
const toleranceMs = 2_000;

/** The end to ask for. Throws what is beyond the policy in our words, naming its limit. */
export function checkOrder(order: RuleOrder, entry: PolicyVm, now: Instant): Instant {
  const policy = policyOf(entry);
  const port = order.ports[0] ?? 0;
  const longest = Math.max(0, ...policy.ports.filter(one => one.port === port).map(one => one.maxMs));
  const end = order.mark.end;
  const over = end - now - longest;
  const drawn = over > 0 && over <= toleranceMs ? now + longest : end;
  const protocol = policy.ports.find(one => one.port === port)?.protocol;
  checkRequest(policy, 'unknown', {
    ports: [{ port, protocol }],
    sources: order.sources,
    forMs: drawn - now,
  });
  return drawn;
}
