/** What comes of each of Azure's bad days: the one table that the tests of the adapter and of the broker go by. */
import type { TroubleKind } from '../../../main/practice/arm/troubles.ts';
import type { ErrorCode } from '../../../shared/errors.ts';

/** `done`: Latchkey gets over it by itself. */
type Outcome = ErrorCode | 'done';

export interface Row {
  kind: TroubleKind;
  /** A write that meets it once, before it took effect; the same after, where that is another thing. */
  once: Outcome;
  onceAfter?: Outcome;
  /** Every write meets it, and every read where reads can. */
  always: Exclude<Outcome, 'done'>;
  /** Removing a rule, where it is not as writing one. */
  removing?: { once: Outcome; onceAfter?: Outcome; always?: Exclude<Outcome, 'done'> };
  /** What the person reads, at least. */
  says: string;
  fix: string;
  /** Only writes meet it. */
  writesOnly?: true;
}

const row = (kind: TroubleKind, once: Outcome, always: Row['always'], says: string, fix: string): Row => ({
  kind,
  once,
  always,
  says,
  fix,
});
const busy = 'still busy with another change';

export const table: Row[] = [
  row('ExpiredAuthenticationToken', 'done', 'CLOUD_UNAUTHORIZED', 'our sign-in any more', 'Sign in'),
  row('ClaimsChallenge', 'done', 'CLOUD_UNAUTHORIZED', 'conditional access', 'Sign in'),
  row(
    'AuthorizationFailed',
    'CLOUD_FORBIDDEN',
    'CLOUD_FORBIDDEN',
    'Microsoft.Network/networkSecurityGroups/securityRules/write',
    'role',
  ),
  row(
    'LinkedAuthorizationFailed',
    'CLOUD_FORBIDDEN',
    'CLOUD_FORBIDDEN',
    'Microsoft.Network/applicationSecurityGroups/joinNetworkSecurityRule/action',
    'role',
  ),
  row('RequestDisallowedByPolicy', 'CLOUD_FORBIDDEN', 'CLOUD_FORBIDDEN', 'No inbound rules', 'exemption'),
  {
    ...row(
      'ScopeLocked',
      'CLOUD_FORBIDDEN',
      'CLOUD_FORBIDDEN',
      '“resourceGroups/practice” is locked',
      'taken off',
    ),
    // What could not be removed is looked at, and then made harmless: it may be gone.
    removing: { once: 'CLOUD_FORBIDDEN', onceAfter: 'done' },
  },
  row('AnotherOperationInProgress', 'done', 'CLOUD_CONFLICT', busy, 'in a minute'),
  row('RetryableErrorDueToAnotherOperation', 'done', 'CLOUD_CONFLICT', busy, 'in a minute'),
  row('ReferencedResourceNotProvisioned', 'done', 'CLOUD_CONFLICT', busy, 'in a minute'),
  row('RetryableError', 'done', 'CLOUD_CONFLICT', busy, 'in a minute'),
  row('SubscriptionRequestsThrottled', 'done', 'CLOUD_THROTTLED', 'for 7 s', 'Wait'),
  row('TooManyRequests', 'done', 'CLOUD_THROTTLED', 'takes no more requests', 'Wait'),
  row('ThrottledForLong', 'CLOUD_THROTTLED', 'CLOUD_THROTTLED', 'for 3600 s', 'Wait'),
  {
    ...row('SecurityRuleConflict', 'done', 'CLOUD_CONFLICT', 'took the priority', 'Try again'),
    removing: { once: 'CLOUD_CONFLICT' },
    writesOnly: true,
  },
  {
    ...row('SecurityRuleCountLimitReached', 'CLOUD_QUOTA', 'CLOUD_QUOTA', '1000 security rules', '1,000'),
    writesOnly: true,
  },
  {
    ...row(
      'SecurityRuleAddressesOrPortsPerSecurityGroupLimitReached',
      'CLOUD_QUOTA',
      'CLOUD_QUOTA',
      '4000',
      'higher limit',
    ),
    writesOnly: true,
  },
  row('InternalServerError', 'done', 'CLOUD_FAILED', 'HTTP 500', 'status.azure.com'),
  row('ServiceUnavailable', 'done', 'CLOUD_FAILED', 'HTTP 503', 'status.azure.com'),
  row('ProxyPage', 'done', 'CLOUD_UNREACHABLE', 'not Azure answered', 'proxy'),
  row('ProxyPageNotFound', 'done', 'CLOUD_UNREACHABLE', 'HTTP 404', 'proxy'),
  row('ProxyPageForbidden', 'done', 'CLOUD_UNREACHABLE', 'HTTP 403', 'proxy'),
  row('ProxyPageBadGateway', 'done', 'CLOUD_UNREACHABLE', 'HTTP 502', 'proxy'),
  row('Dropped', 'done', 'CLOUD_UNREACHABLE', "can't be reached", 'network'),
  row('CutShort', 'done', 'CLOUD_UNREACHABLE', "can't be reached", 'network'),
  row('Truncated', 'done', 'CLOUD_UNREACHABLE', "can't be reached", 'network'),
  {
    ...row('OperationFailed', 'CLOUD_FAILED', 'CLOUD_FAILED', 'An error occurred', ''),
    writesOnly: true,
  },
  {
    ...row('OperationCanceled', 'done', 'CLOUD_CONFLICT', busy, 'in a minute'),
    writesOnly: true,
  },
  {
    ...row('OperationNever', 'CLOUD_SLOW', 'CLOUD_SLOW', 'did not finish in time', 'the change may still'),
    writesOnly: true,
  },
  {
    ...row('OperationLost', 'CLOUD_CONFLICT', 'CLOUD_CONFLICT', 'does not stand', 'activity log'),
    onceAfter: 'done',
    removing: { once: 'CLOUD_SLOW', onceAfter: 'done', always: 'CLOUD_SLOW' },
    writesOnly: true,
  },
];
