/** Guards: what ends grants in a cloud by itself, also while no computer of ours is on; installed only when asked for. */
import { z } from 'zod';
import { cloudKind, errorData, procedure } from './common.ts';

/** `absent`: none. `broken`: something of it is there and would not do. `unknown`: we may not look. */
export const guardState = z.object({
  state: z.enum(['installed', 'absent', 'broken', 'unknown']),
  /** What there is, what is missing, in sentences. */
  says: z.array(z.string()),
  /** Ends it holds now: rules that it will remove when their time comes. Absent where that can't be told. */
  holds: z.int().optional(),
});
export type GuardState = z.infer<typeof guardState>;

/** One exact thing to be made or removed. `document`: what it will hold, word for word. */
export const guardStep = z.object({ what: z.string(), document: z.string().optional() });

export const guardPlan = z.object({
  kind: z.enum(['install', 'remove']),
  steps: z.array(guardStep),
  /** What a person should know before: open grants that lose their ending, … */
  warnings: z.array(z.string()),
  /** Hash of everything above: it is only done if the plan is still this one, else PLAN_CHANGED. */
  fingerprint: z.string(),
});
export type GuardPlan = z.infer<typeof guardPlan>;

const ofAccount = z.object({ account: z.string(), accountName: z.string(), cloud: cloudKind });
export const guard = ofAccount.extend({
  guard: guardState.optional(),
  /** Why it can't be told: not signed in, a cloud that has none. */
  error: errorData.optional(),
});
export type Guard = z.infer<typeof guard>;
export const accountGuardPlan = ofAccount.extend({ plan: guardPlan });
export type AccountGuardPlan = z.infer<typeof accountGuardPlan>;

/** Without `account`: every account of the cloud. */
const which = z.object({ cloud: cloudKind, account: z.string().optional() });
const kind = z.enum(['install', 'remove']);

export const guardContract = {
  status: procedure.input(which).output(z.object({ guards: z.array(guard) })),
  /** What installing or removing would do. Changes nothing. Throws UNSUPPORTED where a cloud has no guard. */
  plan: procedure.input(which.extend({ kind })).output(z.object({ plans: z.array(accountGuardPlan) })),
  /** Carries out plans that were shown: `fingerprints` are those that the person confirmed. */
  apply: procedure
    .input(which.extend({ kind, fingerprints: z.array(z.string()) }))
    .output(z.object({ guards: z.array(guard) })),
};
