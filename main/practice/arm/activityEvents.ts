/** A row of the activity log, as kept and as clients see it: the shapes of reference section 5. */

export interface LoggedEvent {
  id: string;
  /** Epoch milliseconds. */
  at: number;
  caller: string;
  /** Of the caller's token. */
  claims: Record<string, string>;
  /** `Microsoft.Network/networkSecurityGroups/securityRules/write` */
  operation: string;
  resource: string;
  correlation: string;
  operationId: string;
  status: 'Started' | 'Succeeded' | 'Failed';
  statusCode?: number | undefined;
  /** What was sent (at the start) or answered (at the end), as JSON text. */
  body?: string | undefined;
  http: { clientRequestId: string; clientIpAddress: string; method: string };
}

const displayNames: Record<string, string> = {
  'microsoft.security/locations/jitnetworkaccesspolicies/initiate/action':
    'Initiate JIT Network Access Policy',
  'microsoft.security/locations/jitnetworkaccesspolicies/write': 'Create or Update JIT Network Access Policy',
  'microsoft.security/locations/jitnetworkaccesspolicies/delete': 'Delete JIT Network Access Policy',
  'microsoft.network/networksecuritygroups/securityrules/write': 'Create or Update Security Rule',
  'microsoft.network/networksecuritygroups/securityrules/delete': 'Delete Security Rule',
  'microsoft.network/networksecuritygroups/write': 'Create or Update Network Security Group',
};

const codeNames: Record<number, string> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'NoContent',
  400: 'BadRequest',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
};

/** The properties a `$select` may name. */
export const eventNames = [
  'authorization',
  'caller',
  'category',
  'claims',
  'correlationId',
  'description',
  'eventDataId',
  'eventName',
  'eventTimestamp',
  'httpRequest',
  'id',
  'level',
  'operationId',
  'operationName',
  'properties',
  'resourceGroupName',
  'resourceId',
  'resourceProviderName',
  'resourceType',
  'status',
  'subStatus',
  'submissionTimestamp',
  'subscriptionId',
  'tenantId',
] as const;

/** `lagMs`: how much later it was submitted than it happened. `select`: only these properties. */
export function eventView(
  event: LoggedEvent,
  lagMs: number,
  select: ReadonlySet<string> | undefined,
): object {
  const all = whole(event, lagMs);
  return select === undefined
    ? all
    : Object.fromEntries(Object.entries(all).filter(([name]) => select.has(name)));
}

function whole(event: LoggedEvent, lagMs: number): Record<(typeof eventNames)[number], unknown> {
  const { id, at, resource, operation, status, statusCode, claims } = event;
  const ends = status !== 'Started';
  const codeName = statusCode === undefined ? '' : (codeNames[statusCode] ?? String(statusCode));
  const [, subscriptionId = '', group = ''] =
    /^\/subscriptions\/([^/]+)(?:\/resourcegroups\/([^/]+))?/i.exec(resource) ?? [];
  const name = displayNames[operation.toLowerCase()] ?? operation;
  return {
    id: `${resource}/events/${id}/ticks/${ticks(at)}`,
    eventDataId: id,
    correlationId: event.correlation,
    operationId: event.operationId,
    eventTimestamp: sevenDigits(at),
    submissionTimestamp: sevenDigits(at + lagMs),
    caller: event.caller,
    claims,
    authorization: { action: operation, scope: resource },
    httpRequest: event.http,
    category: both('Administrative'),
    channels: 'Operation',
    description: '',
    eventName: both(ends ? 'EndRequest' : 'BeginRequest', ends ? 'End request' : 'Begin request'),
    level: status === 'Failed' ? 'Error' : 'Informational',
    operationName: both(operation, name),
    resourceGroupName: group,
    resourceId: resource,
    resourceProviderName: both(operation.split('/')[0] ?? ''),
    resourceType: both(operation.split('/').slice(0, -1).join('/')),
    status: both(status),
    subStatus: both(codeName),
    subscriptionId,
    tenantId: claims['tid'] ?? '',
    properties: {
      eventCategory: 'Administrative',
      entity: resource,
      ...(statusCode === undefined ? {} : { statusCode: codeName }),
      serviceRequestId: event.operationId,
      ...(event.body === undefined ? {} : { [ends ? 'responseBody' : 'requestbody']: event.body }),
    },
  } as Record<(typeof eventNames)[number], unknown>;
}

function both(value: string, localizedValue = value) {
  return { value, localizedValue };
}

/** `2026-11-23T14:52:00.1230000Z`: Azure's times have seven digits behind the point. */
function sevenDigits(at: number): string {
  return new Date(at).toISOString().replace('Z', '0000Z');
}

/** .NET ticks: a tenth of a microsecond since the year 1. */
function ticks(at: number): string {
  return String((BigInt(at) + 62_135_596_800_000n) * 10_000n);
}
