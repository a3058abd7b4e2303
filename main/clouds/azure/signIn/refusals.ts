/** What the authority says when it gives no token, as LatchkeyErrors. Its own text may hold anything: only codes are told. */
import { type ErrorCode, LatchkeyError } from '../../../../shared/errors.ts';
import { cancelled } from '../../calls.ts';
import { noToken } from '../errors.ts';

interface Row {
  code: ErrorCode;
  message: string;
  fix: string;
}

const stepUp: Row = {
  code: 'CLOUD_UNAUTHORIZED',
  message: 'Your organisation asks for more proof that it is you (multi-factor authentication).',
  fix: 'Sign in to this account again.',
};
const over: Row = {
  code: 'CLOUD_UNAUTHORIZED',
  message: 'The sign-in to this account is over.',
  fix: 'Sign in to this account again.',
};
const denied: Row = {
  code: 'CLOUD_UNAUTHORIZED',
  message: 'The sign-in was refused: nothing was allowed there.',
  fix: 'Sign in again and allow it, or ask an administrator of the tenant to.',
};
const expired: Row = {
  code: 'NO_ANSWER',
  message: 'The code was not typed in time.',
  fix: 'Begin again: a code is good for some minutes.',
};
const conditional: Row = {
  code: 'CLOUD_UNAUTHORIZED',
  message: 'A rule of your organisation (conditional access) does not let you sign in from here.',
  fix: 'Try from a device and a network that it allows, or sign in by browser instead of by code.',
};
const unknownApp: Row = {
  code: 'CLOUD_UNAUTHORIZED',
  message: 'The tenant does not know the application that Latchkey signs in as.',
  fix: 'Have one registered there (a public client with http://localhost) and name it: --client-id ID.',
};

/** Entra's own codes (learn.microsoft.com/entra/identity-platform/reference-error-codes). */
const byNumber: Record<string, Row> = {
  AADSTS50076: stepUp,
  AADSTS50079: stepUp,
  AADSTS50072: stepUp,
  AADSTS50074: stepUp,
  AADSTS50078: stepUp,
  AADSTS50158: stepUp,
  AADSTS50173: over,
  AADSTS70008: over,
  AADSTS70043: over,
  AADSTS700082: over,
  AADSTS700084: over,
  AADSTS53000: conditional,
  AADSTS53001: conditional,
  AADSTS53003: conditional,
  AADSTS530034: conditional,
  AADSTS65001: denied,
  AADSTS65004: denied,
  AADSTS90094: denied,
  AADSTS700016: unknownApp,
  AADSTS7000218: unknownApp,
  AADSTS50011: unknownApp,
  AADSTS90002: {
    code: 'BAD_INPUT',
    message: 'There is no such tenant.',
    fix: 'Name one by its id or its domain: --tenant ID.',
  },
};

/** OAuth's codes (RFC 6749 section 4.1.2.1, RFC 8628 section 3.5) and those of msal. */
const byCode: Record<string, Row> = {
  access_denied: denied,
  authorization_declined: denied,
  consent_required: denied,
  expired_token: expired,
  code_expired: expired,
  device_code_expired: expired,
  invalid_client: unknownApp,
  unauthorized_client: unknownApp,
  interaction_required: stepUp,
  login_required: over,
  invalid_grant: over,
  no_tokens_found: over,
};

/** An answer of the authority that is no code: `error` and `error_description` as it sent them. */
export function redirectRefusal(error: string, description: string): LatchkeyError {
  return refusal(`${error} ${description}`, error, undefined);
}

/**
 * What getting a token threw. `failure`: what kept the network from answering, where that is the reason. Errors that are
 * ours already stay as they are.
 */
export function tokenRefusal(
  error: unknown,
  failure: LatchkeyError | undefined,
  signal: AbortSignal | undefined,
): LatchkeyError {
  if (signal?.aborted) return cancelled();
  if (error instanceof LatchkeyError) return error;
  if (failure) return failure;
  const { errorCode, errorMessage, message, suberror } = error as Partial<
    Record<'errorCode' | 'errorMessage' | 'message' | 'suberror', unknown>
  >;
  const text = [errorCode, suberror, errorMessage, message].filter(one => typeof one === 'string').join(' ');
  return refusal(text, typeof errorCode === 'string' ? errorCode : undefined, error);
}

function refusal(text: string, errorCode: string | undefined, cause: unknown): LatchkeyError {
  const number = /AADSTS\d{4,7}/.exec(text)?.[0];
  const words = text.match(/[a-z_]{6,40}/g) ?? [];
  const word = words.find(one => Object.hasOwn(byCode, one));
  const row = (number === undefined ? undefined : byNumber[number]) ?? byCode[word ?? ''];
  const options = cause === undefined ? {} : { cause };
  const detail = { said: number ?? word ?? (/^[\w.-]{1,64}$/.exec(errorCode ?? '')?.[0] || undefined) };
  if (row) return new LatchkeyError({ ...row, detail }, options);
  const plain = noToken(cause);
  return new LatchkeyError({ ...plain.toData(), detail: { ...plain.detail, ...detail } }, options);
}
