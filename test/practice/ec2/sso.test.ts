/** Identity Center by the official clients: a code in the browser, or the browser that comes back (PKCE). */
import { createHash } from 'node:crypto';
import { SSO } from '@aws-sdk/client-sso';
import { SSOOIDC } from '@aws-sdk/client-sso-oidc';
import { expect, onTestFinished, test } from 'vitest';
import { Person } from '../../fakes/person.ts';
import { startAws } from './setup.ts';

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const seeAccounts = ['sso:account:access'];
const redirectUri = 'http://127.0.0.1:8765/oauth/callback';
const codeVerifier = 'what-only-the-client-knows-and-what-is-long-enough';
const challenge = createHash('sha256').update(codeVerifier).digest('base64url');

async function start() {
  const aws = await startAws();
  onTestFinished(() => aws.stop());
  const settings = { endpoint: aws.endpoint, region: 'eu-north-1', maxAttempts: 1 };
  const oidc = new SSOOIDC(settings);
  const register = async (scopes?: string[]) => {
    const client = await oidc.registerClient({
      clientName: 'a test',
      clientType: 'public',
      redirectUris: ['http://127.0.0.1/oauth/callback'],
      ...(scopes ? { scopes } : {}),
    });
    return { clientId: client.clientId ?? '', clientSecret: client.clientSecret ?? '' };
  };
  return { ...aws, oidc, portal: new SSO(settings), register, person: new Person('') };
}

/** Where the browser is sent back to once the person has said so. */
async function askedFor(url: URL, answer: 'allow' | 'deny'): Promise<URL> {
  const body = new URLSearchParams([...url.searchParams, ['answer', answer]]);
  const { headers } = await fetch(`${url.origin}/authorize`, { method: 'POST', body, redirect: 'manual' });
  return new URL(headers.get('location') ?? 'nowhere:');
}

test('the browser comes back with a code that is good once, for its client and its secret', async () => {
  const { endpoint, oidc, portal, register, world, person } = await start();
  const client = await register(seeAccounts);
  const url = new URL('/authorize', endpoint);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: redirectUri,
    state: '<state> & "more"',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    scopes: seeAccounts.join(' '),
  }).toString();
  expect((await person.open(url.href)).html).toContain('value="&lt;state&gt; &amp; &quot;more&quot;"');
  const denied = await askedFor(url, 'deny');
  expect(denied.searchParams.get('error')).toBe('access_denied');
  const back = await askedFor(url, 'allow');
  expect(back.href).toMatch(redirectUri);
  expect(back.searchParams.get('state')).toBe('<state> & "more"');
  const code = back.searchParams.get('code') ?? '';
  const exchange = { ...client, grantType: 'authorization_code', code, redirectUri, codeVerifier };
  const { accessToken = '', refreshToken } = await oidc.createToken(exchange);
  expect(refreshToken).toEqual(expect.any(String));
  expect((await portal.listAccounts({ accessToken })).accountList?.[0]?.accountId).toBe(world.account);
  await expect(oidc.createToken(exchange)).rejects.toMatchObject({ name: 'InvalidGrantException' });
  const other = (await askedFor(url, 'allow')).searchParams.get('code') ?? '';
  await expect(
    oidc.createToken({ ...exchange, code: other, codeVerifier: 'somebody else' }),
  ).rejects.toMatchObject({ name: 'InvalidGrantException', error: 'invalid_grant' });
  url.searchParams.set('redirect_uri', 'https://evil.example/');
  expect((await person.open(url.href)).html).toContain('may not');
});

test('a client that asks too often is told to slow down; without the scope there is no renewing', async () => {
  const { endpoint, clock, oidc, register, person } = await start();
  const client = await register();
  const startUrl = `${endpoint.replace('http:', 'https:')}/start`;
  const { deviceCode, userCode = '' } = await oidc.startDeviceAuthorization({ ...client, startUrl });
  const ask = { ...client, grantType: deviceGrant, deviceCode };
  await expect(oidc.createToken(ask)).rejects.toMatchObject({ name: 'AuthorizationPendingException' });
  await expect(oidc.createToken(ask)).rejects.toMatchObject({
    name: 'SlowDownException',
    error: 'slow_down',
  });
  await person.submit(await person.open(`${endpoint}/start?user_code=${userCode}`), { answer: 'allow' });
  clock.aheadMs += 1000;
  const given = await oidc.createToken(ask);
  expect(given.accessToken).toEqual(expect.any(String));
  expect(given.refreshToken).toBeUndefined();
});
