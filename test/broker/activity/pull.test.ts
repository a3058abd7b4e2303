/** The cloud's own log, read by a whole broker from the practice cloud. */
import { expect, test } from 'vitest';
import type { ActivityRow } from '../../../shared/contract/activity.ts';
import { open, startWorld, type TestBroker, type World } from '../grants/world.ts';
import { readLogs } from './readLogs.ts';

const minute = 60_000;
const nsgRule = '/providers/Microsoft.Network/networkSecurityGroups/web-1-nsg/securityRules';

const rows = ({ services }: TestBroker, kinds?: ActivityRow['kind'][]) =>
  services.activity.list({ limit: 500, ...(kinds === undefined ? {} : { kinds }) }).rows;

function rule(world: World, name: string): string {
  return `/subscriptions/${world.practice.info.azure.subscriptionIds[0]}/resourceGroups/rg-web${nsgRule}/${name}`;
}
const byHand = (priority: number) => ({
  properties: {
    protocol: 'Tcp',
    access: 'Allow',
    direction: 'Inbound',
    priority,
    sourceAddressPrefix: '198.51.100.7',
    sourcePortRange: '*',
    destinationAddressPrefix: '*',
    destinationPortRange: '22',
  },
});

test('a grant’s rows wait to be seen, then are; what somebody did by hand stands beside them', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  await world.lag(10 * minute);
  const grant = await open(broker, 'web-1');
  await world.arm('PUT', rule(world, 'by-hand'), byHand(310));
  await readLogs(world, broker);
  const written = () => rows(broker, ['rule-written']);
  expect(written().map(({ inCloud }) => inCloud)).toEqual(['awaited', 'awaited']);
  await world.clock.advance(11 * minute);
  await readLogs(world, broker);
  expect(written()).toHaveLength(3);
  expect(written().filter(({ origin }) => origin === 'local')).toMatchObject([
    { inCloud: 'seen', grant: grant.id },
    { inCloud: 'seen', grant: grant.id },
  ]);
  expect(written().find(({ origin }) => origin === 'cloud')).toMatchObject({
    user: 'admin@contoso.example',
    client: '127.0.0.1',
    vmName: 'web-1',
    text: 'Rule by-hand was written in web-1-nsg: allow 22/tcp from 198.51.100.7, priority 310.',
  });
  await world.arm('DELETE', rule(world, 'by-hand'));
  await broker.grants.revoke({ grants: [grant.id] });
  await world.clock.advance(11 * minute);
  await readLogs(world, broker);
  expect(
    rows(broker, ['rule-removed'])
      .map(({ origin, inCloud }) => `${origin} ${inCloud}`)
      .toSorted(),
  ).toEqual(['cloud seen', 'local seen', 'local seen']);
});

test('a lock is one row in either cloud, seen there with all its writes', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  const { policies } = broker.services;
  for (const vm of ['pay-api-1', 'jump-eu']) {
    const shown = (await policies.planLock([vm])).map(({ fingerprint }) => fingerprint);
    await policies.lock([vm], undefined, shown);
  }
  await readLogs(world, broker);
  const locks = rows(broker, ['lock']).map(({ vmName, inCloud }) => `${vmName} ${inCloud}`);
  expect(locks.toSorted()).toEqual(['jump-eu seen', 'pay-api-1 seen']);
  expect(rows(broker).filter(({ origin }) => origin === 'cloud')).toEqual([]);
});

test('a colleague’s grant is told with his name, and counts for the VM', async () => {
  const world = await startWorld();
  const [here, there] = [await world.broker(), await world.broker()];
  const grant = await open(there, 'web-1');
  await readLogs(world, here);
  const row = async () =>
    (await here.services.inventory.list({ search: 'web-1' })).vms.find(({ name }) => name === 'web-1');
  expect(rows(here, ['rule-written'])).toMatchObject([
    { grant: grant.id, origin: 'cloud', vmName: 'web-1' },
    { grant: grant.id, origin: 'cloud', vmName: 'web-1' },
  ]);
  expect(await row()).toMatchObject({
    week: [0, 0, 0, 0, 0, 0, 1],
    requestsFrom: 'activity-log',
    lastUser: 'admin@contoso.example',
    lastFrom: 'activity-log',
  });
});

test('90 days at first, then only what is new and may have come late', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  const starts = async () =>
    (await world.asked('log'))
      .flatMap(({ path }) => /eventTimestamp ge '([^']+)'/.exec(decodeURIComponent(path))?.[1] ?? [])
      .map(text => Math.round((world.clock.now() - Date.parse(text)) / minute));
  await readLogs(world, broker);
  const days = 90 * 1440 - 10;
  expect(await starts()).toEqual([days, days, days, days]);
  await world.clock.advance(30 * minute);
  await world.quiet();
  await starts();
  await readLogs(world, broker);
  for (const ago of await starts()) expect(ago).toBeLessThanOrEqual(165);
});

test('a log that can’t be read is told once, holds up no grant, and is read when it can be', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  await world.fault({ path: 'eventtypes', status: 403, code: 'AuthorizationFailed', times: 0 });
  await readLogs(world, broker);
  await readLogs(world, broker);
  const failures = () => rows(broker, ['account']).filter(({ outcome }) => outcome === 'failed');
  expect(failures()).toHaveLength(2);
  expect(failures()[0]).toMatchObject({
    text: expect.stringContaining('own log'),
    error: { code: 'CLOUD_FORBIDDEN' },
  });
  await world.heal();
  await world.fault({ path: 'eventtypes', delayMs: 3_000, times: 1 });
  const reading = readLogs(world, broker);
  const grant = await open(broker, 'web-1');
  expect(grant.state).toBe('open');
  await world.heal();
  await reading;
  await readLogs(world, broker);
  expect(rows(broker, ['rule-written'])[0]?.inCloud).toBe('seen');
});

test('it is read by itself: once an account is ready, and sooner while rows wait', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  const asked = async () => (await world.asked('log')).length > 0;
  await world.asked();
  await world.clock.advance(4_000);
  await world.quiet();
  expect(await asked()).toBe(true);
  await world.lag(7 * minute);
  await open(broker, 'web-1', { forMs: 60 * minute });
  await world.asked('log');
  const clouds: Set<string>[] = [];
  for (let n = 0; n < 3; n++) {
    await world.clock.advance(5 * minute);
    await world.quiet();
    clouds.push(new Set((await world.asked('log')).map(({ cloud }) => cloud)));
  }
  // Where nothing waits, a quarter of an hour is soon enough.
  expect(clouds).toContainEqual(new Set(['azure']));
  expect(rows(broker, ['rule-written']).map(({ inCloud }) => inCloud)).toEqual(['seen', 'seen']);
});

const cidr = '198.51.100.7/32';
const byConsole = (FromPort: number) => [
  { IpProtocol: 'tcp', FromPort, ToPort: FromPort, IpRanges: [{ CidrIp: cidr }] },
];

test('AWS: a grant’s rows wait for CloudTrail, then are seen; others’ changes stand beside them', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  await world.lag(10 * minute);
  const grant = await open(broker, 'pay-db');
  const gate = grant.rules[0]?.gate.split('/')[1] ?? '';
  const ec2 = world.ec2('eu-north-1');
  await ec2.authorizeSecurityGroupIngress({ GroupId: gate, IpPermissions: byConsole(8080) });
  await ec2.revokeSecurityGroupIngress({ GroupId: gate, IpPermissions: byConsole(8080) });
  await readLogs(world, broker);
  const told = () => rows(broker, ['rule-written', 'rule-removed']);
  expect(told().map(({ inCloud }) => inCloud)).toEqual(['awaited']);
  await world.clock.advance(11 * minute);
  await readLogs(world, broker);
  expect(told().filter(({ origin }) => origin === 'local')).toMatchObject([
    { inCloud: 'seen', grant: grant.id },
  ]);
  const others = told().filter(({ origin }) => origin === 'cloud');
  expect(others).toMatchObject([
    { kind: 'rule-removed', user: 'lena', vmName: 'pay-db', ports: '8080/tcp', source: cidr },
    { kind: 'rule-written', user: 'lena', vmName: 'pay-db', client: 'AWS SDK for JavaScript at 127.0.0.1' },
  ]);
  expect(others[1]?.text).toMatch(
    /^Rule sgr-\w+ was written in latchkey-i-\w+: allow 8080\/tcp from 198\.51\.100\.7\/32\.$/,
  );
  expect(others[0]?.text).toMatch(/ was removed from latchkey-i-\w+: 8080\/tcp from 198\.51\.100\.7\/32\.$/);
  const csv: string[] = [];
  for await (const piece of broker.services.activity.csv({ kinds: ['rule-removed'] })) csv.push(piece);
  expect(csv.join('')).toContain('8080/tcp');
});

test('AWS: a colleague’s grant counts for the VM, with his name', async () => {
  const world = await startWorld();
  const [here, there] = [await world.broker(), await world.broker()];
  const grant = await open(there, 'pay-db');
  await readLogs(world, here);
  const [row] = (await here.services.inventory.list({ search: 'pay-db' })).vms;
  expect(rows(here, ['rule-written'])).toMatchObject([
    { grant: grant.id, origin: 'cloud', vmName: 'pay-db' },
  ]);
  expect(row).toMatchObject({
    week: [0, 0, 0, 0, 0, 0, 1],
    requestsFrom: 'activity-log',
    lastUser: 'lena',
    lastFrom: 'activity-log',
  });
});

test('AWS: who may not read the log is told once for all regions, and no row waits for it', async () => {
  const world = await startWorld();
  const dataDirectory = world.folder();
  const broker = await world.broker({ dataDirectory });
  await world.fault({ action: 'LookupEvents', status: 400, code: 'AccessDeniedException', times: 0 });
  await open(broker, 'pay-db');
  await readLogs(world, broker);
  await readLogs(world, broker);
  const failures = () => rows(broker, ['account']).filter(({ outcome }) => outcome === 'failed');
  expect(failures()).toMatchObject([{ account: 'practice-aws', error: { code: 'CLOUD_FORBIDDEN' } }]);
  expect(rows(broker, ['rule-written']).map(({ inCloud }) => inCloud)).toEqual([undefined]);
  await broker.services.grants.revoke({ all: true });
  broker.stop();
  const next = await world.broker({ dataDirectory });
  await readLogs(world, next);
  expect(rows(next, ['account']).filter(({ outcome }) => outcome === 'failed')).toHaveLength(1);
  await world.heal();
  await readLogs(world, next);
  expect(rows(next, ['rule-written']).map(({ inCloud }) => inCloud)).toEqual(['seen']);
});

test('a server like AWS’s that has no such log is told of once per region, and no row waits for it', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  await world.fault({ action: 'LookupEvents', status: 404, code: 'UnknownOperationException', times: 0 });
  await open(broker, 'pay-db');
  await readLogs(world, broker);
  await readLogs(world, broker);
  const failures = rows(broker, ['account']).filter(({ outcome }) => outcome === 'failed');
  expect(failures.map(({ error }) => error?.code)).toEqual(['CLOUD_FAILED', 'CLOUD_FAILED']);
  expect(rows(broker, ['rule-written']).map(({ inCloud }) => inCloud)).toEqual([undefined]);
});
