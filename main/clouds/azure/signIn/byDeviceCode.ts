/** Signing in by a code that is typed on any device (RFC 8628). */
import type { AuthenticationResult, DeviceCodeRequest, PublicClientApplication } from '@azure/msal-node';
import { toWire } from '../../../../shared/domain/time.ts';
import type { Clock } from '../../../os/ports.ts';
import type { SigningIn } from '../../accountKind.ts';
import { untilAborted } from '../../calls.ts';
import { noToken } from '../errors.ts';
import type { Wanted } from './wanted.ts';

/** Throws CANCELLED when the signal aborts, and what msal throws. */
export async function byDeviceCode(
  app: PublicClientApplication,
  clock: Clock,
  { authority, scope, claims }: Wanted,
  how: Pick<SigningIn, 'ask' | 'signal'>,
): Promise<AuthenticationResult> {
  const request: DeviceCodeRequest = {
    authority,
    scopes: [scope],
    ...(claims === undefined ? {} : { claims }),
    deviceCodeCallback: ({ userCode, verificationUri, expiresIn }) =>
      how.ask({
        step: 'device-code',
        code: userCode,
        url: verificationUri,
        expiresAt: toWire(clock.now() + expiresIn * 1000),
      }),
  };
  const asked = app.acquireTokenByDeviceCode(request);
  try {
    const result = await Promise.race([asked, untilAborted(how.signal)]);
    if (result === null) throw noToken(undefined);
    return result;
  } catch (error) {
    // msal notices at its next question.
    request.cancel = true;
    asked.catch(() => undefined);
    throw error;
  }
}
