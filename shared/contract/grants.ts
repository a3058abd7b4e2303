/** Grants: asking for access, what is open, extending and ending it. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { cloudKind, errorData, instant, portNumber, procedure, protocol, vmRef } from './common.ts';
import { endpoint } from './vms.ts';

export const grantState = z.enum([
  'requested',
  'opening',
  'open',
  'extending',
  'closing',
  'closed',
  'failed',
  'stuck',
]);
export type GrantState = z.infer<typeof grantState>;

/** A rule that carries a grant, as the cloud knows it. */
export const grantRule = z.object({
  gate: z.string(),
  gateName: z.string(),
  /** The rule's own name or id in the cloud; `sgr-…` for AWS. Empty while it is not written. */
  names: z.array(z.string()),
  /** `changed`: it stands, but somebody else changed it; the grant's notes say how. */
  state: z.enum(['planned', 'writing', 'standing', 'changed', 'removing', 'gone', 'foreign']),
  ports: z.array(portNumber),
  sources: z.array(z.string()),
});

export const grant = z.object({
  id: z.string(),
  vm: z.string(),
  vmName: z.string(),
  cloud: cloudKind,
  account: z.string(),
  owner: z.string(),
  state: grantState,
  ports: z.array(z.object({ port: portNumber, protocol })),
  sources: z.array(z.string()),
  reason: z.string().optional(),
  requestedAt: instant,
  openedAt: instant.optional(),
  /** The end, in the cloud's time. */
  endsAt: instant,
  closedAt: instant.optional(),
  /** Who ends it if nothing else happens. */
  endedBy: z.enum(['cloud', 'this-computer']),
  /** The latest end an extension may have: the policy's maximum from now. Absent once over. */
  maxEndsAt: instant.optional(),
  rules: z.array(grantRule),
  /** Where a client connects to by this grant, if not at the VM's own address: a firewall's address and mapped port. */
  endpoints: z.array(endpoint).optional(),
  /** Sentences a person should know: a foreign rule is used, sessions may go on, … */
  notes: z.array(z.string()),
  error: errorData.optional(),
});
export type Grant = z.infer<typeof grant>;

export const sourceChoice = z.union([z.literal('my-ip'), z.literal('policy'), z.string().min(1).max(64)]);

export const grantRequest = z.object({
  vms: z.array(vmRef).min(1).max(100),
  /** Default: every port of the VM's policy that fits its system (22 for Linux, 3389 for Windows), else all. */
  ports: z.array(z.object({ port: portNumber, protocol: protocol.optional() })).optional(),
  /** Default: my IP. */
  sources: z.array(sourceChoice).optional(),
  /** Milliseconds. Default: an hour, or the policy's maximum if that is less. */
  forMs: z.int().min(1_000).max(86_400_000).optional(),
  reason: z.string().max(500).optional(),
});
export type GrantRequest = z.infer<typeof grantRequest>;

/** What a request would do, per VM, without doing it. */
export const requestPreview = z.object({
  vm: z.string(),
  vmName: z.string(),
  ports: z.array(z.object({ port: portNumber, protocol })),
  sources: z.array(z.string()),
  forMs: z.int(),
  writes: z.array(z.string()),
  notes: z.array(z.string()),
});
export type RequestPreview = z.infer<typeof requestPreview>;

export const requestFailure = z.object({ vm: z.string(), error: errorData });

export const grantChange = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('snapshot'), rev: z.int(), grants: z.array(grant) }),
  z.object({ kind: z.literal('patch'), rev: z.int(), upsert: z.array(grant) }),
]);
export type GrantChange = z.infer<typeof grantChange>;

export const grantsContract = {
  /** Checks a request against policies and my IP and says what it would write. Changes nothing. */
  preview: procedure
    .input(grantRequest)
    .output(z.object({ previews: z.array(requestPreview), failures: z.array(requestFailure) })),
  /** Opens. Returns when every rule stands (or failed). With one VM, its failure is the call's error. */
  request: procedure
    .input(grantRequest)
    .output(z.object({ grants: z.array(grant), failures: z.array(requestFailure) })),
  /** Live and recent grants; `all` also those closed long ago. */
  list: procedure
    .input(z.object({ all: z.boolean().optional() }))
    .output(z.object({ grants: z.array(grant) })),
  watch: procedure.input(z.object({})).output(eventIterator(grantChange)),
  /** Moves the end to `forMs` from now, or by `byMs` later than it is. Exactly one of the two. */
  extend: procedure
    .input(
      z.object({
        grant: z.string(),
        forMs: z.int().positive().optional(),
        byMs: z.int().positive().optional(),
      }),
    )
    .output(grant),
  /** Ends grants now. Returns when their ports are shut (or stuck). */
  revoke: procedure
    .input(z.object({ grants: z.array(z.string()).optional(), all: z.boolean().optional() }))
    .output(z.object({ grants: z.array(grant) })),
  /** Looks in all clouds for rules of ours past their end and removes them. */
  sweep: procedure.input(z.object({})).output(
    z.object({
      removed: z.array(z.string()),
      left: z.array(z.string()),
      failures: z.array(requestFailure),
    }),
  ),
};
