/** Azure Firewalls: what others do at the same time, updates that fail, strangers at the door, and the rights to look. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Cloud, RuleOrder } from '../../../main/clouds/cloud.ts';
import type { AzureFirewall } from '../../../main/practice/arm/resources.ts';
import { troubleByName } from '../../../main/practice/arm/troubles.ts';
import { parseGrantId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { all, type Practice, quickClock, startPractice } from './practice.ts';

let practice: Practice;
let cloud: Cloud;
beforeEach(async () => {
  practice = await startPractice({ firewallMs: 10 });
  cloud = await practice.signIn({ clock: quickClock() });
});
afterEach(async () => practice.stop());

const grant = parseGrantId('abcd2345efgh');
const mark = { grant, owner: 'a.berg@contoso.com', end: Date.UTC(2030, 0), vmName: 'ledger-1' };
const tcp = (port: number) => ({ port, protocol: 'tcp' as const });
const look = async (name: string): Promise<Vm> => {
  const vm = await cloud.vm(practice.vm(name));
  if (!vm) throw new Error(`no ${name}`);
  return vm;
};
const orderFor = async (name: string, ports = [22]): Promise<RuleOrder> => {
  const vm = await look(name);
  const [first] = cloud.orders(vm, { ports: ports.map(tcp), sources: ['198.51.100.7'], mark });
  if (!first) throw new Error('no order');
  return first;
};
const classic = (): AzureFirewall => {
  const found = [...practice.arm.world.all('Microsoft.Network/azureFirewalls')].find(
    one => !one.properties.firewallPolicy,
  );
  if (!found) throw new Error('no classic firewall');
  return found;
};
const names = () => classic().properties.natRuleCollections.map(one => one.name);
const puts = () => practice.asked().filter(one => one.startsWith('PUT ') && /azurefirewalls/i.test(one));

describe('which firewall stands in front', () => {
  test('is seen alike by a list and by a fresh look', async () => {
    const scopes = await cloud.scopes();
    const listed: Vm[] = [];
    for (const scope of scopes) listed.push(...(await all(cloud.inventory(scope))).flat());
    for (const name of ['ledger-1', 'ledger-2', 'batch-1', 'batch-2']) {
      const fresh = await look(name);
      expect(fresh.firewall).toBeDefined();
      expect(listed.find(vm => vm.name === name)?.firewall).toEqual(fresh.firewall);
    }
    expect((await look('batch-1')).firewall).toMatchObject({
      kind: 'policy',
      publicAddresses: ['198.18.255.241'],
      subnet: ['10.80.0.0/26'],
    });
    expect((await look('web-1')).firewall).toBeUndefined();
  });
});

describe('a grant', () => {
  test('has the same port each time, another one where that is taken, and tells where to connect to', async () => {
    const order = await orderFor('ledger-1', [22, 3389]);
    const first = await cloud.open(order);
    expect(first.endpoints).toHaveLength(2);
    expect(first.endpoints?.every(one => one.host === '198.18.255.240')).toBe(true);
    const later = { ...mark, grant: parseGrantId('bcde2345efgh') };
    const second = await cloud.open({ ...order, mark: later, sources: ['198.51.100.8'] });
    const ports = [...(first.endpoints ?? []), ...(second.endpoints ?? [])].map(one => one.hostPort);
    expect(new Set(ports).size).toBe(4);
    expect(ports.every(port => port >= 50_000 && port <= 63_999)).toBe(true);
    await cloud.close(order.gate, [...first.names, ...second.names], [grant, later.grant]);
    expect(names()).toEqual(['vendors']);
    expect((await cloud.open(order)).endpoints).toEqual(first.endpoints);
  });

  test('waits for somebody else’s update and is made from what that left', async () => {
    const order = await orderFor('ledger-1');
    const { properties } = classic();
    const theirs = structuredClone(properties.natRuleCollections[0]);
    if (!theirs) throw new Error('no collection');
    theirs.name = 'theirs';
    theirs.properties.priority = 900;
    theirs.properties.rules[0] = { ...theirs.properties.rules[0], destinationPorts: ['4444'] } as never;
    // Between our look and our write another one is begun: ours is refused, and never sent again as it was.
    practice.core.faults.add({
      method: 'PUT',
      path: 'azureFirewalls',
      delayMs: 500,
      ...troubleByName('AnotherOperationInProgress'),
    });
    practice.forget();
    const opening = cloud.open(order);
    await expect.poll(() => puts().length).toBe(1);
    properties.natRuleCollections = [...properties.natRuleCollections, theirs];
    const standing = await opening;
    expect(names()).toEqual(['vendors', 'theirs', ...standing.names]);
    expect(puts().length).toBe(2);
  });

  test('that somebody’s older look wrote away is put back by who extends it, and theirs stays', async () => {
    const order = await orderFor('ledger-1');
    const standing = await cloud.open(order);
    classic().properties.natRuleCollections = classic().properties.natRuleCollections.filter(
      one => one.name === 'vendors',
    );
    const again = await cloud.extend({ ...order, mark: { ...mark, end: mark.end + 60_000 } }, standing);
    expect(again.endpoints).toEqual(standing.endpoints);
    expect(names()).toEqual(['vendors', ...standing.names]);
  });

  test('is written again after an update that failed', async () => {
    const order = await orderFor('ledger-1');
    practice.core.faults.add({ method: 'PUT', path: 'azureFirewalls', ...troubleByName('OperationFailed') });
    practice.forget();
    const standing = await cloud.open(order);
    expect(puts().length).toBe(2);
    expect(classic().inForce.map(one => one.name)).toEqual(['vendors', ...standing.names]);
  });

  test('many at once are few writes', async () => {
    const order = await orderFor('ledger-1');
    const orders = Array.from('bcdefghijk', (letter, i) => ({
      ...order,
      mark: { ...mark, grant: parseGrantId(`${letter}aaaaaaaaaaa`) },
      sources: [`198.51.100.${i + 20}`],
    }));
    practice.forget();
    await Promise.all(orders.map(one => cloud.open(one)));
    expect(puts().length).toBeLessThanOrEqual(2);
    expect(names()).toHaveLength(11);
  });

  test('is refused, at the NSG too, while a rule of others leads strangers to the same port', async () => {
    const vm = await look('ledger-2');
    const orders = cloud.orders(vm, { ports: [tcp(22)], sources: ['198.51.100.7'], mark });
    expect(orders.map(one => one.sources)).toEqual([['198.51.100.7'], ['10.70.0.0/26']]);
    for (const order of orders)
      await expect(cloud.open(order)).rejects.toMatchObject({
        code: 'CLOUD_CONFLICT',
        message: expect.stringContaining('vendors/ledger-vendor'),
      });
    expect(names()).toEqual(['vendors']);
    const other = cloud.orders(vm, { ports: [tcp(3389)], sources: ['198.51.100.7'], mark });
    for (const order of other) await cloud.open(order);
  });
});

test('a lock of a VM that has only a firewall in front takes strangers’ rules out, and needs no NSG', async () => {
  const vm = await look('batch-2');
  const ports = [{ port: 443, protocol: 'tcp' as const, sources: [], maxMs: 3_600_000 }];
  const plan = await cloud.planLock(vm, ports);
  expect(plan.steps.map(step => [step.action, step.foreign])).toEqual([
    ['tag', false],
    ['remove', true],
  ]);
  expect(plan.steps[1]?.before).toContain('"destinationPorts":["8443"]');
  await cloud.apply(plan, vm, async () => {});
  const after = await look('batch-2');
  expect(after.firewall?.gate.rules).toEqual([]);
  await cloud.apply(await cloud.planUnlock(after), after, async () => {});
  expect((await look('batch-2')).firewall).toEqual(vm.firewall);
});
