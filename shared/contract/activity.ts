/** Activity: the local history. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { errorData, instant, procedure, vmRef } from './common.ts';

export const activityKind = z.enum([
  'request',
  'opened',
  'extended',
  'revoked',
  'expired',
  'closed',
  'stuck',
  'failed',
  'refused',
  'rule-written',
  'rule-removed',
  'swept',
  'recovered',
  'lock',
  'unlock',
  'connect',
  'account',
  'broker',
]);
export type ActivityKind = z.infer<typeof activityKind>;

export const activityRow = z.object({
  id: z.int(),
  at: instant,
  kind: activityKind,
  outcome: z.enum(['ok', 'failed']),
  vm: z.string().optional(),
  vmName: z.string().optional(),
  account: z.string().optional(),
  grant: z.string().optional(),
  user: z.string(),
  ports: z.string().optional(),
  source: z.string().optional(),
  /** Words for a person. */
  text: z.string(),
  reason: z.string().optional(),
  /** The cloud's correlation or request id, where there is one. */
  correlation: z.string().optional(),
  error: errorData.optional(),
});
export type ActivityRow = z.infer<typeof activityRow>;

const filter = z.object({
  vm: vmRef.optional(),
  /** Only rows at or after this instant. */
  since: instant.optional(),
  text: z.string().max(200).optional(),
  kinds: z.array(activityKind).optional(),
});
export type ActivityFilter = z.infer<typeof filter>;

export const activityContract = {
  /** Newest first. `before`: id of the last row of the page before. */
  list: procedure
    .input(filter.extend({ before: z.int().optional(), limit: z.int().min(1).max(1000).optional() }))
    .output(z.object({ rows: z.array(activityRow), more: z.boolean() })),
  /** RFC 4180 text in pieces; no cell can become a formula. */
  csv: procedure.input(filter).output(eventIterator(z.string())),
  /** Each new row as it is written. */
  watch: procedure.input(z.object({})).output(eventIterator(activityRow)),
};
