/** Azure Firewalls of the practice cloud, through the official client and from the machines' side. */
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { letsAnyWay, translate } from '../../../main/practice/arm/firewallPath.ts';
import type { AzureFirewall } from '../../../main/practice/arm/resources.ts';
import { troubleByName } from '../../../main/practice/arm/troubles.ts';
import { startMachines } from '../../../main/practice/machines/start.ts';
import { type PracticeArm, startArm } from './setup.ts';

let practice: PracticeArm;
beforeEach(async () => {
  practice = await startArm({ firewallMs: 300, pageSize: 2 });
});
afterEach(async () => practice.stop());

const address = '198.18.255.240';
const hub = '198.18.255.241';
const vm = (name: string): string => {
  const found = [...practice.arm.world.all('Microsoft.Compute/virtualMachines')].find(
    one => one.name === name,
  );
  if (!found) throw new Error(`no ${name}`);
  return found.id;
};
const firewall = (): AzureFirewall => {
  const [found] = practice.arm.world.all('Microsoft.Network/azureFirewalls');
  if (!found) throw new Error('no firewall');
  return found;
};
const rule = (name: string, sources: string[], port: string) => ({
  name,
  sourceAddresses: sources,
  destinationAddresses: [address],
  destinationPorts: [port],
  protocols: ['TCP'],
  translatedAddress: '10.70.1.5',
  translatedPort: '22',
});

test('a vendor comes through the firewall to one port of one machine, and a lock shuts it', () => {
  const { world } = practice.arm;
  expect(translate(world, address, 2222, '127.0.0.1')).toEqual({
    vm: vm('ledger-2').toLowerCase(),
    port: 22,
    through: true,
  });
  expect(translate(world, address, 2223, '127.0.0.1')).toBeUndefined();
  expect(translate(world, hub, 2222, '127.0.0.1')).toBeUndefined();
  expect(letsAnyWay(world, vm('ledger-2'), '127.0.0.1', 22)).toBe(true);
  expect(letsAnyWay(world, vm('ledger-2'), '127.0.0.1', 3389)).toBe(false);
  for (const name of ['ledger-1', 'batch-1', 'batch-2'])
    expect(letsAnyWay(world, vm(name), '127.0.0.1', 22)).toBe(false);
});

test('a whole firewall is written, one at a time, and takes effect when the update is over', async () => {
  const network = practice.network();
  const read = await network.azureFirewalls.get('rg-finance', 'finance-fw');
  expect(read.natRuleCollections?.map(one => one.name)).toEqual(['vendors']);
  const collection = {
    name: 'mine',
    priority: 300,
    action: { type: 'Dnat' },
    rules: [rule('mine', ['127.0.0.1'], '50022')],
  };
  const writing = network.azureFirewalls.createOrUpdate(
    'rg-finance',
    'finance-fw',
    { ...read, natRuleCollections: [...(read.natRuleCollections ?? []), collection] },
    { updateIntervalInMs: 5 },
  );
  await writing.submitted();
  expect(letsAnyWay(practice.arm.world, vm('ledger-2'), '127.0.0.1', 22)).toBe(true);
  expect(translate(practice.arm.world, address, 50_022, '127.0.0.1')).toBeUndefined();
  const path = firewall().id;
  const second = await practice.send('PUT', path, { location: 'westeurope', properties: { ...read } });
  expect([second.status, second.json['error'].code]).toEqual([409, 'AnotherOperationInProgress']);
  const written = await writing.pollUntilDone();
  expect([written.provisioningState, written.natRuleCollections?.length]).toEqual(['Succeeded', 2]);
  expect(translate(practice.arm.world, address, 50_022, '127.0.0.1')?.through).toBe(true);
  expect(translate(practice.arm.world, address, 50_022, '127.0.0.2')).toBeUndefined();
});

test('groups of a policy are written and removed one at a time, each as a whole', async () => {
  const network = practice.network(practice.test);
  const groups = network.firewallPolicyRuleCollectionGroups;
  const names: string[] = [];
  for await (const group of groups.list('rg-hub', 'hub-policy')) names.push(group.name ?? '');
  expect(names).toEqual(['DefaultDnatRuleCollectionGroup']);
  const { protocols, ...rest } = rule('mine', ['127.0.0.0/8'], '50022');
  const own = {
    ...rest,
    ruleType: 'NatRule' as const,
    ipProtocols: protocols,
    destinationAddresses: [hub],
    translatedAddress: '10.81.1.5',
  };
  const writing = groups.createOrUpdate(
    'rg-hub',
    'hub-policy',
    'mine',
    {
      priority: 300,
      ruleCollections: [
        {
          ruleCollectionType: 'FirewallPolicyNatRuleCollection',
          name: 'mine',
          priority: 100,
          action: { type: 'DNAT' },
          rules: [own],
        },
      ],
    },
    { updateIntervalInMs: 5 },
  );
  await writing.submitted();
  const path = `/subscriptions/${practice.test}/resourceGroups/rg-hub/providers/Microsoft.Network/firewallPolicies/hub-policy/ruleCollectionGroups/other`;
  const other = { properties: { priority: 400, ruleCollections: [] } };
  expect((await practice.send('PUT', path, other)).status).toBe(409);
  await writing.pollUntilDone();
  expect(letsAnyWay(practice.arm.world, vm('batch-2'), '127.0.0.1', 22)).toBe(true);
  await groups.delete('rg-hub', 'hub-policy', 'mine', { updateIntervalInMs: 5 });
  expect(letsAnyWay(practice.arm.world, vm('batch-2'), '127.0.0.1', 22)).toBe(false);
});

test('what makes no sense is refused, and a failed update changes nothing that packets meet', async () => {
  const { id } = firewall();
  const body = (...collections: object[]) => ({
    location: 'westeurope',
    properties: { ipConfigurations: [{}], natRuleCollections: collections },
  });
  const collection = (name: string, priority: number, port = '50022') => ({
    name,
    properties: { priority, action: { type: 'Dnat' }, rules: [rule(name, ['*'], port)] },
  });
  for (const bad of [
    body(collection('a', 99)),
    body(collection('a', 200, 'ssh')),
    body(collection('a', 200), collection('b', 200)),
    body(collection('a', 200), collection('a', 300)),
  ])
    expect((await practice.send('PUT', id, bad)).status).toBe(400);
  practice.core.faults.add({ method: 'PUT', path: 'azureFirewalls', ...troubleByName('OperationFailed') });
  await practice.send('PUT', id, body(collection('a', 200)));
  await expect.poll(() => firewall().properties.provisioningState).toBe('Failed');
  expect(translate(practice.arm.world, address, 2222, '127.0.0.1')?.through).toBe(true);
  expect((await practice.send('PUT', id, body(), practice.tokens.viewer)).status).toBe(403);
});

test('Resource Graph knows firewalls, policies, groups and routes', async () => {
  const query =
    "resources | where type =~ 'microsoft.network/firewallpolicies/rulecollectiongroups' | project id, name";
  const { json } = await practice.send('POST', '/providers/Microsoft.ResourceGraph/resources', { query });
  expect(json['data'].map((row: { name: string }) => row.name)).toEqual(['DefaultDnatRuleCollectionGroup']);
});

test('the firewall takes a connection whose machine does not answer, and resets one that no rule lets in', async () => {
  const { world, machines, firewalls } = practice.arm;
  const net = await startMachines(machines, { firewalls });
  try {
    const mapped = net.mapped?.().find(one => one.address === address);
    expect(mapped?.port).toBe(2222);
    expect(await firstBytes(mapped?.hostPort ?? 0)).toMatch(/^SSH-2\.0/);
    world.setPower(vm('ledger-2'), 'deallocated');
    expect(await firstBytes(mapped?.hostPort ?? 0)).toBe('silence');
    firewall().inForce = [];
    expect(await firstBytes(mapped?.hostPort ?? 0)).toBe('reset');
  } finally {
    await net.stop();
  }
});

/** What comes first: the other side's text, a reset, or nothing for a while. */
function firstBytes(port: number): Promise<string> {
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.setTimeout(300, () => resolve('silence'));
    socket.once('data', data => resolve(data.toString()));
    socket.once('error', () => resolve('reset'));
  }).then(text => String(text));
}
