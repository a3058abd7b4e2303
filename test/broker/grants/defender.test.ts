/** Grants that Defender for Cloud carries: opened by a request, ended by the platform, whatever becomes of this computer. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { now, open, startWorld, type TestBroker, told, type World } from './world.ts';

const minute = 60_000;
const source = '203.0.113.7';

interface Policy {
  properties: {
    virtualMachines: { id: string; ports: object[] }[];
    requests: {
      justification?: string;
      virtualMachines: { ports: { status: string; statusReason: string; endTimeUtc: string }[] }[];
    }[];
  };
}

const policyOf = async (world: World, broker: TestBroker, vm = 'crm-1') =>
  (await world.arm('GET', (await broker.services.inventory.find(vm)).defender?.policy ?? '')) as Policy;
/** Does Defender's rule let the source in now? */
async function isOpen(world: World, broker: TestBroker, vm = 'crm-1'): Promise<boolean> {
  const found = await broker.services.inventory.find(vm);
  const gate = found.interfaces[0]?.layers[0]?.gates[0]?.id ?? '';
  const nsg = (await world.arm('GET', gate)) as {
    properties: { securityRules: { name: string; properties: { access: string } }[] };
  };
  return nsg.properties.securityRules.some(
    rule => rule.name.includes('JITRule-') && rule.properties.access === 'Allow',
  );
}

test('the justification says whose it is, the cloud ends it, and the screen says so', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  const preview = await broker.grants.preview({ vms: ['crm-1'], sources: [source] });
  expect(preview.previews[0]).toMatchObject({
    writes: [`Defender policy default: let ${source}/32 in to port 22 for 1h`],
    notes: [expect.stringContaining('cloud ends it by itself')],
  });
  const grant = await open(broker, 'crm-1', { forMs: 30 * minute, sources: [source], reason: 'logs' });
  expect(grant).toMatchObject({ state: 'open', endedBy: 'cloud', rules: [{ state: 'standing' }] });
  expect((await policyOf(world, broker)).properties.requests[0]?.justification).toBe(
    `latchkey ${grant.id}: logs`,
  );
  await broker.services.inventory.fresh(grant.vm as never);
  const row = broker.services.inventory.row(await broker.services.inventory.find('crm-1'));
  expect(row).toMatchObject({ tab: 'configured', access: 'open', exposedPorts: [] });
  // A rule of before lets everybody to this one: configured does not prove shut.
  const other = broker.services.inventory.row(await broker.services.inventory.find('crm-db'));
  expect(other).toMatchObject({ tab: 'configured', access: 'exposed', exposedPorts: [3389] });
});

test('a broker that is killed shuts nothing, and the platform does', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  const grant = await open(broker, 'crm-1', { forMs: 10 * minute, sources: [source] });
  expect(await isOpen(world, broker)).toBe(true);
  broker.stop();
  await world.clock.advance(11 * minute);
  expect(await isOpen(world, broker)).toBe(false);
  const [request] = (await policyOf(world, broker)).properties.requests;
  expect(request?.virtualMachines[0]?.ports[0]).toMatchObject({ status: 'Revoked', statusReason: 'Expired' });
  const next = await world.broker({ dataDirectory: broker.dataDirectory });
  await next.grants.sweep();
  expect(now(next, grant.id)).toMatchObject({
    state: 'closed',
    notes: expect.arrayContaining([expect.stringContaining('Defender has ended it by itself')]),
  });
});

test('extended it ends later, revoked it is shut at once, and how that went is told', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  const grant = await open(broker, 'crm-1', { forMs: 10 * minute, sources: [source] });
  await broker.grants.extend(grant.id, { byMs: 20 * minute });
  await world.clock.advance(15 * minute);
  expect(await isOpen(world, broker)).toBe(true);
  await broker.grants.revoke({ grants: [grant.id] });
  expect(await isOpen(world, broker)).toBe(false);
  expect(now(broker, grant.id)).toMatchObject({
    state: 'closed',
    notes: expect.arrayContaining([expect.stringContaining('its rule was deleted')]),
  });
  expect(told(broker).filter(kind => kind.endsWith('!'))).toEqual([]);
  await expect(open(broker, 'crm-1', { forMs: 4 * 60 * minute, sources: [source] })).rejects.toMatchObject({
    code: 'TIME_TOO_LONG',
  });
});

test('two grants of one port and source: the last one’s end is the rule’s, and ending one leaves the other', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  const [short, long] = [
    await open(broker, 'crm-1', { forMs: 10 * minute, sources: [source] }),
    await open(broker, 'crm-1', {
      forMs: 60 * minute,
      sources: [source],
      ports: [{ port: 22 }, { port: 5986 }],
    }),
  ];
  await broker.grants.revoke({ grants: [short.id] });
  expect(await isOpen(world, broker)).toBe(true);
  await world.clock.advance(30 * minute);
  expect(await isOpen(world, broker)).toBe(true);
  await broker.grants.revoke({ grants: [long.id] });
  expect(await isOpen(world, broker)).toBe(false);
});

test('a request that somebody ended in the portal is noticed and told, not fought', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  const grant = await open(broker, 'crm-1', { forMs: 60 * minute, sources: [source] });
  const found = await broker.services.inventory.find('crm-1');
  const policy = await policyOf(world, broker);
  const without = policy.properties.virtualMachines.filter(({ id }) => id.toLowerCase() !== found.id);
  await world.arm('PUT', found.defender?.policy ?? '', {
    ...policy,
    properties: { ...policy.properties, virtualMachines: without },
  });
  await world.clock.advance(5 * minute);
  await broker.grants.sweep();
  expect(now(broker, grant.id).state).toBe('closed');
  expect(told(broker)).toContain('closed');
  expect(await isOpen(world, broker)).toBe(false);
});

test('the ledger is lost: the request is taken up again by its justification, and can be ended', async () => {
  const world = await startWorld();
  const first = await world.broker();
  const grant = await open(first, 'crm-1', { forMs: 60 * minute, sources: [source] });
  first.stop();
  writeFileSync(join(first.dataDirectory, 'ledger.sqlite'), 'nothing that SQLite could read');
  const broker = await world.broker({ dataDirectory: first.dataDirectory });
  await broker.grants.sweep();
  expect(now(broker, grant.id)).toMatchObject({
    state: 'open',
    endedBy: 'cloud',
    endsAt: grant.endsAt,
    rules: [{ names: grant.rules[0]?.names }],
  });
  await broker.grants.revoke({ grants: [grant.id] });
  expect(await isOpen(world, broker)).toBe(false);
});

test('the setting decides which way a subscription goes, at once and without asking a cloud', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  const { settings, inventory, policies } = broker.services;
  const { scope } = await inventory.find('crm-1');
  const way = async (chosen: 'auto' | 'defender' | 'direct') => {
    settings.set({ jit: { [scope]: chosen } });
    await world.quiet();
    await world.asked();
    inventory.waysChanged();
    expect(await world.asked()).toEqual([]);
  };
  const gates = async (vm: string) =>
    (await broker.grants.preview({ vms: [vm], sources: [source] })).previews.flatMap(one =>
      one.writes.map(text => text.split(':')[0]),
    );
  expect(await gates('crm-1')).toEqual(['Defender policy default']);
  await way('direct');
  expect(settings.get().jit).toEqual({ [scope]: 'direct' });
  expect(await gates('crm-1')).toEqual(['crm-1-nsg']);
  expect((await policies.planLock(['jump-eu']))[0]?.steps[0]?.action).toBe('tag');
  await way('defender');
  expect(await gates('crm-1')).toEqual(['Defender policy default']);
  expect((await policies.planLock(['jump-eu']))[0]?.steps[0]?.target).toBe('Defender policy default');
  const { failures } = await broker.grants.preview({ vms: ['web-1'], sources: [source] });
  expect(failures[0]?.error.code).toBe('NOT_CONFIGURED');
  await way('auto');
  expect(settings.get().jit).toEqual({});
  expect(await gates('web-1')).not.toContain('Defender policy default');
});
