/** What others do through Defender for Cloud: its requests in the list, its records in the log, its policy when somebody edits it. */
import { expect, test } from 'vitest';
import type { ActivityRow } from '../../../shared/contract/activity.ts';
import { open, startWorld, type TestBroker, type World } from '../grants/world.ts';
import { readLogs } from './readLogs.ts';

const minute = 60_000;
const source = '203.0.113.7';

async function setUp() {
  const world = await startWorld();
  const broker = await world.broker();
  // The log says nothing before a test wants it to.
  await world.lag(600 * minute);
  const { id, defender } = await broker.services.inventory.find('crm-1');
  return { world, broker, vm: id, policy: defender?.policy ?? '' };
}

/** As somebody at the portal asks. */
const initiate = (world: World, policy: string, vm: string, number = 22) =>
  world.arm('POST', `${policy}/initiate`, {
    virtualMachines: [
      {
        id: vm,
        ports: [
          {
            number,
            endTimeUtc: new Date(world.clock.now() + 30 * minute).toISOString(),
            allowedSourceAddressPrefix: '198.51.100.9',
          },
        ],
      },
    ],
    justification: 'look at the logs',
  });

async function refreshed(world: World, { services }: TestBroker): Promise<void> {
  await world.clock.advance(6_000);
  await world.quiet();
  await services.inventory.refresh();
}

const rowOf = async ({ services }: TestBroker) =>
  (await services.inventory.list({ search: 'crm-1' })).vms.find(({ name }) => name === 'crm-1');
const rows = ({ services }: TestBroker, kind: ActivityRow['kind']) =>
  services.activity.list({ kinds: [kind] }).rows;

test('a request at the portal is in the list by Defender’s own record, and in the activity by the log’s', async () => {
  const { world, broker, vm, policy } = await setUp();
  await initiate(world, policy, vm);
  await refreshed(world, broker);
  expect(await rowOf(broker)).toMatchObject({
    week: [0, 0, 0, 0, 0, 0, 1],
    requestsFrom: 'defender',
    lastFrom: 'defender',
    lastUser: expect.any(String),
    activeUntil: expect.any(String),
  });
  await world.lag(0);
  await readLogs(world, broker);
  expect(rows(broker, 'request')).toMatchObject([
    {
      origin: 'cloud',
      inCloud: 'seen',
      user: 'admin@contoso.example',
      vm,
      vmName: 'crm-1',
      ports: '22/tcp',
      source: '198.51.100.9',
      reason: 'look at the logs',
      text: 'Access was requested through Defender’s policy default.',
    },
  ]);
  // Two sources that say the same are one request.
  expect((await rowOf(broker))?.week.at(-1)).toBe(1);
  expect(rows(broker, 'rule-written')[0]).toMatchObject({ origin: 'cloud', client: 'Defender for Cloud' });
});

test('our own request through Defender is one row with the log’s, and counts once', async () => {
  const { world, broker } = await setUp();
  const grant = await open(broker, 'crm-1', { forMs: 30 * minute, sources: [source], reason: 'logs' });
  await world.lag(0);
  await readLogs(world, broker);
  await refreshed(world, broker);
  expect(rows(broker, 'request')).toHaveLength(1);
  expect(rows(broker, 'request')[0]).toMatchObject({ origin: 'local', grant: grant.id });
  expect(rows(broker, 'rule-written').filter(({ origin }) => origin === 'local')).toMatchObject([
    { inCloud: 'seen', grant: grant.id },
  ]);
  expect((await rowOf(broker))?.week.at(-1)).toBe(1);
});

test('another Latchkey’s request through Defender is told with its grant and the reason alone', async () => {
  const { world, broker } = await setUp();
  const there = await world.broker();
  const grant = await open(there, 'crm-1', { forMs: 30 * minute, sources: [source], reason: 'logs' });
  await world.lag(0);
  await readLogs(world, broker);
  expect(rows(broker, 'request')).toMatchObject([{ origin: 'cloud', grant: grant.id, reason: 'logs' }]);
});

test('Defender’s policy edited by somebody: told with what became of it, and left as it is', async () => {
  const { world, broker, policy } = await setUp();
  const body = (await world.arm('GET', policy)) as {
    properties: { virtualMachines: { id: string; ports: { maxRequestAccessDuration: string }[] }[] };
  };
  for (const { id, ports } of body.properties.virtualMachines)
    for (const port of ports)
      if (id.toLowerCase().endsWith('/crm-1')) port.maxRequestAccessDuration = 'PT24H';
  await world.arm('PUT', policy, body);
  await refreshed(world, broker);
  const [row] = rows(broker, 'changed');
  expect(row).toMatchObject({ vmName: 'crm-1', user: 'somebody else' });
  expect(row?.text).toMatch(
    /edited Defender’s just-in-time policy default for crm-1: .* became .*22\/any for 1d/,
  );
  expect(rows(broker, 'changed')).toHaveLength(1);
  expect((await rowOf(broker))?.changed?.text).toBe(row?.text);
});
