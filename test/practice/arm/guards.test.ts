import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../ask.ts';
import { inWeb, type PracticeArm, ruleBody, startArm, version } from './setup.ts';

let practice: PracticeArm;
beforeAll(async () => {
  practice = await startArm({ pageSize: 3 });
});
afterAll(() => practice.stop());

const get = (path: string) => practice.send('GET', path);

describe('who asks', () => {
  const plain = (token?: string) =>
    ask(`${practice.url}/subscriptions?${version}`, { ca: practice.core.certificates.ca, token });

  test('nobody', async () => {
    const answer = await plain();
    expect([answer.status, answer.json['error']['code']]).toEqual([401, 'AuthenticationFailed']);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer authorization_uri=/);
  });

  test('somebody with a token that is not ours, or of another practice cloud', async () => {
    const other = await startArm();
    for (const token of ['nonsense', other.tokens.admin])
      expect((await plain(token)).json['error']['code']).toBe('InvalidAuthenticationToken');
    await other.stop();
  });

  test('somebody whose token is over', async () => {
    let ahead = 0;
    const later = await startArm({ now: () => Date.now() + ahead });
    ahead = 40 * 86_400_000;
    expect((await later.send('GET', '/subscriptions')).json['error']['code']).toBe(
      'ExpiredAuthenticationToken',
    );
    await later.stop();
  });

  test('tokens say who they are', () => {
    const claims = JSON.parse(Buffer.from(practice.tokens.admin.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ upn: 'admin@contoso.example', aud: 'https://management.azure.com/' });
    expect(Object.keys(claims)).toEqual(expect.arrayContaining(['tid', 'oid', 'exp']));
  });

  test('a viewer reads, and is refused every write with the action’s name', async () => {
    const path = inWeb(practice, 'Microsoft.Network/networkSecurityGroups/web-1-nsg/securityRules/v');
    const answer = await practice.send('PUT', path, ruleBody(130), practice.tokens.viewer);
    expect([answer.status, answer.json['error']['code']]).toEqual([403, 'AuthorizationFailed']);
    expect(answer.json['error']['message']).toContain(
      "perform action 'Microsoft.Network/networkSecurityGroups/securityRules/write' over scope",
    );
    const vms = inWeb(practice, 'Microsoft.Compute/virtualMachines');
    expect((await practice.send('GET', vms, undefined, practice.tokens.viewer)).status).toBe(200);
    const off = await practice.send('POST', `${vms}/web-1/powerOff`, {}, practice.tokens.viewer);
    expect(off.json['error']['message']).toContain("'Microsoft.Compute/virtualMachines/powerOff/action'");
    const graph = '/providers/Microsoft.ResourceGraph/resources';
    expect((await practice.send('POST', graph, { query: 'resources' }, practice.tokens.viewer)).status).toBe(
      200,
    );
  });
});

describe('what is asked for', () => {
  test('without an api-version', async () => {
    const answer = await ask(`${practice.url}/subscriptions`, {
      ca: practice.core.certificates.ca,
      token: practice.tokens.admin,
    });
    expect([answer.status, answer.json['error']['code']]).toEqual([400, 'MissingApiVersionParameter']);
  });

  test.each([
    ['/subscriptions/nonsense/resourceGroups', 400, 'InvalidSubscriptionId'],
    ['/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups', 404, 'SubscriptionNotFound'],
    ['/subscriptions/PROD/resourceGroups/nowhere', 404, 'ResourceGroupNotFound'],
    [
      '/subscriptions/PROD/resourceGroups/rg-web/providers/Microsoft.Compute/virtualMachines/no',
      404,
      'ResourceNotFound',
    ],
    [
      '/subscriptions/PROD/resourceGroups/rg-web/providers/Microsoft.Network/networkSecurityGroups/no',
      404,
      'ResourceNotFound',
    ],
    [
      '/subscriptions/PROD/resourceGroups/rg-web/providers/Microsoft.Network/virtualNetworks/web-vnet/subnets/no',
      404,
      'NotFound',
    ],
    ['/nothing/here', 404, 'InvalidResourceType'],
  ])('%s', async (path, status, code) => {
    const answer = await get(path.replace('PROD', practice.production));
    expect([answer.status, answer.json['error']['code']]).toEqual([status, code]);
    expect(answer.headers['x-ms-request-id']).toMatch(/^[\da-f-]{36}$/);
  });

  test('ids in any case', async () => {
    const path = inWeb(practice, 'Microsoft.Compute/virtualMachines/web-1');
    expect((await get(path.toUpperCase())).json['name']).toBe('web-1');
  });

  test('correlation ids and client ids come back', async () => {
    const { headers } = await ask(`${practice.url}/subscriptions?${version}`, {
      ca: practice.core.certificates.ca,
      token: practice.tokens.admin,
      headers: { 'x-ms-correlation-request-id': 'c-1', 'x-ms-client-request-id': 'k-1' },
    });
    expect([headers['x-ms-correlation-request-id'], headers['x-ms-client-request-id']]).toEqual([
      'c-1',
      'k-1',
    ]);
  });
});

test('lists come in pages that follow each other to the end', async () => {
  const names: string[] = [];
  const all = practice.compute().virtualMachines.listAll();
  for await (const vm of all) names.push(vm.name ?? '');
  expect(names).toHaveLength(practice.vmsInProduction());
  expect(new Set(names).size).toBe(names.length);
  const first = await get(
    `/subscriptions/${practice.production}/providers/Microsoft.Compute/virtualMachines`,
  );
  expect([first.json['value'].length, typeof first.json['nextLink']]).toEqual([3, 'string']);
  const top = await get(`/subscriptions/${practice.production}/resources?$top=1`);
  expect(top.json['value']).toHaveLength(1);
});

test('subscriptions, groups, resources, tenants and the cloud’s own description', async () => {
  const { value } = (await get('/subscriptions')).json;
  expect(value.map((one: { displayName: string }) => one.displayName)).toEqual([
    'Contoso Production',
    'Contoso Test',
  ]);
  const groups = await get(`/subscriptions/${practice.test}/resourcegroups`);
  expect(groups.json['value'].map((one: { name: string }) => one.name)).toEqual([
    'rg-test',
    'rg-hub',
    'rg-lab',
  ]);
  const filter = encodeURIComponent(
    "resourceType eq 'microsoft.network/NetworkSecurityGroups' and name eq 'web-1-nsg'",
  );
  const found = await get(`/subscriptions/${practice.production}/resources?$filter=${filter}`);
  expect(found.json['value'].map((one: { name: string }) => one.name)).toEqual(['web-1-nsg']);
  const tenant = (await get('/tenants')).json['value'][0]?.['tenantId'];
  const metadata = await ask(`${practice.url}/metadata/endpoints?api-version=2022-09-01`, {
    ca: practice.core.certificates.ca,
  });
  expect(metadata.json[0]?.['authentication']).toMatchObject({
    loginEndpoint: `${practice.url}/adfs`,
    tenant,
  });
});

test('the token service gives tokens for right secrets only', async () => {
  const login = (form: Record<string, string>) =>
    ask(`${practice.url}/adfs/oauth2/token`, { ca: practice.core.certificates.ca, method: 'POST', form });
  const wrong = await login({ grant_type: 'client_credentials', client_id: 'admin', client_secret: 'x' });
  expect([wrong.status, wrong.json['error']]).toEqual([400, 'invalid_grant']);
  const app = await login({
    grant_type: 'client_credentials',
    client_id: 'admin',
    client_secret: 'practice',
  });
  expect((await practice.send('GET', '/subscriptions', undefined, app.json['access_token'])).status).toBe(
    200,
  );
  const person = await login({
    grant_type: 'password',
    username: 'viewer@contoso.example',
    password: 'practice',
    client_id: 'cli',
  });
  const again = await login({ grant_type: 'refresh_token', refresh_token: person.json['refresh_token'] });
  const me = await practice.send('GET', '/subscriptions', undefined, again.json['access_token']);
  expect([typeof person.json['id_token'], me.status]).toEqual(['string', 200]);
});
