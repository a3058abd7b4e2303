/** Policies: the just-in-time configuration of a VM, and what it takes to put it in or take it out. */
import { z } from 'zod';
import { cloudKind, errorData, portNumber, procedure, protocol, vmRef } from './common.ts';

/** One protected port. `sources` empty means any source. `maxMs` is the longest a grant may last. */
export const policyPort = z.object({
  port: portNumber,
  protocol,
  sources: z.array(z.string()).max(200),
  maxMs: z.int().min(60_000).max(86_400_000),
});
export type PolicyPort = z.infer<typeof policyPort>;

export const policy = z.object({ ports: z.array(policyPort).min(1).max(64) });
export type Policy = z.infer<typeof policy>;

/** One exact change to a cloud, in words and as data. Nothing happens that no step named. */
export const planStep = z.object({
  action: z.enum(['create', 'update', 'move', 'remove', 'attach', 'detach', 'tag']),
  /** What is changed: the gate's or VM's name. */
  target: z.string(),
  /** One sentence: what will be different. */
  what: z.string(),
  /** True if the step changes or removes something that is not ours: it must be confirmed by a person. */
  foreign: z.boolean(),
  before: z.string().optional(),
  after: z.string().optional(),
});
export type PlanStep = z.infer<typeof planStep>;

export const plan = z.object({
  vm: z.string(),
  vmName: z.string(),
  cloud: cloudKind,
  kind: z.enum(['lock', 'unlock']),
  policy: policy.optional(),
  steps: z.array(planStep),
  warnings: z.array(z.string()),
  /** Other VMs that the foreign steps touch, by name. */
  alsoAffects: z.array(z.string()),
  /** Hash of everything above. A lock is only done if the plan is still this one: else PLAN_CHANGED. */
  fingerprint: z.string(),
});
export type Plan = z.infer<typeof plan>;

const lockInput = z.object({ vms: z.array(vmRef).min(1), ports: z.array(policyPort).optional() });

export const policiesContract = {
  /** The policy of one VM, or none. */
  get: procedure.input(z.object({ vm: vmRef })).output(
    z.object({
      vm: z.string(),
      vmName: z.string(),
      policy: policy.optional(),
      error: errorData.optional(),
      /** The Defender for Cloud policy that it is, by name; absent where it is the VM's tag. */
      defender: z.string().optional(),
    }),
  ),
  /** What a lock would change. Without `ports`: the four defaults. Changes nothing. */
  planLock: procedure.input(lockInput).output(z.object({ plans: z.array(plan) })),
  planUnlock: procedure
    .input(z.object({ vms: z.array(vmRef).min(1) }))
    .output(z.object({ plans: z.array(plan) })),
  /** Carries out plans that were shown. `fingerprints` are those of the plans the person confirmed. */
  lock: procedure
    .input(lockInput.extend({ fingerprints: z.array(z.string()) }))
    .output(z.object({ plans: z.array(plan) })),
  unlock: procedure
    .input(z.object({ vms: z.array(vmRef).min(1), fingerprints: z.array(z.string()) }))
    .output(z.object({ plans: z.array(plan) })),
};
