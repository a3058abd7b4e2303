/**
 * One sign-in to IAM Identity Center (AWS SSO): every account and role that the person has there is reached with it. Its
 * token is renewed in silence for as long as the session lasts; then the person is asked, by a code in the browser
 * (RFC 8628; docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference).
 */
import type { SSO } from '@aws-sdk/client-sso';
import type { SSOOIDC } from '@aws-sdk/client-sso-oidc';
import { toWire } from '../../../../shared/domain/time.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Clock, Logger } from '../../../os/ports.ts';
import { createQueue } from '../../../waiting.ts';
import type { SigningIn } from '../../accountKind.ts';
import { cancelled, waitOut } from '../../calls.ts';
import { signInRefusal } from './refusals.ts';
import type { SsoStore, SsoToken } from './ssoStore.ts';

export interface SsoPlace {
  startUrl: string;
  region: string;
}
export interface RoleThere {
  account: string;
  accountName: string;
  role: string;
}
export interface SsoClients {
  oidc(): Promise<SSOOIDC>;
  portal(): Promise<SSO>;
}

export interface SsoSession {
  /** Asks the person. */
  signIn(how: Pick<SigningIn, 'ask' | 'signal'>): Promise<void>;
  /** True if a token can be had without a person. */
  renews(): Promise<boolean>;
  /** A token that is good now. Throws CLOUD_UNAUTHORIZED when the person has to sign in again. */
  token(): Promise<string>;
  /** Every role that the person may take, in every account. */
  roles(signal: AbortSignal): Promise<RoleThere[]>;
}

/** Renewed so long before it ends, milliseconds: a request takes its time. */
const earlyMs = 60_000;
const grants = { device: 'urn:ietf:params:oauth:grant-type:device_code', refresh: 'refresh_token' };
/** How often is asked whether the person is done, and how much slower when we are told so (RFC 8628 section 3.5). */
const askEveryMs = 5_000;

export function createSsoSession(
  place: SsoPlace,
  deps: { clients: SsoClients; store: SsoStore; clock: Clock; log: Logger },
): SsoSession {
  const { clients, store, clock, log } = deps;
  const queue = createQueue<'token'>();

  async function registered(known: SsoToken | undefined): Promise<SsoToken['client']> {
    if (known && known.client.endsAt > clock.now() + earlyMs * 60) return known.client;
    const oidc = await clients.oidc();
    const answer = await oidc.registerClient({
      clientName: 'Latchkey',
      clientType: 'public',
      scopes: ['sso:account:access'],
      grantTypes: [grants.device, grants.refresh],
    });
    return {
      id: answer.clientId ?? '',
      secret: answer.clientSecret ?? '',
      endsAt: (answer.clientSecretExpiresAt ?? 0) * 1000,
    };
  }

  async function renew(old: SsoToken): Promise<SsoToken | undefined> {
    if (old.refresh === undefined || old.client.endsAt <= clock.now()) return undefined;
    const oidc = await clients.oidc();
    const { id: clientId, secret: clientSecret } = old.client;
    try {
      const answer = await oidc.createToken({
        clientId,
        clientSecret,
        grantType: grants.refresh,
        refreshToken: old.refresh,
      });
      return toToken(answer, old.client, old.refresh);
    } catch (error) {
      const refusal = signInRefusal(error, undefined);
      if (refusal.code !== 'CLOUD_UNAUTHORIZED') throw refusal;
      log.info({ startUrl: place.startUrl, code: refusal.detail?.['said'] }, 'an SSO session is over');
      return undefined;
    }
  }

  function toToken(
    answer: {
      accessToken?: string | undefined;
      refreshToken?: string | undefined;
      expiresIn?: number | undefined;
    },
    client: SsoToken['client'],
    before?: string,
  ): SsoToken {
    const refresh = answer.refreshToken ?? before;
    return {
      access: answer.accessToken ?? '',
      endsAt: clock.now() + (answer.expiresIn ?? 0) * 1000,
      ...(refresh === undefined ? {} : { refresh }),
      client,
    };
  }

  const token = (): Promise<string> =>
    queue.run('token', async () => {
      const known = await store.read();
      if (known && known.endsAt > clock.now() + earlyMs) return known.access;
      const renewed = known && (await renew(known));
      if (renewed) {
        await store.write(renewed);
        return renewed.access;
      }
      const lent = await store.readLent(place, clock.now() + earlyMs);
      if (lent !== undefined) return lent;
      throw new LatchkeyError({
        code: 'CLOUD_UNAUTHORIZED',
        message: `The sign-in to ${place.startUrl} is over.`,
        fix: 'Sign in to this account again.',
      });
    });

  return {
    token,
    renews: () =>
      token().then(
        () => true,
        error => {
          if (error instanceof LatchkeyError && error.code === 'CLOUD_UNAUTHORIZED') return false;
          throw error;
        },
      ),
    async signIn({ ask, signal }) {
      try {
        const client = await registered(await store.read());
        const { id: clientId, secret: clientSecret } = client;
        const oidc = await clients.oidc();
        const options = { abortSignal: signal };
        const begun = await oidc.startDeviceAuthorization(
          { clientId, clientSecret, startUrl: place.startUrl },
          options,
        );
        const endsAt = clock.now() + (begun.expiresIn ?? 600) * 1000;
        ask({
          step: 'device-code',
          ...(begun.verificationUriComplete === undefined ? {} : { inBrowser: true }),
          code: begun.userCode ?? '',
          url: begun.verificationUriComplete ?? begun.verificationUri ?? place.startUrl,
          expiresAt: toWire(endsAt),
        });
        let everyMs = (begun.interval ?? 0) * 1000 || askEveryMs;
        for (;;) {
          await waitOut(clock, everyMs, signal);
          try {
            const { deviceCode } = begun;
            const answer = await oidc.createToken(
              { clientId, clientSecret, grantType: grants.device, deviceCode },
              options,
            );
            await store.write(toToken(answer, client));
            return;
          } catch (error) {
            const name = error instanceof Error ? error.name : '';
            if (name === 'SlowDownException') everyMs += askEveryMs;
            else if (name !== 'AuthorizationPendingException') throw error;
            if (clock.now() >= endsAt) throw error;
          }
        }
      } catch (error) {
        throw signal.aborted ? cancelled() : signInRefusal(error, signal);
      }
    },
    async roles(signal) {
      const accessToken = await token();
      const portal = await clients.portal();
      const options = { abortSignal: signal };
      const found: RoleThere[] = [];
      try {
        for (let next: string | undefined, first = true; first || next !== undefined; first = false) {
          const page = await portal.listAccounts({ accessToken, maxResults: 100, nextToken: next }, options);
          for (const { accountId = '', accountName = '' } of page.accountList ?? []) {
            for (let nextRole: string | undefined, one = true; one || nextRole !== undefined; one = false) {
              const input = { accessToken, accountId, maxResults: 100, nextToken: nextRole };
              const roles = await portal.listAccountRoles(input, options);
              for (const { roleName = '' } of roles.roleList ?? [])
                found.push({ account: accountId, accountName, role: roleName });
              nextRole = roles.nextToken || undefined;
            }
          }
          next = page.nextToken || undefined;
        }
      } catch (error) {
        throw signInRefusal(error, signal);
      }
      return found;
    },
  };
}
