/** What ARM answers when it says no, as LatchkeyErrors. One table; nothing else in this folder words a cloud's refusal. */
import { useOf } from '../../../shared/domain/rights/azureActions.ts';
import { roleCommand } from '../../../shared/domain/rights/azureRole.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { cloudCode } from '../calls.ts';

/** A refusal as it came over the wire. */
export interface Refusal {
  /** HTTP status; 200 for an asynchronous operation that ended in failure. */
  status: number;
  /** ARM's `error.code`, or that of its first detail where the outer one only wraps it. */
  code?: string | undefined;
  message?: string | undefined;
  /** `x-ms-correlation-request-id`, else `x-ms-request-id`. */
  correlation?: string | undefined;
  /** What was asked, e.g. `PUT /subscriptions/…`. */
  request: string;
  /** Milliseconds the cloud asked to wait, where it did. */
  retryAfterMs?: number | undefined;
  /** How the asynchronous operation ended that this is about: the write had been accepted. */
  operation?: 'Failed' | 'Canceled' | undefined;
  /** Names of the policies that deny it. */
  policies?: string[] | undefined;
  /** It named claims that the token has to have. */
  challenged?: boolean | undefined;
}

interface Row {
  code: ErrorCode;
  says: (refusal: Refusal) => string;
  fix?: ((refusal: Refusal) => string) | undefined;
}

const asTold = (refusal: Refusal) => refusal.message ?? refusal.code ?? `HTTP ${refusal.status}`;

/** What a 403 says is missing: the action, e.g. `Microsoft.Network/networkSecurityGroups/securityRules/write`, and where. */
function missingRight(refusal: Refusal): { action: string; scope?: string | undefined } | undefined {
  // A linked one names first what is allowed, then what is not.
  const found = [
    ...(refusal.message ?? '').matchAll(
      /perform action '([^']+)'(?: o(?:n|ver) (?:the linked )?scope(?:\(s\))? '([^']+)')?/g,
    ),
  ].at(-1);
  return found?.[1] === undefined ? undefined : { action: found[1], scope: found[2] };
}

const signedOut: Row = {
  code: 'CLOUD_UNAUTHORIZED',
  says: refusal =>
    refusal.challenged
      ? 'Azure wants this sign-in proven anew (conditional access, e.g. a second factor).'
      : 'Azure does not accept our sign-in any more.',
  fix: () => 'Sign in to this account again.',
};
const forbidden: Row = {
  code: 'CLOUD_FORBIDDEN',
  says: refusal => {
    const right = missingRight(refusal);
    if (right === undefined) return `Azure does not let you do this: ${asTold(refusal).replace(/\.$/, '')}.`;
    const where = right.scope === undefined ? '' : ` at ${scopeName(right.scope)}`;
    const use = useOf(right.action)?.use;
    return use === undefined
      ? `Azure does not let you do this: ${right.action}${where}.`
      : `Azure does not let you ${use}: that takes ${right.action}${where}.`;
  },
  fix: refusal => {
    const right = missingRight(refusal);
    const use = useOf(right?.action ?? '');
    const timed = 'or activate yours if it is a timed one';
    if (right === undefined) return `Ask for a role that allows it, ${timed}.`;
    if (use === undefined) return `Ask for a role that allows ${right.action} there, ${timed}.`;
    const subscription = /^\/subscriptions\/([^/]+)/i.exec(right.scope ?? '')?.[1];
    const job = use.job === 'doctor' ? 'view' : use.job;
    return `Ask for the role “Latchkey ${job}” (\`${roleCommand(use, subscription)}\` prints it), ${timed}.`;
  },
};
const missing: Row = {
  code: 'CLOUD_NOT_FOUND',
  says: refusal => `Azure has no such thing: ${asTold(refusal)}`,
  fix: () => 'Refresh the list: it may have been deleted or moved.',
};
const busy: Row = {
  code: 'CLOUD_CONFLICT',
  says: () => 'Azure is still busy with another change to the same network security group.',
  fix: () => 'Try again in a minute.',
};
const throttled: Row = {
  code: 'CLOUD_THROTTLED',
  says: refusal =>
    refusal.retryAfterMs === undefined
      ? 'Azure takes no more requests from us for now.'
      : `Azure takes no more requests from us for ${Math.ceil(refusal.retryAfterMs / 1000)} s.`,
  fix: () => 'Wait, then try again.',
};
const full: Row = {
  code: 'CLOUD_QUOTA',
  says: refusal => `A limit of Azure is reached: ${asTold(refusal)}`,
  fix: () => 'Remove rules that nobody needs (an NSG holds 1,000), or ask Azure for a higher limit.',
};
const unknownThing: Row = {
  code: 'CLOUD_FAILED',
  says: refusal => `Azure does not know what we asked for: ${asTold(refusal)}`,
  fix: () => 'Try again later; if it stays, look whether this cloud has what Latchkey needs.',
};
const failed: Row = { code: 'CLOUD_FAILED', says: refusal => `Azure refused: ${asTold(refusal)}` };

/** By ARM error code. Sources: reference section 7.2, 7.3; azure-rest-api-specs#3003; ARM common error codes. */
const byCode: Record<string, Row> = {
  ExpiredAuthenticationToken: signedOut,
  InvalidAuthenticationToken: signedOut,
  InvalidAuthenticationTokenTenant: signedOut,
  AuthenticationFailed: signedOut,
  AuthorizationFailed: forbidden,
  LinkedAuthorizationFailed: forbidden,
  RequestDisallowedByPolicy: {
    code: 'CLOUD_FORBIDDEN',
    says: refusal =>
      refusal.policies?.length
        ? `A policy of your organisation (Azure Policy) refuses this change: ${refusal.policies.join(', ')}.`
        : `A policy of your organisation (Azure Policy) refuses this change: ${asTold(refusal)}`,
    fix: () => 'Ask who keeps that policy for an exemption for rules that begin with `latchkey-`.',
  },
  ScopeLocked: {
    code: 'CLOUD_FORBIDDEN',
    says: refusal => `A resource lock in Azure forbids changes there${lockedScope(refusal)}.`,
    fix: () => 'Have the lock (read-only or no-delete) taken off the NSG or its resource group.',
  },
  // Azure says so to who may not see it, too: nothing in it counts as gone.
  SubscriptionNotFound: {
    code: 'CLOUD_FORBIDDEN',
    says: () => 'Azure does not show us this subscription (any more).',
    fix: () => 'Sign in with an account that may see it, or activate your role if it is a timed one.',
  },
  ResourceGroupNotFound: missing,
  ParentResourceNotFound: missing,
  ResourceNotFound: missing,
  NotFound: missing,
  SecurityRuleConflict: {
    code: 'CLOUD_CONFLICT',
    says: () => 'Another rule of the network security group took the priority we wanted, again and again.',
    fix: () => 'Try again: somebody else is changing this group right now.',
  },
  RetryableError: busy,
  RetryableErrorDueToAnotherOperation: busy,
  AnotherOperationInProgress: busy,
  ReferencedResourceNotProvisioned: busy,
  CanceledAndSupersededDueToAnotherOperation: busy,
  OperationNotAllowed: full,
  QuotaExceeded: full,
  SecurityRuleCountLimitReached: full,
  SecurityRuleAddressesOrPortsPerSecurityGroupLimitReached: full,
};

const byStatus: Record<number, Row> = {
  401: signedOut,
  403: forbidden,
  // Only the codes above say that a thing is gone: any other 404 may come from whoever stands in between.
  404: unknownThing,
  409: { code: 'CLOUD_CONFLICT', says: asTold, fix: () => 'Try again in a minute.' },
  412: { code: 'CLOUD_CONFLICT', says: asTold, fix: () => 'Try again in a minute.' },
  429: throttled,
};
const broken: Row = {
  code: 'CLOUD_FAILED',
  says: refusal => `Azure has trouble of its own (HTTP ${refusal.status}).`,
  fix: () => 'Try again later; status.azure.com tells of outages.',
};

/** The LatchkeyError of a refusal; its ARM code, correlation id and request are in `detail`. */
export function refusalError(refusal: Refusal): LatchkeyError {
  const row =
    (refusal.code === undefined ? undefined : byCode[refusal.code]) ??
    byStatus[refusal.status] ??
    (refusal.status >= 500 ? broken : failed);
  return new LatchkeyError({
    code: row.code,
    message: row.says(refusal),
    fix: row.fix?.(refusal),
    detail: {
      ...missingRight(refusal),
      status: refusal.status,
      cloudCode: refusal.code,
      cloudMessage: refusal.message,
      correlation: refusal.correlation,
      request: refusal.request,
      ...(refusal.operation === undefined ? {} : { operation: refusal.operation }),
    },
  });
}

/** Where the lock is, as a ScopeLocked names it. */
function lockedScope(refusal: Refusal): string {
  const scope = /scope\(s\) are locked: '([^']+)'/.exec(refusal.message ?? '')?.[1];
  return scope === undefined ? '' : `: “${scope.split('/').slice(-2).join('/').slice(0, 200)}” is locked`;
}

/**
 * Was this write accepted, and can nobody say how it goes on: its operation's address is lost, or forbidden, or answers
 * nonsense? Not so when the operation itself ended badly, or its address would have led our token astray.
 */
export function isUnfollowed(error: unknown): boolean {
  if (!(error instanceof LatchkeyError) || error.code === 'CANCELLED') return false;
  return error.detail?.['operation'] === undefined && error.detail?.['astray'] === undefined;
}

/** Azure sent us elsewhere: our token goes to its own host and nowhere else. */
export function pointedAway(request: string): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_FAILED',
    message: 'Azure refused: It pointed us to a foreign host.',
    fix: 'Something may stand in between: look at the proxy and who its certificates are from.',
    detail: { request, astray: true },
  });
}

const busyCodes = [
  'RetryableError',
  'RetryableErrorDueToAnotherOperation',
  'AnotherOperationInProgress',
  'ReferencedResourceNotProvisioned',
  'CanceledAndSupersededDueToAnotherOperation',
];
/** Codes that mean “the same request may well pass in a moment” (reference section 7.3). */
export function isBusyCode(code: string | undefined): boolean {
  return code !== undefined && busyCodes.includes(code);
}

/** An operation that was accepted came to nothing because another one was under way: to be sent again as it was. */
export function endedBusy(error: unknown): boolean {
  return (
    isBusyCode(cloudCode(error)) &&
    error instanceof LatchkeyError &&
    error.detail?.['operation'] !== undefined
  );
}

/** The sign-in gave no token. Its own text may hold anything, so only its name is told. */
export function noToken(cause: unknown): LatchkeyError {
  const name = cause instanceof Error ? cause.name : 'no token';
  return new LatchkeyError(
    {
      code: 'CLOUD_UNAUTHORIZED',
      message: 'There is no valid sign-in for this account.',
      fix: 'Sign in to this account again.',
      detail: { name },
    },
    { cause },
  );
}

/** What the SDKs throw by themselves: an operation ended badly without saying why, or an answer is none they know. */
export function fromSdk(error: unknown): LatchkeyError | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'RestError') {
    const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 0;
    return notAzure('an answer with an unexpected status', status);
  }
  if (!/^(The long-running operation has failed|Operation was canceled)/.test(error.message))
    return undefined;
  const operation = error.message.startsWith('Operation was canceled') ? 'Canceled' : 'Failed';
  return refusalError({ status: 200, message: error.message, request: 'operation', operation });
}

/** True for what Node's network or the SDKs' HTTP layer throws when no whole answer came. */
export function isNetworkError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    ['RestError', 'AbortError'].includes(error.name) || ('code' in error && typeof error.code === 'string')
  );
}

const certificateTrouble = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/;
/** Node's TLS errors by their codes (nodejs.org/api/tls.html, “X509 certificate error codes”). */
export function isCertificateError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && certificateTrouble.test(String(error.code));
}

/** A scope in short, for people: the resource's own name and what is in it, else its group or subscription. */
function scopeName(scope: string): string {
  const resource = /\/providers\/[^/]+\/[^/]+\/(.+?)(?:\/providers\/.*)?$/i.exec(scope)?.[1];
  return (resource ?? scope.split('/').slice(-2).join('/')).slice(0, 200);
}

/** No answer, or half of one. `cause` is what Node's network said. */
export function unreachable(request: string, cause: unknown): LatchkeyError {
  const network = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer';
  return new LatchkeyError(
    {
      code: 'CLOUD_UNREACHABLE',
      message: `Azure can't be reached (${network}).`,
      fix: isCertificateError(cause)
        ? 'Somebody stands in between with a certificate this computer does not trust: ask who runs the proxy.'
        : 'Check the network, the proxy and the clock of this computer.',
      detail: { request, network },
    },
    { cause },
  );
}

/** Something answered in Azure's place: a page of a proxy, of a hotel's network, of a firewall. */
export function notAzure(request: string, status: number): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_UNREACHABLE',
    message: `Something that is not Azure answered in its place (HTTP ${status}).`,
    fix: 'A proxy, or a network that wants you to sign in first, stands in between: open a web page, then try again.',
    detail: { request, status },
  });
}

/** `what` was asked for and did not end within our time: a noun phrase. */
export function tooSlow(what: string): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_SLOW',
    message: `Azure did not finish in time: ${what}.`,
    fix: 'Look at it again in a few minutes; the change may still happen.',
  });
}
