/** Just-in-time access of the practice cloud: the official client and plain requests against it. */
import { SecurityCenter } from '@azure/arm-security';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { letsThrough } from '../../../main/practice/arm/evaluate.ts';
import { createHandClock, type HandClock } from '../../fakes/handClock.ts';
import { type PracticeArm, startArm } from './setup.ts';

const minute = 60_000;
let practice: PracticeArm;
let clock: HandClock;
let group: string;
let vm: string;
let policy: string;

beforeEach(async () => {
  clock = createHandClock(Date.now());
  practice = await startArm({ now: () => clock.now(), after: (ms, run) => clock.after(ms, run) });
  group = `/subscriptions/${practice.production}/resourceGroups/rg-crm`;
  vm = `${group}/providers/Microsoft.Compute/virtualMachines/crm-1`;
  policy = `${group}/providers/Microsoft.Security/locations/westeurope/jitNetworkAccessPolicies/default`;
});
afterEach(() => practice.stop());

const me = '198.51.100.7';
const open = (port = 22, source = me) => letsThrough(practice.arm.world, vm, source, port);
const end = (ms: number) => new Date(clock.now() + ms).toISOString();
const initiate = (ms: number, source: string | undefined = me, number = 22, id = vm) =>
  practice.send('POST', `${policy}/initiate`, {
    virtualMachines: [
      {
        id,
        ports: [{ number, endTimeUtc: end(ms), ...(source && { allowedSourceAddressPrefix: source }) }],
      },
    ],
    justification: 'look at the logs',
  });
const read = async () => (await practice.send('GET', policy)).json;
const rulesOf = (nsg: string) =>
  (practice.arm.world.nsg(`${group}/providers/Microsoft.Network/networkSecurityGroups/${nsg}`)?.properties
    .rules ?? []) as { name: string; properties: { priority: number; description?: string } }[];

function sdk(subscription = practice.production): SecurityCenter {
  const credential = {
    getToken: async () => ({ token: practice.tokens.admin, expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  return new SecurityCenter(credential, subscription, {
    endpoint: practice.url,
    tlsOptions: { ca: practice.core.certificates.ca },
    retryOptions: { maxRetries: 0 },
  });
}

test('the official client lists, reads and asks for access', async () => {
  const jit = sdk().jitNetworkAccessPolicies;
  const names = async (pages: AsyncIterable<{ name?: string }>) => {
    const found = [];
    for await (const { name } of pages) found.push(name);
    return found;
  };
  expect(await names(jit.list())).toEqual(['default', 'crm-report']);
  expect(await names(jit.listByRegion('westeurope'))).toHaveLength(2);
  expect(await names(jit.listByRegion('northeurope'))).toEqual([]);
  expect(await names(jit.listByResourceGroup('rg-crm'))).toHaveLength(2);
  expect(await names(jit.listByResourceGroupAndRegion('rg-web', 'westeurope'))).toEqual([]);
  const found = await jit.get('rg-crm', 'westeurope', 'default');
  expect(found.virtualMachines.map(one => one.id.split('/').at(-1))).toEqual(['crm-1', 'crm-db']);
  const asked = await jit.initiate('rg-crm', 'westeurope', 'default', {
    virtualMachines: [
      {
        id: vm,
        ports: [{ number: 22, endTimeUtc: new Date(end(5 * minute)), allowedSourceAddressPrefix: me }],
      },
    ],
  });
  expect(asked.virtualMachines[0]?.ports[0]?.status).toBe('Initiating');
  expect(open()).toBe(true);
  await jit.delete('rg-crm', 'westeurope', 'default');
  expect(open()).toBe(false);
  await jit.delete('rg-crm', 'westeurope', 'default');
  await expect(jit.get('rg-crm', 'westeurope', 'default')).rejects.toMatchObject({ statusCode: 404 });
});

test('a subscription without the plan is refused, and its pricing says so', async () => {
  const list = `/subscriptions/${practice.test}/providers/Microsoft.Security/jitNetworkAccessPolicies`;
  expect((await practice.send('GET', list)).status).toBe(403);
  const tier = async (subscription: string) =>
    (
      await practice.send(
        'GET',
        `/subscriptions/${subscription}/providers/Microsoft.Security/pricings/VirtualMachines`,
      )
    ).json['properties']['pricingTier'];
  expect([await tier(practice.production), await tier(practice.test)]).toEqual(['Standard', 'Free']);
});

describe('a policy', () => {
  test('denies its ports behind what stands there already: configured is not closed', () => {
    const [deny] = rulesOf('crm-1-nsg');
    expect(deny).toMatchObject({
      name: expect.stringMatching(/^MicrosoftDefenderForCloud-JITRule_-?\d+_[0-9A-F]{32}$/),
      properties: {
        priority: 1000,
        description: "MDC JIT Network Access rule for policy 'default' of VM 'crm-1'.",
      },
    });
    expect(rulesOf('crm-db-nsg').map(rule => rule.properties.priority)).toEqual([1002, 4096]);
    const db = vm.replace('crm-1', 'crm-db');
    expect(letsThrough(practice.arm.world, db, me, 3389)).toBe(true);
  });

  test('is replaced whole: who is left out is not protected any more; unknown fields stay', async () => {
    const before = await read();
    const body = structuredClone(before);
    body.properties.virtualMachines.pop();
    body.properties.virtualMachines[0].newField = { a: [1] };
    body.properties.newToo = 'x';
    expect((await practice.send('PUT', policy, body)).status).toBe(200);
    const after = await read();
    expect(after.properties.virtualMachines).toEqual([body.properties.virtualMachines[0]]);
    expect(after.properties.newToo).toBe('x');
    expect(rulesOf('crm-db-nsg').map(rule => rule.name)).toEqual(['AllowRdpFromBefore']);
    expect((await practice.send('PUT', policy, before)).json).toEqual(before);
    expect(rulesOf('crm-db-nsg')).toHaveLength(2);
  });

  test.each([
    ['', 'PT3H', 500],
    ['ICMP', 'PT3H', 400],
    ['TCP', 'PT4M', 400],
    ['TCP', 'PT25H', 400],
    ['TCP', '3h', 400],
    ['TCP', 'P1D', 200],
  ])(
    'with protocol “%s” for at most %s is answered %i',
    async (protocol, maxRequestAccessDuration, status) => {
      const body = await read();
      body.properties.virtualMachines[0].ports = [
        { number: 22, protocol, allowedSourceAddressPrefix: '*', maxRequestAccessDuration },
      ];
      expect((await practice.send('PUT', policy, body)).status).toBe(status);
    },
  );
});

describe('a request', () => {
  test('opens for exactly its source and port, and ends by itself', async () => {
    const answer = await initiate(10 * minute);
    expect(answer.status).toBe(202);
    expect(answer.json.startTimeUtc).toMatch(/\.\d{7}Z$/);
    expect([open(), open(22, '198.51.100.8'), open(3389)]).toEqual([true, false, false]);
    expect(rulesOf('crm-1-nsg').at(-1)).toMatchObject({
      name: expect.stringMatching(/^MicrosoftDefenderForCloud-JITRule-\d+-[0-9A-F]{32}$/),
      properties: {
        priority: 100,
        description:
          "MDC JIT Network Access rule created by an initiation request for policy 'default' of VM 'crm-1'.",
      },
    });
    const record = (await read()).properties.requests[0];
    expect(record).toMatchObject({ requestor: 'admin@contoso.example', justification: 'look at the logs' });
    expect(record.virtualMachines[0].ports[0]).toMatchObject({ status: 'Initiated' });
    await clock.advance(10 * minute);
    expect(open()).toBe(false);
    expect((await read()).properties.requests[0].virtualMachines[0].ports[0]).toMatchObject({
      status: 'Revoked',
      statusReason: 'Expired',
    });
  });

  test('is replaced by a newer one from the same source, whether that ends earlier or later', async () => {
    await initiate(10 * minute);
    await initiate(60 * minute);
    await clock.advance(11 * minute);
    expect(open()).toBe(true);
    await initiate(5 * minute);
    await clock.advance(6 * minute);
    expect(open()).toBe(false);
    const reasons = (await read()).properties.requests.map(
      (one: { virtualMachines: { ports: { statusReason: string }[] }[] }) =>
        one.virtualMachines[0]?.ports[0]?.statusReason,
    );
    expect(reasons).toEqual(['NewerRequestInitiated', 'NewerRequestInitiated', 'Expired']);
  });

  test('without a source is for who asks', async () => {
    await initiate(5 * minute, '');
    expect(open(22, '127.0.0.1')).toBe(true);
  });

  test('beyond the policy is not a subset of it', async () => {
    for (const answer of [
      await initiate(4 * 60 * minute),
      await initiate(minute, me, 23),
      await initiate(minute, me, 22, vm.replace('crm-1', 'web-1')),
    ]) {
      expect(answer.status).toBe(400);
      expect(answer.json.error.message).toMatch(
        /^The given access request is not a subset of policy 'default'/,
      );
    }
    expect((await initiate(-minute)).status).toBe(400);
    expect(open()).toBe(false);
  });

  test('survives an edit of the policy that does not know of it', async () => {
    const before = await read();
    await initiate(5 * minute);
    await practice.send('PUT', policy, before);
    expect((await read()).properties.requests).toHaveLength(1);
    await clock.advance(5 * minute);
    expect(open()).toBe(false);
  });
});

test('what Defender writes is in the activity log as the provider’s', async () => {
  await initiate(5 * minute);
  const since = new Date(clock.now() - minute).toISOString();
  const filter = encodeURIComponent(`eventTimestamp ge '${since}'`);
  const rows = await practice.send(
    'GET',
    `/subscriptions/${practice.production}/providers/microsoft.insights/eventtypes/management/values?$filter=${filter}`,
  );
  const told = rows.json.value.map((row: { caller: string; operationName: { value: string } }) => [
    row.caller,
    row.operationName.value,
  ]);
  expect(told).toContainEqual([
    'admin@contoso.example',
    'Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action',
  ]);
  expect(told).toContainEqual([
    '8edd93e1-2103-40b4-bd70-6e34e586362d',
    'Microsoft.Network/networkSecurityGroups/securityRules/write',
  ]);
});

test('a viewer may read policies and not ask for access', async () => {
  expect((await practice.send('GET', policy, undefined, practice.tokens.viewer)).status).toBe(200);
  const refused = await practice.send('POST', `${policy}/initiate`, {}, practice.tokens.viewer);
  expect(refused.json.error.message).toContain(
    'Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action',
  );
});
