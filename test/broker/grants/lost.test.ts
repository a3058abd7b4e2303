/** What is done to a VM and its gates while a grant is open: told, the rest cleared away, and nothing fought. */
import { expect, test } from 'vitest';
import { now, once, open, startWorld, told } from './world.ts';

const minute = 60_000;

/** A world with an open grant, and the VM's interface as ARM tells it. */
async function opened(vm: string, source = '203.0.113.7') {
  const world = await startWorld();
  const broker = await world.broker();
  const grant = await open(broker, vm, { forMs: 60 * minute, sources: [source] });
  const nic = (await world.arm(
    'GET',
    `${groupOf(grant.vm)}/providers/Microsoft.Network/networkInterfaces/${vm}-nic`,
  )) as {
    id: string;
    properties: { networkSecurityGroup?: { id: string } };
  };
  return { world, broker, grant, nic };
}

function groupOf(id: string): string {
  return id.slice(0, id.indexOf('/providers/'));
}

type Opened = Awaited<ReturnType<typeof opened>>;

async function makeGate({ world, grant }: Opened, name: string): Promise<string> {
  const id = `${groupOf(grant.vm)}/providers/Microsoft.Network/networkSecurityGroups/${name}`;
  await world.arm('PUT', id, { location: 'westeurope', properties: { securityRules: [] } });
  return id;
}

/** A look some minutes later. */
async function look({ world, broker }: Opened): Promise<void> {
  await world.clock.advance(2 * minute);
  await broker.grants.sweep();
}

async function expectOver(one: Opened, words: string): Promise<void> {
  const grant = await once(one.broker, one.grant.id, 'closed');
  expect(grant.rules.every(({ state }) => state === 'gone')).toBe(true);
  expect(await one.world.standing()).toEqual([]);
  const { rows } = one.broker.services.activity.list({ limit: 1000 });
  expect(rows.find(({ kind }) => kind === 'closed')?.text).toContain(words);
}

test('the VM is deleted: its grant is over and its rules are cleared away', async () => {
  const one = await opened('web-1');
  await one.world.arm('DELETE', one.grant.vm);
  await look(one);
  await expectOver(one, 'web-1 is not there any more');
});

test('its interface is put behind another NSG: over, and to be asked for again', async () => {
  const one = await opened('web-1');
  const other = await makeGate(one, 'other-nsg');
  await one.world.arm('PUT', one.nic.id, { properties: { networkSecurityGroup: { id: other } } });
  await look(one);
  await expectOver(one, 'put behind other gates');
  const again = await open(one.broker, 'web-1');
  expect(again.rules.map(({ gateName }) => gateName).toSorted()).toEqual(['other-nsg', 'web-subnet-nsg']);
});

test('its only NSG is taken off: nothing carries the grant any more', async () => {
  const one = await opened('v6-only-1', '2001:db8::7');
  await one.world.arm('PUT', one.nic.id, { properties: {} });
  await look(one);
  await expectOver(one, 'put behind other gates');
});

test('one of two NSGs is taken off: the other still carries the grant, and its end clears both', async () => {
  const one = await opened('web-1');
  await one.world.arm('PUT', one.nic.id, { properties: {} });
  await look(one);
  expect(now(one.broker, one.grant.id).state).toBe('open');
  expect(await one.world.standing()).toHaveLength(2);
  const closed = once(one.broker, one.grant.id, 'closed');
  await one.world.clock.advance(60 * minute);
  await closed;
  expect(await one.world.standing()).toEqual([]);
});

test('its NSG is deleted with the rule in it: the door is gone, and told', async () => {
  const one = await opened('v6-only-1', '2001:db8::7');
  const gate = one.nic.properties.networkSecurityGroup?.id ?? '';
  await expect(one.world.arm('DELETE', gate)).rejects.toThrow('InUseNetworkSecurityGroupCannotBeDeleted');
  await one.world.arm('PUT', one.nic.id, { properties: {} });
  await one.world.arm('DELETE', gate);
  await look(one);
  const grant = await once(one.broker, one.grant.id, 'closed');
  expect(grant.rules.map(({ state }) => state)).toEqual(['gone']);
  expect(told(one.broker).filter(kind => kind === 'closed')).toHaveLength(1);
});

test('the NSG of its subnet is taken off and deleted', async () => {
  const one = await opened('web-2');
  const vnet = `${groupOf(one.grant.vm)}/providers/Microsoft.Network/virtualNetworks/web-vnet`;
  await one.world.arm('PUT', `${vnet}/subnets/web`, { properties: { addressPrefix: '10.10.1.0/24' } });
  await look(one);
  await expectOver(one, 'put behind other gates');
});

test('a VM that can’t be looked at keeps its grant, and is looked at again', async () => {
  const one = await opened('web-1');
  await one.world.arm('DELETE', one.grant.vm);
  const fault = await one.world.fault({
    cloud: 'azure',
    path: 'virtualMachines/web-1',
    status: 403,
    times: 0,
  });
  await look(one);
  expect(now(one.broker, one.grant.id).state).toBe('open');
  await one.world.heal(fault);
  await look(one);
  await expectOver(one, 'not there any more');
});

test('nothing happened: looked at, and left alone, in both clouds', async () => {
  const one = await opened('web-1');
  const aws = await open(one.broker, 'pay-db', { forMs: 60 * minute });
  await look(one);
  await look(one);
  expect([one.grant.id, aws.id].map(id => now(one.broker, id).state)).toEqual(['open', 'open']);
});
