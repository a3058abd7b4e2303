/** Reading what clients send about just-in-time policies and requests (reference sections 1.3 and 1.4). */
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { parseDuration } from '../../../../shared/domain/time.ts';
import { ArmError } from '../errors.ts';
import type { JitPolicy, PolicyVm, PortRule } from './data.ts';
import type { DefenderTraits } from './traits.ts';

const day = 86_400_000;
const leastMs = 5 * 60_000;

const portRule = z.looseObject({
  number: z.int().min(0).max(65535),
  protocol: z.string(),
  allowedSourceAddressPrefix: z.string().optional(),
  allowedSourceAddressPrefixes: z.array(z.string()).optional(),
  maxRequestAccessDuration: z.string(),
});
const policyBody = z.looseObject({
  kind: z.string().optional(),
  properties: z.looseObject({
    virtualMachines: z.array(z.looseObject({ id: z.string(), ports: z.array(portRule) })),
    requests: z.array(z.custom<JitPolicy['requests'][number]>(value => typeof value === 'object')).optional(),
  }),
});

/** What a PUT means. Throws 400; 500 for an empty protocol, as the service does (azure-docs#52013). */
export function readPolicy(body: unknown): Pick<JitPolicy, 'kind' | 'virtualMachines' | 'requests' | 'more'> {
  const read = policyBody.safeParse(body);
  if (!read.success) throw invalid(wordsOf(read.error));
  const {
    virtualMachines,
    requests = [],
    provisioningState: _,
    ...more
  } = read.data.properties as typeof read.data.properties & Record<string, unknown>;
  for (const port of virtualMachines.flatMap(vm => vm.ports)) checkPort(port);
  return { kind: read.data.kind ?? 'Basic', virtualMachines, requests, more };
}

function checkPort(port: PortRule): void {
  if (port.protocol === '') throw new ArmError(500, 'InternalServerError', 'Internal server error');
  if (!['tcp', 'udp', '*'].includes(port.protocol.toLowerCase()))
    throw invalid(`The protocol '${port.protocol}' is not supported.`);
  if (port.allowedSourceAddressPrefix !== undefined && port.allowedSourceAddressPrefixes !== undefined)
    throw invalid('allowedSourceAddressPrefix and allowedSourceAddressPrefixes are mutually exclusive.');
  for (const prefix of prefixesOf(port)) if (prefix !== '*') rangeOf(prefix);
  const ms = isoMs(port.maxRequestAccessDuration);
  if (ms < leastMs || ms > day)
    throw invalid(
      `maxRequestAccessDuration '${port.maxRequestAccessDuration}' must be between 5 minutes and 1 day.`,
    );
}

function isoMs(text: string): number {
  if (!text.startsWith('P')) throw invalid(`'${text}' is not a valid duration.`);
  try {
    return parseDuration(text);
  } catch {
    throw invalid(`'${text}' is not a valid duration.`);
  }
}

const initiateBody = z.object({
  virtualMachines: z
    .array(
      z.object({
        id: z.string(),
        ports: z
          .array(
            z.object({
              number: z.int(),
              endTimeUtc: z.iso.datetime({ offset: true }),
              allowedSourceAddressPrefix: z.string().optional(),
            }),
          )
          .min(1),
      }),
    )
    .min(1),
  justification: z.string().optional(),
});

export interface WantedPort {
  vm: PolicyVm;
  number: number;
  source: string;
  /** As the client wrote it: with its own number of digits. */
  endTimeUtc: string;
  endsAt: number;
}

/**
 * What an initiate means: `caller` is the source where none is named. Throws 400 with the service's words where the
 * request is not within the policy (Power-MVP-Elite#8).
 */
export function readInitiate(
  policy: JitPolicy,
  body: unknown,
  at: { now: number; caller: string; traits: DefenderTraits },
): { ports: WantedPort[]; justification: string | undefined } {
  const read = initiateBody.safeParse(body);
  if (!read.success) throw invalid(wordsOf(read.error));
  const ports = read.data.virtualMachines.flatMap(({ id, ports }) => {
    const vm = policy.virtualMachines.find(one => one.id.toLowerCase() === id.toLowerCase());
    if (!vm) throw notSubset(policy);
    return ports.map(port => wanted(policy, vm, port, at));
  });
  return { ports, justification: read.data.justification };
}

function wanted(
  policy: JitPolicy,
  vm: PolicyVm,
  port: { number: number; endTimeUtc: string; allowedSourceAddressPrefix?: string | undefined },
  { now, caller, traits }: Parameters<typeof readInitiate>[2],
): WantedPort {
  const source = port.allowedSourceAddressPrefix ?? caller;
  const endsAt = Date.parse(port.endTimeUtc);
  const entry = vm.ports.find(one => one.number === port.number);
  if (!entry || endsAt > now + isoMs(entry.maxRequestAccessDuration)) throw notSubset(policy);
  if (endsAt <= now || endsAt - now < traits.shortestMs)
    throw invalid(`The end time ${port.endTimeUtc} of port ${port.number} is too early.`);
  const allowed = prefixesOf(entry);
  if (!allowed.some(prefix => prefix === '*' || takes(prefix, source, traits))) throw notSubset(policy);
  if (source !== '*' && rangeOf(source)[0].kind() === 'ipv6')
    throw invalid(`'${source}' is not a valid IPv4 address or CIDR.`);
  return { vm, number: port.number, source, endTimeUtc: port.endTimeUtc, endsAt };
}

function takes(allowed: string, source: string, traits: DefenderTraits): boolean {
  if (allowed === source) return true;
  if (traits.subset === 'exact' || source === '*') return false;
  const [outer, inner] = [rangeOf(allowed), rangeOf(source)];
  return outer[0].kind() === inner[0].kind() && inner[1] >= outer[1] && inner[0].match(outer[0], outer[1]);
}

function prefixesOf(port: PortRule): string[] {
  return port.allowedSourceAddressPrefixes ?? [port.allowedSourceAddressPrefix ?? '*'];
}

function rangeOf(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  if (!ipaddr.isValid(text)) throw invalid(`'${text}' is not a valid IP address or CIDR.`);
  const address = ipaddr.parse(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function notSubset(policy: JitPolicy): ArmError {
  return invalid(
    `The given access request is not a subset of policy '${policy.name}'. Please make sure that the access request is within the allowed policy properties.`,
  );
}

function invalid(message: string): ArmError {
  return new ArmError(400, 'InvalidInputJson', message);
}

function wordsOf(error: z.ZodError): string {
  return error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('; ');
}
