/**
 * Azure's bad days by name, worded as Azure words them: faults to switch on with `{ "kind": … }`. Each can come before the
 * write took effect or (`"when": "after"`) after it. Sources: reference section 7.3; for bodies the issues named here.
 */
import type { FaultInput } from '../server/faults.ts';

type Trouble = Omit<FaultInput, 'cloud' | 'method' | 'path' | 'action' | 'skip' | 'times' | 'when'>;

const scope =
  '/subscriptions/practice/resourceGroups/practice/providers/Microsoft.Network/networkSecurityGroups/practice';

/** What a claims challenge asks for: a token issued after this moment (continuous access evaluation). */
export const wantedClaims = '{"access_token":{"nbf":{"essential":true,"value":"1795000000"}}}';

/** A “busy” of the network provider: a general code outside, what it is inside (hashicorp/terraform#7986, #7153). */
function retryable(code: string, message: string): Trouble {
  return {
    status: 429,
    code: 'RetryableError',
    message: 'A retryable error occurred.',
    more: { details: [{ code, message }] },
  };
}

export const troubles = {
  // 401
  ExpiredAuthenticationToken: {
    status: 401,
    code: 'ExpiredAuthenticationToken',
    message: 'The access token expiry UTC time is earlier than current UTC time.',
    headers: {
      'www-authenticate':
        'Bearer authorization_uri="https://login.microsoftonline.com/practice", error="invalid_token", error_description="The access token has expired."',
    },
  },
  // learn.microsoft.com/entra/identity-platform/claims-challenge
  ClaimsChallenge: {
    status: 401,
    code: 'TokenIssuedBeforeRevocationTimestamp',
    message: 'The user or administrator has revoked the session.',
    headers: {
      'www-authenticate': `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="${Buffer.from(wantedClaims).toString('base64')}"`,
    },
  },
  // 403
  AuthorizationFailed: {
    status: 403,
    code: 'AuthorizationFailed',
    message: `The client 'jo@contoso.example' with object id '0' does not have authorization to perform action 'Microsoft.Network/networkSecurityGroups/securityRules/write' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  },
  LinkedAuthorizationFailed: {
    status: 403,
    code: 'LinkedAuthorizationFailed',
    message: `The client 'jo@contoso.example' with object id '0' has permission to perform action 'Microsoft.Network/networkSecurityGroups/securityRules/write' on scope '${scope}'; however, it does not have permission to perform action 'Microsoft.Network/applicationSecurityGroups/joinNetworkSecurityRule/action' on the linked scope(s).`,
  },
  RequestDisallowedByPolicy: {
    status: 403,
    code: 'RequestDisallowedByPolicy',
    message: `Resource 'latchkey' was disallowed by policy. Policy identifiers: '[{"policyAssignment":{"name":"No inbound rules"}}]'.`,
    more: {
      target: 'latchkey',
      additionalInfo: [
        {
          type: 'PolicyViolation',
          info: {
            policyDefinitionDisplayName: 'Inbound rules need a ticket',
            policyAssignmentDisplayName: 'No inbound rules',
            policyDefinitionEffect: 'deny',
          },
        },
      ],
    },
  },
  // 409: Azure/azure-sdk-for-java#2560
  ScopeLocked: {
    status: 409,
    code: 'ScopeLocked',
    message: `The scope '${scope}' cannot perform write operation because following scope(s) are locked: '/subscriptions/practice/resourceGroups/practice'. Please remove the lock and try again.`,
  },
  AnotherOperationInProgress: {
    status: 409,
    code: 'AnotherOperationInProgress',
    message: 'Another operation on this or dependent resource is in progress.',
  },
  // 429
  RetryableErrorDueToAnotherOperation: retryable(
    'RetryableErrorDueToAnotherOperation',
    'Operation PutSecurityRuleOperation (0) is updating resource practice. The call can be retried in 14 seconds.',
  ),
  ReferencedResourceNotProvisioned: retryable(
    'ReferencedResourceNotProvisioned',
    `Cannot proceed with operation since resource ${scope} is not in Succeeded state. Resource is in Updating state.`,
  ),
  RetryableError: { status: 429, code: 'RetryableError', message: 'A retryable error occurred.' },
  // learn azure-resource-manager/management/request-limits-and-throttling
  SubscriptionRequestsThrottled: {
    status: 429,
    code: 'SubscriptionRequestsThrottled',
    message: 'Number of write requests for the subscription exceeded the limit. Please try again later.',
    retryAfter: 7,
    headers: { 'x-ms-ratelimit-remaining-subscription-writes': '0' },
  },
  TooManyRequests: { status: 429, code: 'TooManyRequests', retryAfter: 11, retryAfterAsDate: true },
  ThrottledForLong: { status: 429, code: 'TooManyRequests', retryAfter: 3600 },
  // 400
  SecurityRuleConflict: {
    status: 400,
    code: 'SecurityRuleConflict',
    message:
      'Security rule practice conflicts with rule other. Rules cannot have the same Priority and Direction. To learn more, see aka.ms/nsgrules.',
    more: { details: [] },
  },
  // azure-rest-api-specs#3003
  SecurityRuleCountLimitReached: {
    status: 400,
    code: 'SecurityRuleCountLimitReached',
    message: 'A security group cannot have more than 1000 security rules.',
    more: { details: [] },
  },
  // kubernetes-sigs/cloud-provider-azure#2725
  SecurityRuleAddressesOrPortsPerSecurityGroupLimitReached: {
    status: 400,
    code: 'SecurityRuleAddressesOrPortsPerSecurityGroupLimitReached',
    message: `Network security group ${scope} has 4001 SourceAddressPrefixes. A security group cannot have more than 4000 SourceAddressPrefixes.`,
    more: { details: [] },
  },
  // 5xx and what is no answer of Azure's at all
  InternalServerError: { status: 500, code: 'InternalServerError', message: 'An error occurred.' },
  ServiceUnavailable: { status: 503, code: 'ServerTimeout', retryAfter: 5 },
  ProxyPage: { status: 200, html: true },
  ProxyPageNotFound: { status: 404, html: true },
  ProxyPageForbidden: { status: 403, html: true },
  ProxyPageBadGateway: { status: 502, html: true },
  Dropped: { drop: true },
  CutShort: { status: 200, cut: true },
  Truncated: { status: 200, truncate: true },
  // Accepted, and then
  OperationFailed: { operation: 'Failed', code: 'InternalServerError', message: 'An error occurred.' },
  // microsoft/AzureTRE#3177
  OperationCanceled: {
    operation: 'Canceled',
    code: 'Canceled',
    message: 'Operation was canceled.',
    more: {
      details: [
        {
          code: 'CanceledAndSupersededDueToAnotherOperation',
          message: 'Operation PutSecurityRuleOperation (0) was canceled and superseded by operation (1).',
        },
      ],
    },
  },
  OperationNever: { operation: 'never' },
  OperationLost: { operation: 'lost' },
} as const satisfies Record<string, Trouble>;

export type TroubleKind = keyof typeof troubles;

/** Throws for a name that is none. */
export function troubleByName(kind: string): Trouble {
  const found = Object.entries(troubles).find(([name]) => name === kind)?.[1];
  if (found) return found;
  throw new SyntaxError(`kind: one of ${Object.keys(troubles).join(', ')}`);
}
