/**
 * Just-in-time policies as the service writes them. Read leniently (enums are open, fields may come that we do not know)
 * and kept whole: what goes back is what came, but for the one VM that was meant to change.
 */
import { z } from 'zod';
import { type GateId, gateId } from '../../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';

const portRule = z.looseObject({
  number: z.int(),
  protocol: z.string(),
  allowedSourceAddressPrefix: z.string().nullish(),
  allowedSourceAddressPrefixes: z.array(z.string()).nullish(),
  maxRequestAccessDuration: z.string(),
});
/** Its ports are read one by one when they are looked at: one that can't be read spoils no other VM. */
const policyVm = z.looseObject({ id: z.string(), ports: z.array(z.unknown()) });
const requestPort = z.looseObject({
  number: z.int(),
  allowedSourceAddressPrefix: z.string().nullish(),
  allowedSourceAddressPrefixes: z.array(z.string()).nullish(),
  endTimeUtc: z.string(),
  /** `Initiated`, `Revoked`, and `Initiating`, which no specification names. */
  status: z.string().nullish(),
  statusReason: z.string().nullish(),
  mappedPort: z.int().nullish(),
});
const request = z.looseObject({
  virtualMachines: z.array(z.looseObject({ id: z.string(), ports: z.array(requestPort) })),
  startTimeUtc: z.string(),
  requestor: z.string().nullish(),
  justification: z.string().nullish(),
});
const policy = z.looseObject({
  id: z.string(),
  name: z.string(),
  location: z.string().nullish(),
  properties: z.looseObject({
    virtualMachines: z.array(policyVm),
    requests: z.array(z.unknown()).nullish(),
  }),
});

export type PortRule = z.infer<typeof portRule>;
export type PolicyVm = z.infer<typeof policyVm>;
export type JitRequest = z.infer<typeof request>;

export interface JitPolicy {
  id: GateId;
  name: string;
  vms: PolicyVm[];
  /** Those that can be read, in the service's order. */
  requests: JitRequest[];
  /** The service's own JSON, all of it. */
  raw: JitPolicyJson;
}
/** As the service wrote it; every field it has is still there. */
export type JitPolicyJson = z.infer<typeof policy>;

/** Reads a policy. Throws CLOUD_FAILED for what is none. */
export function parsePolicy(json: unknown): JitPolicy {
  const read = policy.safeParse(json);
  if (!read.success) {
    const where = read.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    throw new LatchkeyError({
      code: 'CLOUD_FAILED',
      message: 'Azure sent a Defender policy that can’t be read.',
      fix: 'Look at the policy in the portal, or set this subscription to `direct`.',
      detail: { where },
    });
  }
  // The service's own, with its own order of fields: what was read of it above is only a check.
  const raw = json as JitPolicyJson;
  return {
    id: gateId(raw.id),
    name: raw.name,
    vms: raw.properties.virtualMachines,
    requests: (raw.properties.requests ?? []).flatMap(one => parseRequest(one) ?? []),
    raw,
  };
}

/** Reads a request of a policy's record, or the answer to an initiate; undefined for what is none. */
export function parseRequest(json: unknown): JitRequest | undefined {
  const read = request.safeParse(json);
  return read.success ? read.data : undefined;
}

/** Reads one port of a VM in a policy; undefined for what is none. */
export function parsePort(json: unknown): PortRule | undefined {
  const read = portRule.safeParse(json);
  return read.success ? read.data : undefined;
}

/** The texts of a port's or a request's sources; `*` where it names none. */
export function prefixesOf(port: {
  allowedSourceAddressPrefix?: string | null | undefined;
  allowedSourceAddressPrefixes?: string[] | null | undefined;
}): string[] {
  const many = port.allowedSourceAddressPrefixes ?? [];
  if (many.length > 0) return many;
  return [port.allowedSourceAddressPrefix ?? '*'];
}

/** The part of a policy that names this VM, by its id in any case. */
export function entryOf(found: JitPolicy | undefined, vm: string): PolicyVm | undefined {
  return found?.vms.find(one => one.id.toLowerCase() === vm.toLowerCase());
}

/** The last segment of an id. */
export function lastName(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}
