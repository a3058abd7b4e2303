/**
 * The sign-in of one person to one tenant: tokens from msal's cache, renewed in silence for as long as the authority
 * lets us, asked for anew when it wants the person.
 */
import type { TokenCredential } from '@azure/core-auth';
import type { AuthenticationResult, PublicClientApplication } from '@azure/msal-node';
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Os } from '../../../os/ports.ts';
import type { SigningIn } from '../../accountKind.ts';
import { cancelled, untilAborted } from '../../calls.ts';
import type { RenewalOptions } from '../renewal.ts';
import { byBrowser } from './byBrowser.ts';
import { byDeviceCode } from './byDeviceCode.ts';
import { createNetwork } from './network.ts';
import { authorityOf, isIssuer, type Place, scopeOf } from './places.ts';
import { tokenRefusal } from './refusals.ts';
import type { TokenStore } from './tokenStore.ts';

export interface Who {
  /** msal's name for the person: `<object>.<home tenant>`. */
  homeAccountId: string;
  tenant: string;
  user: string;
  token: string;
}

export interface Session {
  /** Renews in silence; with `forceRefresh` also what is not over yet (`../renewal.ts`). */
  readonly credential: TokenCredential;
  /** Asks the person. Throws BAD_INPUT where somebody else than `who` of the session signed in. */
  signIn(way: 'browser' | 'device-code', how: Omit<SigningIn, 'settings'>): Promise<Who>;
  /** True if a token can be had without a person. */
  renews(): Promise<boolean>;
}

/** No request is made, and msal not loaded, before the first call. `who`: whose session it is, once that is known. */
export function createSession(options: {
  place: Place;
  tenant: string | undefined;
  clientId: string;
  who: { homeAccountId: string; user: string | undefined } | undefined;
  ca: string | undefined;
  store: TokenStore;
  os: Pick<Os, 'clock' | 'redirects'>;
}): Session {
  const { place, clientId, os } = options;
  const network = createNetwork(options.ca);
  const scope = scopeOf(place);
  let { who, tenant } = options;
  /** What the newest claims challenge asks for: the next sign-in brings it along. */
  let claims: string | undefined;
  /** What the person has just proved: clients still send the token from before, and are challenged with it once more. */
  let proved: string | undefined;
  let made: Promise<PublicClientApplication> | undefined;

  const app = (): Promise<PublicClientApplication> => {
    made ??= import('@azure/msal-node').then(
      ({ PublicClientApplication, ProtocolMode }) =>
        new PublicClientApplication({
          auth: {
            clientId,
            authority: authorityOf(place, tenant),
            // Nobody else is asked whether the authority is genuine: it is one of ours, or the person named it.
            knownAuthorities: [new URL(place.authority).host],
            // We answer claims challenges (Continuous Access Evaluation).
            ...(isIssuer(place) ? {} : { clientCapabilities: ['CP1'] }),
          },
          cache: { cachePlugin: options.store.plugin },
          system: {
            networkClient: network,
            protocolMode: isIssuer(place) && !isAdfs(place) ? ProtocolMode.OIDC : ProtocolMode.AAD,
          },
        }),
    );
    return made;
  };

  async function silently(how: {
    claims?: string | undefined;
    force?: boolean;
    signal?: AbortSignal | undefined;
  }): Promise<AuthenticationResult> {
    const { signal } = how;
    const isProved = how.claims !== undefined && how.claims === proved;
    if (isProved) proved = undefined;
    else if (how.claims !== undefined) claims = how.claims;
    const work = async () => {
      const msal = await app();
      const account = who && (await msal.getTokenCache().getAccountByHomeId(who.homeAccountId));
      if (!account) throw signedOut();
      const result = await msal.acquireTokenSilent({
        account,
        authority: authorityOf(place, tenant),
        scopes: [scope],
        forceRefresh: (how.force ?? false) && !isProved,
        ...(how.claims === undefined || isProved ? {} : { claims: how.claims }),
      });
      if (how.claims !== undefined) claims = undefined;
      return result;
    };
    try {
      return await (signal === undefined ? work() : Promise.race([work(), untilAborted(signal)]));
    } catch (error) {
      throw asUnauthorized(tokenRefusal(error, network.failure(), signal));
    }
  }

  return {
    credential: {
      async getToken(_scopes, options: Partial<RenewalOptions> = {}) {
        const signal = options.abortSignal as AbortSignal | undefined;
        const { claims: wanted, forceRefresh: force = false } = options;
        const { accessToken, expiresOn } = await silently({ claims: wanted, signal, force });
        return { token: accessToken, expiresOnTimestamp: expiresOn?.getTime() ?? 0 };
      },
    },
    async signIn(way, how) {
      try {
        const wanted = {
          authority: authorityOf(place, tenant),
          scope,
          user: who?.user,
          claims,
          isEntra: !isIssuer(place),
        };
        const result =
          way === 'browser'
            ? await byBrowser(await app(), os.redirects, wanted, how)
            : await byDeviceCode(await app(), os.clock, wanted, how);
        if (how.signal.aborted) throw cancelled();
        const { account, tenantId, accessToken: token } = result;
        if (!account) throw signedOut();
        if (who && who.homeAccountId !== account.homeAccountId) {
          await (await app()).getTokenCache().removeAccount(account);
          throw somebodyElse(account.username, who.user);
        }
        proved = wanted.claims;
        claims = undefined;
        tenant ??= isIssuer(place) ? undefined : tenantId;
        who = { homeAccountId: account.homeAccountId, user: account.username };
        return { homeAccountId: account.homeAccountId, tenant: tenantId, user: account.username, token };
      } catch (error) {
        throw tokenRefusal(error, network.failure(), how.signal);
      }
    },
    renews: () =>
      silently({ force: true }).then(
        () => true,
        () => false,
      ),
  };
}

function isAdfs({ authority }: Place): boolean {
  return /^\/adfs\/?$/i.test(new URL(authority).pathname);
}

function signedOut(): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_UNAUTHORIZED',
    message: 'There is no sign-in for this account any more.',
    fix: 'Sign in to this account again.',
  });
}

/** A keychain that can't be read means for whoever waits for a token: somebody has to sign in. */
function asUnauthorized(error: LatchkeyError): LatchkeyError {
  if (error.code !== 'NO_KEYCHAIN') return error;
  return new LatchkeyError(
    {
      code: 'CLOUD_UNAUTHORIZED',
      message: `The sign-in to this account can’t be read. ${error.message}`,
      fix: `${error.fix ?? ''} Or sign in to this account again.`.trim(),
      detail: error.detail,
    },
    { cause: error },
  );
}

function somebodyElse(user: string, expected: string | undefined): LatchkeyError {
  return new LatchkeyError({
    code: 'BAD_INPUT',
    message: `${user === '' ? 'Somebody else' : user} signed in, and this account is ${expected ?? 'another user'}’s.`,
    fix: 'Choose the right user in the browser, or add an account of its own: `latchkey accounts add azure`.',
  });
}
