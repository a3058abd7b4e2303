/** Signing in by the system's browser: authorization code with PKCE, answered to a listener on loopback (RFC 8252). */
import type { AuthenticationResult, PublicClientApplication } from '@azure/msal-node';
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Redirects } from '../../../os/ports.ts';
import type { SigningIn } from '../../accountKind.ts';
import { untilAborted } from '../../calls.ts';
import { redirectRefusal } from './refusals.ts';
import type { Wanted } from './wanted.ts';

/** Throws CANCELLED when the signal aborts, CLOUD_UNAUTHORIZED when the person or the authority says no, and what msal throws. */
export async function byBrowser(
  app: PublicClientApplication,
  redirects: Redirects,
  { authority, scope, user, claims, isEntra }: Wanted,
  how: Pick<SigningIn, 'ask' | 'signal'>,
): Promise<AuthenticationResult> {
  const { CryptoProvider, ResponseMode } = await import('@azure/msal-node');
  const crypto = new CryptoProvider();
  const { verifier, challenge } = await crypto.generatePkceCodes();
  const [state, nonce] = [crypto.createNewGuid(), crypto.createNewGuid()];
  const common = {
    authority,
    scopes: [scope],
    nonce,
    ...(claims === undefined ? {} : { claims }),
  };
  await using redirect = await redirects.open(state);
  const url = await app.getAuthCodeUrl({
    ...common,
    redirectUri: redirect.url,
    state,
    codeChallenge: challenge,
    codeChallengeMethod: 'S256',
    // Posted, so that no code stands in an address, which browsers remember.
    responseMode: ResponseMode.FORM_POST,
    ...(user === undefined ? {} : { loginHint: user }),
    ...promptFor(isEntra, user),
  });
  how.ask({ step: 'browser', url });
  const answer = await Promise.race([redirect.arrived, untilAborted(how.signal)]);
  try {
    const { code, error, error_description: description } = answer.fields;
    if (code === undefined) throw redirectRefusal(error ?? '', description ?? '');
    const result = await app.acquireTokenByCode({
      ...common,
      redirectUri: redirect.url,
      code,
      codeVerifier: verifier,
    });
    answer.show({ title: 'You are signed in', text: 'Latchkey goes on by itself: this tab can be closed.' });
    return result;
  } catch (error) {
    const told = error instanceof LatchkeyError ? error.message : 'Latchkey says why.';
    answer.show({ title: 'That did not work', text: told });
    throw error;
  }
}

/** Other providers renew in silence only what the person was asked about (OpenID Connect Core section 11). */
function promptFor(isEntra: boolean, user: string | undefined): { prompt?: string } {
  if (isEntra) return user === undefined ? { prompt: 'select_account' } : {};
  return { prompt: user === undefined ? 'login consent' : 'consent' };
}
