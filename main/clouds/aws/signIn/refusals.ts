/**
 * What signing in to AWS is refused with, as LatchkeyErrors. Texts of programs and servers may hold anything, secrets too:
 * only codes are told.
 */
import { type ErrorCode, LatchkeyError } from '../../../../shared/errors.ts';
import { cancelled } from '../../calls.ts';

interface Row {
  code: ErrorCode;
  message: string;
  fix: string;
}

const over: Row = {
  code: 'CLOUD_UNAUTHORIZED',
  message: 'The sign-in to AWS is over.',
  fix: 'Sign in to this account again.',
};
const denied: Row = {
  code: 'CLOUD_UNAUTHORIZED',
  message: 'The sign-in was refused: nothing was allowed there.',
  fix: 'Sign in again and allow it, or ask an administrator of IAM Identity Center to.',
};
const unknownPlace: Row = {
  code: 'BAD_INPUT',
  message: 'IAM Identity Center does not know this start URL in this region.',
  fix: 'Look at sso_start_url and sso_region: the start URL’s page tells both.',
};
const badKeys: Row = {
  code: 'CLOUD_UNAUTHORIZED',
  message: 'AWS does not know these access keys, or not any more.',
  fix: 'Put new ones into the profile: `aws configure`.',
};

/** By the SDK’s names of errors: SSO OIDC, the SSO portal, STS. */
const byName: Record<string, Row> = {
  ExpiredTokenException: {
    code: 'NO_ANSWER',
    message: 'The code was not confirmed in time.',
    fix: 'Begin again: a code is good for some minutes.',
  },
  AuthorizationPendingException: {
    code: 'NO_ANSWER',
    message: 'The code was not confirmed in time.',
    fix: 'Begin again: a code is good for some minutes.',
  },
  AccessDeniedException: denied,
  UnauthorizedClientException: denied,
  InvalidGrantException: over,
  InvalidClientException: over,
  UnauthorizedException: over,
  InvalidRequestException: unknownPlace,
  InvalidRequestRegionException: unknownPlace,
  InvalidClientTokenId: badKeys,
  UnrecognizedClientException: badKeys,
  SignatureDoesNotMatch: {
    code: 'CLOUD_UNAUTHORIZED',
    message: 'AWS refused the secret key, or the time of this computer.',
    fix: 'Look at the profile’s secret key and at this computer’s clock.',
  },
  ExpiredToken: {
    code: 'CLOUD_UNAUTHORIZED',
    message: 'The session that the profile’s keys belong to is over.',
    fix: 'Get new keys into the profile, then try again.',
  },
  IDPRejectedClaim: {
    code: 'CLOUD_UNAUTHORIZED',
    message: 'AWS does not take the web identity token.',
    fix: 'Look at web_identity_token_file: its token may be over, or for somebody else.',
  },
  InvalidIdentityToken: {
    code: 'CLOUD_UNAUTHORIZED',
    message: 'AWS does not take the web identity token.',
    fix: 'Look at web_identity_token_file: its token may be over, or for somebody else.',
  },
};

/** What getting credentials threw, where no `action` of a service was asked. Errors that are ours already stay as they are. */
export function signInRefusal(error: unknown, signal: AbortSignal | undefined): LatchkeyError {
  if (signal?.aborted) return cancelled();
  if (error instanceof LatchkeyError) return error;
  const name = error instanceof Error ? error.name : '';
  const row = byName[name];
  const detail = { said: /^[\w.]{1,64}$/.test(name) ? name : undefined };
  if (row) return new LatchkeyError({ ...row, detail }, { cause: error });
  const network =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (network !== undefined || name === 'TimeoutError')
    return new LatchkeyError(
      {
        code: 'CLOUD_UNREACHABLE',
        message: `AWS’s sign-in can’t be reached (${network ?? name}).`,
        fix: 'Check the network, the proxy and the endpoints of the profile.',
        detail,
      },
      { cause: error },
    );
  return new LatchkeyError(
    {
      code: 'CLOUD_UNAUTHORIZED',
      message: `AWS gave no credentials (${detail.said ?? 'unknown'}).`,
      fix: over.fix,
      detail,
    },
    { cause: error },
  );
}

/** A role that could not be taken. */
export function roleRefusal(error: unknown, role: string, profile: string): LatchkeyError {
  const name = error instanceof Error ? error.name : '';
  if (name === 'AccessDenied' || name === 'AccessDeniedException')
    return new LatchkeyError(
      {
        code: 'CLOUD_UNAUTHORIZED',
        message: `AWS does not let the profile “${profile}” take the role ${role}.`,
        fix: 'Its trust policy has to name who asks, and his own policy has to allow sts:AssumeRole; a code of the MFA device may be wrong or used already.',
        detail: { said: name },
      },
      { cause: error },
    );
  return signInRefusal(error, undefined);
}

/** The machine has nothing to sign in with. `what`: goes on after “The profile “x” ”. */
export function sourceRefusal(error: unknown, profile: string, source: string): LatchkeyError {
  const known = signInRefusal(error, undefined);
  if (known.detail?.['said'] !== 'CredentialsProviderError' && known.code !== 'CLOUD_UNREACHABLE')
    return known;
  const words: Record<string, [string, string]> = {
    process: [
      'its credential_process gave none',
      'Run the command of credential_process by hand and see what it says.',
    ],
    machine: [
      'this machine has none',
      'An instance role or a container’s role has to be there where Latchkey’s broker runs.',
    ],
    'web-identity': ['the web identity token could not be used', 'Look at web_identity_token_file.'],
    login: ['the sign-in of `aws login` is over', 'Run `aws login` again.'],
    keys: ['its keys are not complete', 'It needs aws_access_key_id and aws_secret_access_key.'],
    environment: [
      'the environment has none',
      'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY have to be set where Latchkey’s broker runs.',
    ],
  };
  const [why, fix] = words[source] ?? ['it has none', 'Look at the profile.'];
  return new LatchkeyError(
    { code: 'CLOUD_UNAUTHORIZED', message: `No credentials from ${profile}: ${why}.`, fix },
    { cause: error },
  );
}
