/** The activity log: what it has of each write, the few ways in which it may be asked, and its lag. */
import { MonitorClient } from '@azure/arm-monitor';
import { afterEach, expect, test } from 'vitest';
import { inWeb, type PracticeArm, ruleBody, startArm } from './setup.ts';

let practice: PracticeArm;
afterEach(() => practice.stop());

const rule = () => inWeb(practice, 'Microsoft.Network/networkSecurityGroups/app-1-nsg/securityRules/mine');
const since = (ms = 3_600_000) => `eventTimestamp ge '${new Date(Date.now() - ms).toISOString()}'`;

function ask(filter: string, more = '', subscription = practice.production) {
  const path = `/subscriptions/${subscription}/providers/Microsoft.Insights/eventtypes/management/values`;
  return practice.send('GET', `${path}?$filter=${encodeURIComponent(filter)}${more}`);
}

test('a write has a row at its start and one at its end, under one correlation id', async () => {
  practice = await startArm();
  const { headers } = await practice.send('PUT', rule(), ruleBody(150));
  const { json } = await ask(`${since()} and resourceUri eq '${rule()}'`);
  const correlationId = headers['x-ms-correlation-request-id'];
  const common = {
    correlationId,
    caller: 'admin@contoso.example',
    authorization: { action: 'Microsoft.Network/networkSecurityGroups/securityRules/write', scope: rule() },
    httpRequest: { clientIpAddress: '127.0.0.1', method: 'PUT' },
    category: { value: 'Administrative' },
    operationName: { localizedValue: 'Create or Update Security Rule' },
    resourceGroupName: 'rg-web',
    resourceProviderName: { value: 'Microsoft.Network' },
    resourceType: { value: 'Microsoft.Network/networkSecurityGroups/securityRules' },
    resourceId: rule(),
    subscriptionId: practice.production,
    eventTimestamp: expect.stringMatching(/\.\d{7}Z$/),
  };
  expect(json.value).toMatchObject([
    {
      ...common,
      status: { value: 'Succeeded' },
      subStatus: { value: 'Created' },
      properties: { statusCode: 'Created', responseBody: expect.stringContaining('"mine"') },
    },
    {
      ...common,
      status: { value: 'Started' },
      properties: { requestbody: expect.stringContaining('"priority":150') },
    },
  ]);
  expect(json.value[0].claims).toMatchObject({ name: 'Practice Admin', oid: expect.any(String) });
  expect(JSON.stringify(json)).not.toContain(practice.tokens.admin.split('.')[2]);
});

test('the end of what takes time is when it has taken effect; a refusal is a failure; a read is nothing', async () => {
  practice = await startArm({ latencyMs: 60 });
  await practice.send('PUT', rule(), ruleBody(150));
  await practice.send('GET', rule());
  const filter = `${since()} and resourceUri eq '${rule()}'`;
  const states = async () =>
    (await ask(filter)).json.value.map((one: { status: { value: string } }) => one.status.value);
  expect(await states()).toEqual(['Started']);
  await expect.poll(states).toEqual(['Succeeded', 'Started']);
  await practice.send('PUT', rule(), ruleBody(99));
  expect(await states()).toEqual(['Failed', 'Started', 'Succeeded', 'Started']);
  await practice.send('PUT', rule(), ruleBody(151), practice.tokens.viewer);
  expect(await states()).toHaveLength(4);
});

test('an initiate is told by the name that Defender’s has', async () => {
  practice = await startArm();
  const policy = inWeb(practice, 'Microsoft.Security/locations/westeurope/jitNetworkAccessPolicies/default');
  await practice.send('POST', `${policy}/initiate`, { virtualMachines: [] });
  const { json } = await ask(`${since()} and resourceProvider eq 'Microsoft.Security'`);
  expect(json.value.at(-1)).toMatchObject({
    resourceId: policy,
    operationName: {
      value: 'Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action',
      localizedValue: 'Initiate JIT Network Access Policy',
    },
  });
});

test.each([
  ['no filter', ''],
  ['no start', `eventTimestamp le '2026-01-01T00:00:00Z'`],
  ['a caller', `${since()} and caller eq 'jo'`],
  ['an operation', `${since()} and operationName eq 'x'`],
  ['two at once', `${since()} and resourceProvider eq 'a' and resourceGroupName eq 'b'`],
  ['or', `${since()} or resourceProvider eq 'a'`],
  ['more than 90 days', since(91 * 86_400_000)],
  ['no time', `eventTimestamp ge 'yesterday'`],
])('the log refuses a filter with %s', async (_what, filter) => {
  practice = await startArm();
  expect(await ask(filter)).toMatchObject({ status: 400, json: { error: { code: 'BadRequest' } } });
});

test('only what was selected, page by page, to the official client', async () => {
  practice = await startArm({ pageSize: 3 });
  for (const priority of [150, 151, 152, 153]) await practice.send('PUT', rule(), ruleBody(priority));
  expect((await ask(since(), '&$select=caller%20,%20status')).json.value[0]).toEqual({
    caller: 'admin@contoso.example',
    status: { value: 'Succeeded', localizedValue: 'Succeeded' },
  });
  expect((await ask(since(), '&$select=nothing')).status).toBe(400);
  const credential = {
    getToken: async () => ({ token: practice.tokens.admin, expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  const settings = {
    endpoint: practice.url,
    $host: practice.url,
    tlsOptions: { ca: practice.core.certificates.ca },
  };
  const client = new MonitorClient(credential, practice.production, settings);
  const pages: number[] = [];
  for await (const page of client.activityLogs.list(since()).byPage()) pages.push(page.length);
  expect(pages).toEqual([3, 3, 2]);
  expect((await ask(since(), '', practice.test)).json.value).toEqual([]);
});

test('rows show as late as was set', async () => {
  practice = await startArm();
  const lag = (lagMs: number) => practice.send('PUT', '/practice/activity-log', { lagMs });
  await lag(3_600_000);
  await practice.send('PUT', rule(), ruleBody(150));
  expect((await ask(since())).json.value).toEqual([]);
  await lag(0);
  expect((await ask(since())).json.value).toHaveLength(2);
});
