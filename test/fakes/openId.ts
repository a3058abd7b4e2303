/**
 * A real OpenID provider (`oidc-provider`) over HTTPS, at the addresses and with the claims that Entra has, as far as msal
 * can see: `<origin>/<tenant>/v2.0`, also as `organizations`; claims challenges answered in a token's `acrs`.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JSONWebKeySet } from 'jose';
import Provider, { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { TrustedIssuer } from '../../main/practice/arm/tokens.ts';
import { makeCertificates } from '../../main/practice/server/certificates.ts';

export const tenant = '3f1c6f0e-8a54-4e53-9d0e-1a2b3c4d5e6f';
export const clientId = '0c5d9a52-5a6b-4a0e-9d2f-6f0a1b2c3d4e';

export interface OpenId {
  /** `https://localhost:<port>`, to be an authority in the form of Entra's. */
  origin: string;
  /** The same as an issuer of its own. */
  issuer: string;
  /** PEM of its certificate authority. */
  ca: string;
  /** For the practice cloud. */
  trust: TrustedIssuer;
  /** What it does from now on. */
  mode: {
    /** Seconds an access token lives. */
    tokenSeconds: number;
    /** Seconds a device code lives. */
    codeSeconds: number;
    /** Refresh tokens are refused: the password was changed. */
    refreshOver: boolean;
    /** ARM wants this from a token. */
    demands: undefined | 'step-up' | { issuedAfter: number; toldBy: 'challenge' | 'refusal' };
  };
  /** Requests that were answered: `POST /token`, … */
  asked: string[];
  /** Every token and code that was given out. */
  secrets: Set<string>;
}

/** Claims as conditional access asks for them. */
const stepUp = { access_token: { acrs: { essential: true, value: 'c1' } } };

/** `until`: told how to end it. */
export async function startOpenId(until: (end: () => Promise<void>) => void): Promise<OpenId> {
  const { ca, cert, key } = await makeCertificates(Date.now());
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const server = createServer({ key, cert });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  until(
    () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  const issuer = `${origin}/${tenant}/v2.0`;
  const mode: OpenId['mode'] = {
    tokenSeconds: 3600,
    codeSeconds: 600,
    refreshOver: false,
    demands: undefined,
  };
  const asked: string[] = [];
  const secrets = new Set<string>();

  const jwk = { ...(await exportJWK(privateKey)), kid: 'one', alg: 'RS256', use: 'sig' };
  const provider = new Provider(issuer, configuration(mode, [jwk]));
  provider.proxy = true;
  provider.use(async (ctx, next) => {
    await next();
    // It names no interval by itself, and five seconds are the rule then: tests ask each second.
    const answer = ctx.body as { device_code?: string } | undefined;
    if (answer?.device_code !== undefined) ctx.body = { ...answer, interval: 1 };
  });
  const answer = provider.callback();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? '/';
    const [, first = '', version, ...rest] = path.split('/');
    if (version !== 'v2.0' || (first !== tenant && first !== 'organizations')) {
      response.writeHead(404).end();
      return;
    }
    // Mounted below the tenant's path, as a server in front of it would do.
    const url = asStrict(`/${rest.join('/')}`);
    Object.assign(request, { originalUrl: `/${tenant}/v2.0${url}`, url });
    asked.push(`${request.method} /${rest.join('/').split('?')[0]}`);
    keepSecrets(response, secrets);
    void answer(request, response);
  });
  const keys: JSONWebKeySet = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256' }] };
  return {
    origin,
    issuer,
    ca,
    mode,
    asked,
    secrets,
    trust: {
      issuer,
      keys,
      judge(claims) {
        const { demands } = mode;
        if (demands === undefined) return undefined;
        if (demands === 'step-up') return claims['acrs'] ? undefined : { claims: stepUp };
        const { issuedAfter, toldBy } = demands;
        if ((claims.iat ?? 0) * 1000 >= issuedAfter) return undefined;
        const nbf = { essential: true, value: String(issuedAfter / 1000) };
        return toldBy === 'refusal' ? 'revoked' : { claims: { access_token: { nbf } } };
      },
    },
  };
}

/** Entra has a list of users to choose from, and needs no consent for `offline_access`: this provider is asked in its own way. */
function asStrict(url: string): string {
  if (!url.startsWith('/auth?') || /[?&]prompt=(?!select_account)/.test(url)) return url;
  return url.includes('prompt=select_account')
    ? url.replace('prompt=select_account', 'prompt=login%20consent')
    : `${url}&prompt=consent`;
}

function configuration(mode: OpenId['mode'], keys: object[]): Configuration {
  const body = (ctx: KoaContextWithOIDC) => (ctx.oidc.body ?? {}) as Record<string, string | undefined>;
  return {
    clients: [
      {
        client_id: clientId,
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['http://localhost'],
        response_types: ['code'],
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      },
    ],
    jwks: { keys },
    cookies: { keys: ['for tests only'] },
    claims: { openid: ['sub', 'tid', 'oid'], profile: ['name', 'preferred_username'] },
    conformIdTokenClaims: false,
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => claimsOf(id) }),
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    pkce: { required: () => true },
    ttl: {
      AccessToken: () => mode.tokenSeconds,
      DeviceCode: () => mode.codeSeconds,
      AuthorizationCode: 60,
      IdToken: 3600,
      RefreshToken: 86_400,
      Grant: 86_400,
      Interaction: 600,
      Session: 86_400,
    },
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      resourceIndicators: {
        enabled: true,
        // As Entra has it: the resource stands in the scope.
        defaultResource: ctx => resourceIn(ctx.oidc.params?.['scope'] ?? body(ctx)['scope']) ?? [],
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => ({
          scope: `${resource}/.default`,
          audience: resource,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    extraTokenClaims(ctx, token) {
      const { grant_type: grant, claims } = body(ctx);
      const wantsStepUp = claims?.includes('"acrs"') === true;
      if (grant === 'refresh_token') {
        if (mode.refreshOver)
          throw new errors.CustomOIDCProviderError('invalid_grant', 'AADSTS50173: The grant was revoked.');
        if (wantsStepUp)
          throw new errors.CustomOIDCProviderError('interaction_required', 'AADSTS50076: Use MFA.');
      }
      const account = 'accountId' in token ? String(token.accountId) : '';
      const { oid, tid, name } = claimsOf(account);
      return { oid, tid, name, upn: `${account}@contoso.example`, ...(wantsStepUp ? { acrs: ['c1'] } : {}) };
    },
  };
}

function claimsOf(id: string) {
  return {
    sub: `${id}-subject`,
    oid: `${id}-object`,
    tid: tenant,
    name: id,
    preferred_username: `${id}@contoso.example`,
  };
}

function resourceIn(scope: unknown): string | undefined {
  if (typeof scope !== 'string') return undefined;
  const wanted = scope.split(' ').find(one => one.endsWith('/.default'));
  return wanted?.slice(0, -'/.default'.length);
}

/** Notes what an answer of the token endpoint gives out. */
function keepSecrets(response: ServerResponse, secrets: Set<string>): void {
  const end = response.end.bind(response);
  response.end = ((...args: Parameters<typeof end>) => {
    const [chunk] = args as unknown[];
    const text = typeof chunk === 'string' || Buffer.isBuffer(chunk) ? chunk.toString() : '';
    for (const [, value = ''] of text.matchAll(
      /"(?:access_token|refresh_token|id_token|device_code)":"([^"]+)"/g,
    ))
      secrets.add(value);
    for (const [, value = ''] of text.matchAll(/name="code" value="([^"]+)"/g)) secrets.add(value);
    return end(...args);
  }) as typeof response.end;
}
