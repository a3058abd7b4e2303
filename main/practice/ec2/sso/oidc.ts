/** SSO OIDC (docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference): clients, device authorization (RFC 8628), tokens. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { newUserCode, oauthError, type Sso, secret } from './state.ts';

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const clientMs = 90 * 86_400_000;
const deviceMs = 600_000;

/** Seconds between two questions of a client; one that does not even wait half of it is told to slow down. */
const intervalSeconds = 1;

const registering = z.object({
  clientName: z.string(),
  clientType: z.literal('public'),
  scopes: z.array(z.string()).nullish(),
  redirectUris: z.array(z.url()).nullish(),
});
const beginning = z.object({ clientId: z.string(), clientSecret: z.string(), startUrl: z.string() });
const asking = z.object({
  clientId: z.string(),
  clientSecret: z.string(),
  grantType: z.string(),
  deviceCode: z.string().nullish(),
  refreshToken: z.string().nullish(),
  code: z.string().nullish(),
  codeVerifier: z.string().nullish(),
  redirectUri: z.string().nullish(),
});

export function registerClient(sso: Sso, body: unknown): object {
  const { data } = registering.safeParse(body);
  if (!data)
    throw oauthError('InvalidRequestException', 'invalid_request', 'Not a public client with a name');
  const now = sso.world.now();
  const client = {
    secret: secret(),
    endsAt: now + clientMs,
    scopes: data.scopes ?? [],
    redirects: data.redirectUris ?? [],
  };
  const clientId = secret();
  sso.clients.set(clientId, client);
  return {
    clientId,
    clientSecret: client.secret,
    clientIdIssuedAt: Math.floor(now / 1000),
    clientSecretExpiresAt: Math.floor(client.endsAt / 1000),
  };
}

/** `startUrl`: the only portal there is. */
export function startDevice(sso: Sso, body: unknown, startUrl: string): object {
  const { data } = beginning.safeParse(body);
  if (!data) throw oauthError('InvalidRequestException', 'invalid_request', 'Missing parameters');
  mustKnow(sso, data);
  if (data.startUrl.replace(/[/#]+$/, '') !== startUrl)
    throw oauthError('InvalidRequestException', 'invalid_request', 'Unknown start URL');
  const device = {
    code: secret(),
    userCode: newUserCode(),
    clientId: data.clientId,
    endsAt: sso.world.now() + deviceMs,
    state: 'pending' as const,
  };
  sso.devices.set(device.code, device);
  return {
    deviceCode: device.code,
    userCode: device.userCode,
    verificationUri: startUrl,
    verificationUriComplete: `${startUrl}?user_code=${device.userCode}`,
    expiresIn: deviceMs / 1000,
    interval: intervalSeconds,
  };
}

export function createToken(sso: Sso, body: unknown): object {
  const { data } = asking.safeParse(body);
  if (!data) throw oauthError('InvalidRequestException', 'invalid_request', 'Missing parameters');
  mustKnow(sso, data);
  if (data.grantType === 'refresh_token') {
    const token = data.refreshToken ?? '';
    if (sso.refreshes.get(token) !== data.clientId)
      throw oauthError('InvalidGrantException', 'invalid_grant', 'Invalid refresh token provided');
    sso.refreshes.delete(token);
    return tokens(sso, data.clientId);
  }
  if (data.grantType === 'authorization_code') return byCode(sso, data);
  if (data.grantType !== deviceGrant)
    throw oauthError('UnsupportedGrantTypeException', 'unsupported_grant_type', 'No such grant type');
  return byDevice(sso, data);
}

type Asked = z.output<typeof asking>;

function byCode(sso: Sso, data: Asked): object {
  const code = sso.codes.get(data.code ?? '');
  const proof = createHash('sha256')
    .update(data.codeVerifier ?? '')
    .digest('base64url');
  const fits =
    code?.clientId === data.clientId &&
    code.redirect === data.redirectUri &&
    code.challenge === proof &&
    sso.world.now() < code.endsAt;
  // One that was tried wrongly is not good any more either.
  sso.codes.delete(data.code ?? '');
  if (!fits) throw oauthError('InvalidGrantException', 'invalid_grant', 'Invalid grant provided');
  return tokens(sso, data.clientId);
}

function byDevice(sso: Sso, data: Asked): object {
  const device = sso.devices.get(data.deviceCode ?? '');
  if (!device || device.clientId !== data.clientId)
    throw oauthError('InvalidGrantException', 'invalid_grant', 'Invalid device code provided');
  if (sso.world.now() >= device.endsAt)
    throw oauthError('ExpiredTokenException', 'expired_token', 'The device code is over');
  const since = sso.world.now() - (device.askedAt ?? 0);
  device.askedAt = sso.world.now();
  if (since < intervalSeconds * 500)
    throw oauthError('SlowDownException', 'slow_down', 'The client is asking too often');
  if (device.state === 'pending')
    throw oauthError('AuthorizationPendingException', 'authorization_pending', 'Nobody has allowed it yet');
  sso.devices.delete(device.code);
  if (device.state === 'denied')
    throw oauthError('AccessDeniedException', 'access_denied', 'The person said no');
  return tokens(sso, data.clientId);
}

function tokens(sso: Sso, clientId: string): object {
  const accessToken = secret();
  sso.tokens.set(accessToken, sso.world.now() + sso.tokenMs);
  const given = { accessToken, expiresIn: sso.tokenMs / 1000, tokenType: 'Bearer' };
  if (!sso.clients.get(clientId)?.scopes.includes('sso:account:access')) return given;
  const refreshToken = secret();
  sso.refreshes.set(refreshToken, clientId);
  return { ...given, refreshToken };
}

function mustKnow(sso: Sso, { clientId, clientSecret }: { clientId: string; clientSecret: string }): void {
  const client = sso.clients.get(clientId);
  if (client?.secret !== clientSecret || client.endsAt <= sso.world.now())
    throw oauthError('InvalidClientException', 'invalid_client', 'Client not found', 401);
}
