/** My IP: what the observers saw. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { errorData, instant, procedure } from './common.ts';

export const observation = z.object({
  observer: z.string(),
  family: z.enum(['ipv4', 'ipv6']),
  route: z.enum(['direct', 'proxy']),
  address: z.string().optional(),
  error: z.string().optional(),
  ms: z.int(),
});
export type Observation = z.infer<typeof observation>;

/** agreed: use it · differ: observers saw different addresses · organisation: different ones, all in the configured ranges · unknown: too few answered. */
export const verdict = z.object({
  state: z.enum(['agreed', 'differ', 'organisation', 'unknown']),
  address: z.string().optional(),
  /** Set for `organisation`: the configured ranges that contain all that was seen. */
  ranges: z.array(z.string()).optional(),
});

export const myIp = z.object({
  ipv4: verdict,
  ipv6: verdict,
  observations: z.array(observation),
  at: instant,
  error: errorData.optional(),
});
export type MyIp = z.infer<typeof myIp>;

export const egressContract = {
  /** What is known for this network, or asked now. The practice cloud's VMs are seen by its own observers. */
  get: procedure.input(z.object({ refresh: z.boolean().optional() })).output(myIp),
  watch: procedure.input(z.object({})).output(eventIterator(myIp)),
};
