/** Seeing that what was asked for stands: the 202 promises nothing (reference 1.2). */
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Instant } from '../../../os/ports.ts';
import { waitOut } from '../../calls.ts';
import type { RuleOrder } from '../../cloud.ts';
import { tooSlow } from '../errors.ts';
import { type AllowRules, allowRulesOf, lets } from './allowRules.ts';
import { about, cloudNow, type DefenderAsk } from './ask.ts';
import { showPauses } from './assumptions.ts';
import { type Asked, askedIn, isAbout } from './record.ts';
import { notInPolicy } from './refusals.ts';

/** Waits until the record has what was asked for, and looks for its rules as far as this sign-in may. */
export async function seen(
  ask: DefenderAsk,
  first: RuleOrder,
  wanted: { order: RuleOrder; end: Instant }[],
  signal: AbortSignal,
): Promise<{ rules: AllowRules | undefined }> {
  for (const wait of [0, ...showPauses]) {
    if (wait > 0) await waitOut(ask.clock, wait, signal);
    const policy = await ask.api.find(first.gate, signal);
    if (policy === undefined) throw notInPolicy(first);
    const record = askedIn(policy);
    refuseReplaced(record, wanted, cloudNow(ask));
    const inRecord = wanted.every(({ order, end }) =>
      record.some(
        one =>
          one.grant === order.mark.grant &&
          isAbout(one, about(order)) &&
          one.end >= end - 1_000 &&
          one.status.toLowerCase() !== 'initiating',
      ),
    );
    if (!inRecord) continue;
    const rules = await allowRulesOf(ask.arm, { policyName: policy.name, vm: first.vm }, signal);
    const shown =
      rules === undefined ||
      wanted.every(({ order }) => rules.rules.some(rule => lets(rule, about(order)))) ||
      // Its time is over before it was seen: what closes it looks again.
      wanted.every(({ end }) => end <= cloudNow(ask));
    if (shown) return { rules };
  }
  throw tooSlow(`Defender has taken the request for ${first.mark.vmName} and no rule of it shows`);
}

/** Assumption, reference 10: a newer request from another source leaves ours alone. Where it does not, that is said. */
function refuseReplaced(record: Asked[], wanted: { order: RuleOrder }[], now: Instant): void {
  for (const { order } of wanted) {
    const lost = record.find(
      one =>
        one.grant === order.mark.grant &&
        one.reason === 'NewerRequestInitiated' &&
        one.end > now &&
        !record.some(newer => newer.start > one.start && isAbout(newer, one)),
    );
    if (lost === undefined) continue;
    throw new LatchkeyError({
      code: 'CLOUD_CONFLICT',
      message: `Defender keeps one source per port here: opening port ${lost.port} to ${order.sources.join(', ')} has shut it to ${lost.source}.`,
      fix: 'Ask for one source, or set this subscription to `direct`.',
      detail: { gate: order.gate, grant: order.mark.grant },
    });
  }
}
