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
  /** Somebody else changed what Latchkey keeps an eye on: a rule, a gate, a policy. */
  'changed',
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
  /** `local`: written by this Latchkey · `cloud`: read in the cloud's own log; `user` is its caller then. */
  origin: z.enum(['local', 'cloud']),
  /** Has the cloud's own log told of it? Absent where nothing is to be told, or the log is not read. */
  inCloud: z.enum(['awaited', 'seen']).optional(),
  /** Application and address it was done with, as the cloud's log says. */
  client: z.string().optional(),
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
  /** Newest first, by the cloud's time; ids grow with it. `before`: id of the last row of the page before. */
  list: procedure
    .input(filter.extend({ before: z.int().optional(), limit: z.int().min(1).max(1000).optional() }))
    .output(z.object({ rows: z.array(activityRow), more: z.boolean() })),
  /** Reads the clouds' own logs now; returns when they are read. Looking at the list does it too, in the background. */
  refresh: procedure.input(z.object({})).output(z.object({})),
  /** RFC 4180 text in pieces; no cell can become a formula. */
  csv: procedure.input(filter).output(eventIterator(z.string())),
  /** Each new row as it is written, and a row again when the cloud's log told of it. Rows of the cloud's log may be old ones. */
  watch: procedure.input(z.object({})).output(eventIterator(activityRow)),
};
