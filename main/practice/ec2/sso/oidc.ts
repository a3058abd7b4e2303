/** SSO OIDC (docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference): clients, device authorization (RFC 8628), tokens. */
import { z } from 'zod';
import { newUserCode, oauthError, type Sso, secret } from './state.ts';

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const clientMs = 90 * 86_400_000;
const deviceMs = 600_000;

const registering = z.object({ clientName: z.string(), clientType: z.literal('public') });
const beginning = z.object({ clientId: z.string(), clientSecret: z.string(), startUrl: z.string() });
const asking = z.object({
  clientId: z.string(),
  clientSecret: z.string(),
  grantType: z.string(),
  deviceCode: z.string().optional(),
  refreshToken: z.string().optional(),
});

export function registerClient(sso: Sso, body: unknown): object {
  const { success } = registering.safeParse(body);
  if (!success)
    throw oauthError('InvalidRequestException', 'invalid_request', 'Not a public client with a name');
  const now = sso.world.now();
  const client = { secret: secret(), endsAt: now + clientMs };
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
    interval: 1,
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
  if (data.grantType !== deviceGrant)
    throw oauthError('UnsupportedGrantTypeException', 'unsupported_grant_type', 'No such grant type');
  const device = sso.devices.get(data.deviceCode ?? '');
  if (!device || device.clientId !== data.clientId)
    throw oauthError('InvalidGrantException', 'invalid_grant', 'Invalid device code provided');
  if (sso.world.now() >= device.endsAt)
    throw oauthError('ExpiredTokenException', 'expired_token', 'The device code is over');
  if (device.state === 'pending')
    throw oauthError('AuthorizationPendingException', 'authorization_pending', 'Nobody has allowed it yet');
  sso.devices.delete(device.code);
  if (device.state === 'denied')
    throw oauthError('AccessDeniedException', 'access_denied', 'The person said no');
  return tokens(sso, data.clientId);
}

function tokens(sso: Sso, clientId: string): object {
  const accessToken = secret();
  const refreshToken = secret();
  sso.tokens.set(accessToken, sso.world.now() + sso.tokenMs);
  sso.refreshes.set(refreshToken, clientId);
  return { accessToken, refreshToken, expiresIn: sso.tokenMs / 1000, tokenType: 'Bearer' };
}

function mustKnow(sso: Sso, { clientId, clientSecret }: { clientId: string; clientSecret: string }): void {
  const client = sso.clients.get(clientId);
  if (client?.secret !== clientSecret || client.endsAt <= sso.world.now())
    throw oauthError('InvalidClientException', 'invalid_client', 'Client not found', 401);
}
