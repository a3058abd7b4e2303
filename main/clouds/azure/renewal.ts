/**
 * What happens when ARM does not take our token any more: the sign-in is asked for another one, in silence. Conditional
 * access may name what the new one has to prove (a claims challenge); the sign-in decides whether it needs the person for it.
 */
import type { GetTokenOptions, TokenCredential } from '@azure/core-auth';
import { cancelled } from '../calls.ts';
import { noToken } from './errors.ts';

/** How a credential is asked for a token in the place of a refused one. */
export interface RenewalOptions extends GetTokenOptions {
  /** A token from a cache is no help: ARM has just refused it. Credentials that do not know this still hear `claims`. */
  forceRefresh: true;
}

export interface Renewal {
  /** The token to send where `token` was going to be sent: the newest, if ARM refused that one. */
  instead(token: string): string;
  /**
   * Asks the sign-in for a token in the place of `refused`; once for all who were refused at the same time. Throws
   * CLOUD_UNAUTHORIZED, CLOUD_UNREACHABLE, CANCELLED, or whatever LatchkeyError the sign-in says.
   */
  renew(refused: string, claims: string | undefined, signal: AbortSignal | undefined): Promise<void>;
}

/** Refused tokens that are remembered: clients keep theirs until it would have ended, an hour or a day. */
const remembered = 20;

export function createRenewal(credential: TokenCredential, scope: string): Renewal {
  const refused = new Set<string>();
  const asked = new Map<string, Promise<void>>();
  let newest: string | undefined;

  /** Not cut off by whoever asks first: others wait for the same answer. */
  async function ask(token: string, claims: string | undefined): Promise<void> {
    const options: RenewalOptions = {
      forceRefresh: true,
      enableCae: true,
      ...(claims === undefined ? {} : { claims }),
    };
    const got = await credential.getToken(scope, options);
    if (got === null) throw noToken(undefined);
    refused.add(token);
    refused.delete(got.token);
    for (const old of refused) if (refused.size > remembered) refused.delete(old);
    newest = got.token;
  }

  return {
    instead: token => (refused.has(token) && newest !== undefined ? newest : token),
    async renew(token, claims, signal) {
      // Somebody else was refused with it before, and there is a newer one already.
      if (refused.has(token) && claims === undefined) return;
      const key = `${token} ${claims ?? ''}`;
      const going = asked.get(key) ?? ask(token, claims).finally(() => asked.delete(key));
      asked.set(key, going);
      await orCancelled(going, signal);
    },
  };
}

/** Waits for the work as long as the signal lets; the work goes on. Throws CANCELLED. */
async function orCancelled(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return await work;
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(cancelled());
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/**
 * What a claims challenge in `WWW-Authenticate` asks for, as JSON text; undefined where there is none that can be read.
 * Source: learn.microsoft.com/entra/identity-platform/claims-challenge.
 */
export function challengedClaims(header: string | undefined): string | undefined {
  if (header === undefined || !/\berror="insufficient_claims"/.test(header)) return undefined;
  const encoded = /\bclaims="([\w+/=-]{1,8192})"/.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  try {
    JSON.parse(text);
    return text;
  } catch {
    // Nothing a sign-in could be asked for.
    return undefined;
  }
}
