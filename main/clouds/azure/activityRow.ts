/** One row of the Activity Log, read: what was done, by whom, with what. Pure; whatever stands in it is data. */
import { z } from 'zod';
import { gateId, isVmId, parseVmId, type VmId } from '../../../shared/domain/ids.ts';
import { isOurs, parseMark } from '../../../shared/domain/ruleMark.ts';
import type { CloudEvent } from '../cloud.ts';
import { grantIn } from './defender/record.ts';

const both = z.object({ value: z.string() });

/** What we look at (reference section 5). Everything but what tells events apart may be missing. */
export const auditRow = z.object({
  eventDataId: z.string(),
  correlationId: z.string(),
  eventTimestamp: z.string(),
  operationName: both,
  resourceId: z.string(),
  status: both.nullish(),
  caller: z.string().nullish(),
  claims: z.record(z.string(), z.unknown()).nullish(),
  httpRequest: z.object({ clientIpAddress: z.string().nullish() }).nullish(),
  properties: z.record(z.string(), z.unknown()).nullish(),
});
export type AuditRow = z.infer<typeof auditRow>;

/** By operation, in lower case (reference sections 3 and 5). */
const doings: Record<string, CloudEvent['did']> = {
  'microsoft.network/networksecuritygroups/securityrules/write': 'rule-written',
  'microsoft.network/networksecuritygroups/securityrules/delete': 'rule-removed',
  'microsoft.network/networksecuritygroups/write': 'gate-changed',
  'microsoft.network/networksecuritygroups/delete': 'gate-changed',
  'microsoft.network/azurefirewalls/write': 'gate-changed',
  'microsoft.network/firewallpolicies/rulecollectiongroups/write': 'gate-changed',
  'microsoft.network/firewallpolicies/rulecollectiongroups/delete': 'gate-changed',
  'microsoft.security/locations/jitnetworkaccesspolicies/initiate/action': 'requested',
  'microsoft.security/locations/jitnetworkaccesspolicies/write': 'policy-changed',
  'microsoft.security/locations/jitnetworkaccesspolicies/delete': 'policy-changed',
};

/** Microsoft's own applications by their ids: what people work with. The last is in reference section 2.1, the others are Microsoft's public list. */
const applications: Record<string, string> = {
  '04b07795-8ddb-461a-bbee-02f9e1bf7b46': 'Azure CLI',
  '1950a258-227b-4e31-a9cf-717495945fc2': 'Azure PowerShell',
  'c44b4083-3bb0-49c1-b47d-974e53cbdf3c': 'Azure portal',
  '8edd93e1-2103-40b4-bd70-6e34e586362d': 'Defender for Cloud',
};

/** The event of a row; undefined for operations that are not shown, and for times that are none. */
export function eventOf(row: AuditRow): CloudEvent | undefined {
  const operation = row.operationName.value;
  const did = doings[operation.toLowerCase()];
  const at = Date.parse(row.eventTimestamp);
  if (did === undefined || Number.isNaN(at)) return undefined;
  const { gate, rule } = placeOf(row.resourceId);
  const body = bodyOf(row.properties?.['requestbody']);
  return {
    id: row.eventDataId,
    correlation: row.correlationId,
    at,
    operation,
    resource: row.resourceId,
    did,
    outcome: outcomeOf(row.status?.value),
    caller: callerOf(row),
    client: clientOf(row),
    name: rule ?? row.resourceId.split('/').at(-1) ?? row.resourceId,
    removed: operation.toLowerCase().endsWith('/delete'),
    ...(gate === undefined || did === 'requested' || did === 'policy-changed'
      ? {}
      : { gate: gateId(gate), gateName: gate.split('/').at(-1) ?? gate }),
    ...(did === 'rule-written' ? ruleFacts(rule ?? '', body) : did === 'requested' ? requestFacts(body) : {}),
  };
}

/** An open list of words; `Started`, `Accepted` and whatever else is not an end. */
function outcomeOf(status = ''): CloudEvent['outcome'] {
  const ends: Record<string, CloudEvent['outcome']> = { failed: 'failed', succeeded: 'ok' };
  return ends[status.toLowerCase()] ?? 'begun';
}

function callerOf({ caller, claims }: AuditRow): string {
  const upn = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn';
  const told = [caller, claims?.[upn], claims?.['upn'], claims?.['name'], claims?.['appid']];
  return told.map(text).find(one => one !== undefined) ?? 'unknown';
}

/** `Azure CLI at 203.0.113.7`: the application, and the address the request came from, as far as they are told. */
function clientOf({ claims, httpRequest }: AuditRow): string | undefined {
  const app = text(claims?.['appid'])?.toLowerCase() ?? '';
  const address = text(httpRequest?.clientIpAddress) ?? text(claims?.['ipaddr']);
  const parts = [applications[app], address].filter(part => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(' at ');
}

function placeOf(resource: string): { gate: string | undefined; rule: string | undefined } {
  const [, gate, rule] =
    /^(\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/[^/]+\/[^/]+\/[^/]+)(?:\/[^/]+\/([^/]+))?$/i.exec(
      resource,
    ) ?? [];
  return { gate, rule };
}

const ruleBody = z.object({
  properties: z.object({
    description: z.string().nullish(),
    access: z.string().nullish(),
    priority: z.number().nullish(),
    sourceAddressPrefix: z.string().nullish(),
    sourceAddressPrefixes: z.array(z.string()).nullish(),
    destinationAddressPrefix: z.string().nullish(),
    destinationAddressPrefixes: z.array(z.string()).nullish(),
    destinationPortRange: z.string().nullish(),
    destinationPortRanges: z.array(z.string()).nullish(),
    protocol: z.string().nullish(),
  }),
});

type Facts = Pick<
  CloudEvent,
  'ports' | 'source' | 'destinations' | 'mark' | 'access' | 'priority' | 'vms' | 'reason' | 'grant'
>;

function ruleFacts(name: string, body: unknown): Facts {
  const read = ruleBody.safeParse(body);
  if (!read.success) return {};
  const rule = read.data.properties;
  const protocol = rule.protocol === '*' ? 'any' : (rule.protocol?.toLowerCase() ?? 'any');
  const description = rule.description ?? undefined;
  const mark = isOurs(name, description) ? parseMark(description) : undefined;
  return {
    ports: list(rule.destinationPortRange, rule.destinationPortRanges)
      .map(port => `${port}/${protocol}`)
      .join(' '),
    source: list(rule.sourceAddressPrefix, rule.sourceAddressPrefixes).join(' '),
    destinations: list(rule.destinationAddressPrefix, rule.destinationAddressPrefixes),
    ...(rule.access ? { access: rule.access.toLowerCase() } : {}),
    ...(rule.priority ? { priority: rule.priority } : {}),
    ...(mark === undefined ? {} : { mark }),
  };
}

const initiateBody = z.object({
  justification: z.string().nullish(),
  virtualMachines: z.array(
    z.object({
      id: z.string(),
      ports: z.array(z.object({ number: z.number(), allowedSourceAddressPrefix: z.string().nullish() })),
    }),
  ),
});

/** Assumption, reference section 5 [U]: the body of an initiate, with its justification, is in `properties.requestbody`. */
function requestFacts(body: unknown): Facts {
  const read = initiateBody.safeParse(body);
  if (!read.success) return {};
  const { justification, virtualMachines } = read.data;
  const grant = grantIn(justification ?? undefined);
  // `latchkey abcd2345efgh: reason`, where a Latchkey asked.
  const reason =
    grant === undefined ? justification : justification?.slice(justification.indexOf(':') + 1).trim();
  const ports = virtualMachines.flatMap(vm => vm.ports);
  const vms: VmId[] = virtualMachines.flatMap(({ id }) => (isVmId(id) ? [parseVmId(id)] : []));
  const sources = ports.flatMap(port => port.allowedSourceAddressPrefix ?? []);
  return {
    vms,
    ports: [...new Set(ports.map(port => `${port.number}/tcp`))].join(' '),
    source: [...new Set(sources)].join(' '),
    ...(grant === undefined ? {} : { grant }),
    ...(reason ? { reason } : {}),
  };
}

function bodyOf(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    // Cut short by the log: then what it says is not known, and the event is told without it.
    return undefined;
  }
}

function list(one: string | null | undefined, many: string[] | null | undefined): string[] {
  return [...(one ? [one] : []), ...(many ?? [])];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
