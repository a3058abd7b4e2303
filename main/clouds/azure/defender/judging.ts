/** What a request that is to end is, by the policy's record as read now. */
import type { GrantId } from '../../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Instant } from '../../../os/ports.ts';
import type { RuleWriter } from '../ruleWriter.ts';
import { cloudNow, type DefenderAsk } from './ask.ts';
import type { JitPolicy } from './policy.ts';
import { type Asked, askedIn, inForce, isAbout } from './record.ts';
import { standingRules } from './removing.ts';
import type { Target } from './target.ts';

export type CloseAsk = DefenderAsk & { writer: RuleWriter };

export type Verdict =
  /** Nothing of it is there. */
  | { is: 'gone' }
  /** Somebody else's request holds the port open for the same source. */
  | { is: 'kept' }
  /** In force. `theirs`: until when somebody else is let in, or would have been, had ours not replaced his request. */
  | { is: 'running'; own: Asked; theirs: Instant | undefined }
  /** Past its end, or ended. */
  | { is: 'over' };

/** Throws CLOUD_CONFLICT where something stands and nothing proves it to be ours. */
export async function judge(
  ask: CloseAsk,
  policy: JitPolicy | undefined,
  target: Target,
  grants: GrantId[],
  signal: AbortSignal,
): Promise<Verdict> {
  const now = cloudNow(ask);
  const record = askedIn(policy).filter(one => isAbout(one, target));
  const own = record.find(one => one.grant === target.grant);
  const others = record.filter(one => one.grant === undefined || !grants.includes(one.grant));
  if (own === undefined) {
    const stands = await standingRules(ask, target, signal);
    // Its record may be lost, or say something else now.
    if (stands?.length || others.some(one => inForce(one, now))) throw notOurs(target);
    return { is: 'gone' };
  }
  const holding = others.filter(one => inForce(one, now));
  const lasts = inForce(own, now) && holding.every(one => one.end < own.end);
  if (holding.length > 0 && !lasts) return { is: 'kept' };
  if (!inForce(own, now)) return { is: 'over' };
  // Whether the record calls theirs replaced or not: ours must not hold the port open for longer than they do.
  const replaced = others.filter(one => one.reason === 'NewerRequestInitiated' && one.end > now);
  const ends = [...holding, ...replaced].map(one => one.end);
  const theirs = ends.length === 0 ? undefined : Math.max(...ends);
  return { is: 'running', own, theirs };
}

function notOurs(target: Target): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_CONFLICT',
    message: `No request to Defender proves that port ${target.port} of ${target.vmName} is open to ${target.source} by grant ${target.grant}; what stands there was left alone.`,
    fix: 'Look at the VM’s just-in-time requests in the portal; Defender ends each by itself.',
    detail: { gate: target.gate, rule: target.name },
  });
}
