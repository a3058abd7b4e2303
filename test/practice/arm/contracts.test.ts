/** What holds for every route of the practice Azure alike, and for what is none: headers, words of refusal, versions, letter case. */
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createArm } from '../../../main/practice/arm/index.ts';
import { type Answer, ask } from '../ask.ts';
import { inWeb, type PracticeArm, startArm, version } from './setup.ts';

let practice: PracticeArm;
beforeAll(async () => {
  practice = await startArm();
});
afterAll(() => practice.stop());

/** Every route there is, as it was registered. */
const routes: { method: string; url: string }[] = [];
const spy = Fastify();
spy.addHook('onRoute', ({ method, url, config }) => {
  const open = (config as { open?: boolean } | undefined)?.open === true;
  if (!open && !url.startsWith('/practice/'))
    for (const one of [method].flat()) if (one !== 'HEAD') routes.push({ method: one, url });
});
const arm = createArm({ now: () => 0, latencyMs: 0, machines: () => undefined });
await arm.door.routes(spy as unknown as Parameters<typeof arm.door.routes>[0]);
await spy.ready();
arm.stop();

/** The route's path with names that lead to nothing, in a subscription and group that are there. */
function path(url: string): string {
  return url
    .replace(':subscription', practice.production)
    .replace(':group', 'rg-web')
    .replace(':provider', 'Microsoft.Network')
    .replace(':type', 'networkSecurityGroups')
    .replaceAll(/:\w+/g, 'no-such-thing')
    .replaceAll('*', 'no-such-thing');
}

function send(method: string, url: string, more: { token?: string; query?: string; headers?: object } = {}) {
  const { token = practice.tokens.admin, query = version, headers = {} } = more;
  return ask(`${practice.url}${url}${query === '' ? '' : `?${query}`}`, {
    ca: practice.core.certificates.ca,
    method,
    token: token === '' ? undefined : token,
    headers,
    ...(method === 'GET' || method === 'HEAD' || method === 'DELETE' || method === 'OPTIONS'
      ? {}
      : { body: {} }),
  });
}

function expectHeaders({ headers }: Answer): void {
  expect(headers['x-ms-request-id']).toMatch(/^[\da-f-]{36}$/);
  expect(headers['x-ms-routing-request-id']).toMatch(/^WESTEUROPE:\d{8}T\d{6}Z:[\da-f-]{36}$/);
  expect(headers).toMatchObject({
    'x-ms-correlation-request-id': 'correlation-1',
    'x-ms-client-request-id': 'client-1',
    'cache-control': 'no-cache',
    date: expect.any(String),
  });
}

const ids = { 'x-ms-correlation-request-id': 'correlation-1', 'x-ms-client-request-id': 'client-1' };

test('there are routes of every subject', () => {
  expect(routes.length).toBeGreaterThan(60);
  for (const word of ['securityRules', 'ResourceGraph', 'virtualMachines', 'tags/default', 'permissions'])
    expect(routes.some(({ url }) => url.includes(word))).toBe(true);
});

describe.each(routes)('$method $url', ({ method, url }) => {
  test('tells its ids and what is left of the rate; refuses in ARM’s form; minds no letter case', async () => {
    const lower = await send(method, path(url), { headers: ids });
    expectHeaders(lower);
    const kind = method === 'GET' ? 'reads' : method === 'DELETE' ? 'deletes' : 'writes';
    const scope = url.includes(':subscription') ? 'subscription' : 'tenant';
    expect(Number(lower.headers[`x-ms-ratelimit-remaining-${scope}-${kind}`])).toBeGreaterThan(-1);
    expect(lower.status).toBeLessThan(500);
    if (lower.status >= 400) {
      const { code, message } = lower.json['error'];
      expect([typeof code, typeof message]).toEqual(['string', 'string']);
    } else if (lower.text !== '') expect(lower.headers['content-type']).toContain('application/json');
    const upper = await send(method, path(url).toUpperCase(), { headers: ids });
    if (method !== 'POST') expect(upper.status).toBe(lower.status);
  });

  test('wants a token and a version', async () => {
    const nobody = await send(method, path(url), { token: '', headers: ids });
    expect([nobody.status, nobody.json['error']['code']]).toEqual([401, 'AuthenticationFailed']);
    expect(nobody.headers['www-authenticate']).toMatch(/^Bearer authorization_uri="/);
    expectHeaders(nobody);
    const refused = async (query: string) => {
      const answer = await send(method, path(url), { query });
      return [answer.status, answer.json['error']['code']];
    };
    expect(await refused('')).toEqual([400, 'MissingApiVersionParameter']);
    expect(await refused('api-version=latest')).toEqual([400, 'InvalidApiVersionParameter']);
    expect(await refused('api-version=2001-01-01')).toEqual([400, 'NoRegisteredProviderFound']);
  });
});

describe('versions', () => {
  test.each(['2016-09-01', '2021-02-01', '2025-05-01', '2029-12-31', '2030-01-01-preview'])(
    '%s',
    async one => {
      const nsg = inWeb(practice, 'Microsoft.Network/networkSecurityGroups/web-1-nsg');
      expect((await send('GET', nsg, { query: `api-version=${one}` })).json['name']).toBe('web-1-nsg');
      expect((await send('GET', nsg, { query: `API-Version=${one}` })).status).toBe(200);
    },
  );
});

describe('what there is none of', () => {
  test.each([
    ['GET', '/providers/Microsoft.Nonsense/things', 'InvalidResourceNamespace'],
    ['GET', '/providers/Microsoft.Network/things', 'InvalidResourceType'],
    ['PUT', '/providers/Microsoft.Network/applicationGateways/a', 'InvalidResourceType'],
    ['OPTIONS', '/providers/Microsoft.Network/things', 'InvalidResourceType'],
  ])('%s %s', async (method, rest, code) => {
    const answer = await send(method, `/subscriptions/${practice.production}${rest}`, { headers: ids });
    expect([answer.status, answer.json['error']['code']]).toEqual([404, code]);
    expectHeaders(answer);
  });
});

test('HEAD is a GET without its body', async () => {
  for (const [name, status] of [
    ['web-1', 200],
    ['no-such', 404],
  ] as const) {
    const head = await send('HEAD', inWeb(practice, `Microsoft.Compute/virtualMachines/${name}`), {
      headers: ids,
    });
    expect([head.status, head.text]).toEqual([status, '']);
    expectHeaders(head);
  }
});

test('every list comes in pages that follow each other to the end, and to nothing twice', async () => {
  const small = await startArm({ pageSize: 2 });
  const lists = routes.filter(
    ({ method, url }) => method === 'GET' && !/:(?!subscription|group)\w+/.test(url),
  );
  const paged = new Set<string>();
  for (const { url } of lists) {
    const seen: string[] = [];
    let next: string | undefined =
      `${small.url}${path(url).replace(practice.production, small.production)}?${version}`;
    for (let pages = 0; next !== undefined; pages++) {
      expect(pages).toBeLessThan(200);
      const { json } = await ask(next, { ca: small.core.certificates.ca, token: small.tokens.admin });
      if (!Array.isArray(json?.value)) break;
      if (pages > 0) paged.add(url);
      seen.push(...json.value.map((one: { id?: string }) => one.id ?? JSON.stringify(one)));
      next = json.nextLink;
    }
    expect(new Set(seen).size).toBe(seen.length);
  }
  expect(
    [...paged].filter(url => url.includes('/virtualMachines') || url.endsWith('/resources')).length,
  ).toBeGreaterThan(2);
  await small.stop();
});

test('tags of network resources by PATCH', async () => {
  for (const type of [
    'networkSecurityGroups/web-1-nsg',
    'networkInterfaces/web-1-nic',
    'virtualNetworks/web-vnet',
  ]) {
    const id = inWeb(practice, `Microsoft.Network/${type}`);
    const { json } = await practice.send('PATCH', id, { tags: { owner: 'jo' } });
    expect(json.tags).toEqual({ owner: 'jo' });
    expect((await practice.send('GET', id)).json['tags']).toEqual({ owner: 'jo' });
  }
});

test('a practice cloud that throttles refuses what comes too quickly, and says when to come again', async () => {
  const strict = await startArm({ throttle: true });
  const path = `/subscriptions/${strict.production}/resourceGroups`;
  const answers = await Promise.all(Array.from({ length: 700 }, () => strict.send('GET', path)));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]?.headers).toMatchObject({
    'retry-after': '1',
    'x-ms-ratelimit-remaining-subscription-reads': '0',
  });
  expect(refused[0]?.json['error']['code']).toBe('SubscriptionRequestsThrottled');
  await strict.stop();
});
