/** The Activity Log as the adapter reads it. */
import { afterEach, expect, test } from 'vitest';
import { auditRow, eventOf } from '../../../main/clouds/azure/activityRow.ts';
import type { Cloud, CloudEvent, StandingRule } from '../../../main/clouds/cloud.ts';
import type { GrantId } from '../../../shared/domain/ids.ts';
import { all, type Practice, startPractice } from './practice.ts';

let practice: Practice;
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function start(options: Parameters<typeof startPractice>[0] = {}): Promise<Cloud> {
  practice = await startPractice(options);
  stops.push(() => practice.stop());
  return practice.signIn();
}

const grant = 'abcd2345efgh' as GrantId;
const hour = 3_600_000;

async function opened(cloud: Cloud): Promise<{ scope: { id: string; name: string }; rules: StandingRule[] }> {
  const vm = await cloud.vm(practice.vm('app-1'));
  const scope = (await cloud.scopes()).find(one => one.id === vm?.scope);
  if (!vm || !scope) throw new Error('the practice cloud has no app-1');
  const end = Date.now() + hour;
  const orders = cloud.orders(vm, {
    ports: [{ port: 3389, protocol: 'tcp' }],
    sources: ['203.0.113.7/32'],
    mark: { grant, owner: 'a.berg@contoso.example', end, vmName: 'app-1' },
  });
  return { scope, rules: await Promise.all(orders.map(order => cloud.open(order))) };
}

async function historyOf(cloud: Cloud, scope: { id: string; name: string }, since = Date.now() - hour) {
  return (await all(cloud.history(scope, since))).flat();
}

test.each([0, 40])(
  'a grant’s write is in the log under the correlation id it was answered with (%d ms)',
  async latencyMs => {
    const cloud = await start({ latencyMs });
    const { scope, rules } = await opened(cloud);
    const [rule] = rules;
    await expect
      .poll(async () => (await historyOf(cloud, scope)).map(({ outcome }) => outcome))
      .toEqual(['ok', 'begun']);
    const events = await historyOf(cloud, scope);
    expect(new Set(events.map(({ correlation }) => correlation))).toEqual(new Set([rule?.correlation]));
    expect(events.find(({ outcome }) => outcome === 'begun')).toMatchObject({
      did: 'rule-written',
      caller: 'admin@contoso.example',
      client: '127.0.0.1',
      name: rule?.names[0],
      gate: rule?.gate,
      gateName: 'app-1-nsg',
      ports: '3389/tcp',
      source: '203.0.113.7/32',
      access: 'allow',
      mark: { grant, owner: 'a.berg@contoso.example', vmName: 'app-1' },
      removed: false,
    });
    const [closed] = await cloud.close(rule?.gate ?? ('' as never), rule?.names ?? [], [grant]);
    await expect
      .poll(async () => (await historyOf(cloud, scope)).filter(({ did }) => did === 'rule-removed'))
      .toMatchObject([
        { correlation: closed?.correlation, removed: true },
        { correlation: closed?.correlation },
      ]);
  },
);

test('lock and unlock tell the correlation ids of what they write', async () => {
  const cloud = await start();
  const target = await cloud.vm(practice.vm('app-1'));
  if (!target) throw new Error('the practice cloud has no app-1');
  const ports = [{ port: 22, protocol: 'tcp' as const, sources: [], maxMs: hour }];
  const written: string[] = [];
  const plan = await cloud.planLock(target, ports);
  await cloud.apply(
    plan,
    target,
    async () => {},
    undefined,
    one => written.push(one),
  );
  const scope = { id: target.scope, name: '' };
  const seen = new Set((await historyOf(cloud, scope)).map(({ correlation }) => correlation));
  expect(written.length).toBeGreaterThan(0);
  expect(new Set(written)).toEqual(seen);
});

test('many pages give every event once, and only what was asked for', async () => {
  const cloud = await start();
  const { scope, rules } = await opened(cloud);
  const path = `${rules[0]?.gate}/securityRules/x`;
  const now = Date.now();
  const [first] = practice.arm.world.events;
  if (!first) throw new Error('the log is empty');
  for (let n = 0; n < 600; n++) {
    practice.arm.world.events.push({
      ...first,
      id: `event-${n}`,
      correlation: `c-${n}`,
      resource: path,
      operation:
        n % 2 === 0
          ? 'Microsoft.Network/networkSecurityGroups/securityRules/delete'
          : 'Microsoft.Network/virtualNetworks/write',
      at: now,
    });
  }
  const events = (await historyOf(cloud, scope)).filter(({ id }) => id.startsWith('event-'));
  expect(events).toHaveLength(300);
  expect(new Set(events.map(({ id }) => id)).size).toBe(300);
  expect(practice.asked().filter(line => line.includes('/eventtypes/')).length).toBe(4);
  expect(await historyOf(cloud, scope, now + 60_000)).toEqual([]);
});

const row = {
  eventDataId: 'e1',
  correlationId: 'c1',
  eventTimestamp: '2026-11-23T14:52:00.1234567Z',
  operationName: { value: 'Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action' },
  resourceId:
    '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Security/locations/westeurope/jitNetworkAccessPolicies/default',
  status: { value: 'Succeeded' },
};
const vmId = '/subscriptions/s/resourcegroups/rg/providers/microsoft.compute/virtualmachines/web-1';
const initiate = {
  justification: 'INC-7',
  virtualMachines: [{ id: vmId, ports: [{ number: 22, allowedSourceAddressPrefix: '203.0.113.9' }] }],
};
const read = (change: object): CloudEvent | undefined => eventOf(auditRow.parse({ ...row, ...change }));

test.each<[string, object, object]>([
  [
    'seven digits of a second',
    {},
    { at: Date.UTC(2026, 10, 23, 14, 52, 0, 123), did: 'requested', name: 'default' },
  ],
  [
    'an initiate with its body',
    { properties: { requestbody: JSON.stringify(initiate) } },
    { vms: [vmId], ports: '22/tcp', source: '203.0.113.9', reason: 'INC-7' },
  ],
  ['a body cut short', { properties: { requestbody: '{"virtualMachines": [{"id' } }, { did: 'requested' }],
  ['a body of another shape', { properties: { requestbody: '[1, 2]' } }, { did: 'requested' }],
  ['no caller, but claims', { claims: { name: 'Jo', appid: 'x' } }, { caller: 'Jo' }],
  ['nobody at all', { caller: null }, { caller: 'unknown' }],
  [
    'az, and an address',
    {
      claims: { appid: '04B07795-8DDB-461A-BBEE-02F9E1BF7B46' },
      httpRequest: { clientIpAddress: '203.0.113.7' },
    },
    { client: 'Azure CLI at 203.0.113.7' },
  ],
  ['Accepted', { status: { value: 'Accepted' } }, { outcome: 'begun' }],
  ['Failed', { status: { value: 'Failed' } }, { outcome: 'failed' }],
])('%s', (_what, change, expected) => {
  expect(read(change)).toMatchObject(expected);
});

test('another’s rule that only looks like a grant’s has no mark', () => {
  const body = (description: string) =>
    read({
      operationName: { value: 'MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/SECURITYRULES/WRITE' },
      resourceId: `/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/web/securityRules/latchkey-${grant}-0`,
      properties: { requestbody: JSON.stringify({ properties: { description, priority: 110 } }) },
    });
  const own = `Latchkey grant ${grant} until 2026-11-23T14:52:00Z for jo on web-1`;
  expect(body(own)?.mark).toMatchObject({ grant, owner: 'jo' });
  expect(body(own.replace('abcd', 'zzzz'))?.mark).toBeUndefined();
  expect(body(own)).toMatchObject({ gateName: 'web', priority: 110 });
});
