import { expect, test } from 'vitest';
import { createInventory } from '../../../main/broker/inventory/index.ts';
import type { Cloud } from '../../../main/clouds/cloud.ts';
import { parseAccountId, parseVmId, type VmId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { createTestStore } from '../../fakes/os.ts';

const account = parseAccountId('practice-azure');

function vm(name: string, power: Vm['power'] = 'running'): Vm {
  return {
    id: parseVmId(`/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/${name}`),
    name,
    cloud: 'azure',
    account,
    scope: 's',
    location: 'l',
    kind: 'arm',
    os: 'linux',
    power,
    interfaces: [],
  };
}

/** An inventory over one cloud whose pages and fresh looks come when the test says so. */
async function setUp() {
  const { os, db } = await createTestStore();
  const cloud = {
    listings: 0,
    pages: async function* () {} as () => AsyncGenerator<Vm[]>,
    fresh: undefined as Vm | undefined,
    look: async (_id: VmId): Promise<Vm | undefined> => cloud.fresh,
  };
  const stand: Partial<Cloud> = {
    account,
    scopes: async () => [{ id: 's', name: 'Subscription' }],
    inventory() {
      cloud.listings++;
      return cloud.pages();
    },
    vm: id => cloud.look(id),
    endpoints: () => [],
  };
  const inventory = createInventory({
    db,
    os,
    accounts: {
      list: () => [{ id: account, name: 'Practice', state: 'ready' } as never],
      clouds: () => [stand as Cloud],
      cloud: () => stand as Cloud,
      settled: async () => undefined,
      onChange: () => ({ [Symbol.dispose]: () => undefined }),
    } as never,
    activity: { write: () => undefined, summary: () => ({ week: [], requestsFrom: 'ledger' as const }) },
    egress: { sources: async () => [] },
    settings: { get: () => ({ jit: {} }) as never },
  });
  return { inventory, cloud, os };
}

test('a page that was asked for before a fresh look does not bring back what was', async () => {
  const { inventory, cloud, os } = await setUp();
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  cloud.pages = async function* () {
    yield [vm('a'), vm('b')];
    asked.resolve();
    await answer.promise;
    yield [vm('c', 'running'), vm('d', 'running')];
  };
  const refreshing = inventory.refresh();
  await asked.promise;
  expect(inventory.get(vm('a').id)?.name).toBe('a');
  expect(inventory.get(vm('c').id)).toBeUndefined();
  inventory.put(vm('c', 'stopped'));
  answer.resolve();
  await refreshing;
  expect(inventory.get(vm('c').id)?.power).toBe('stopped');
  expect(inventory.get(vm('d').id)?.power).toBe('running');
  await os.clock.advance(5 * 60_000);
  cloud.pages = async function* () {
    yield [vm('c', 'running')];
  };
  await inventory.refresh();
  expect(inventory.get(vm('c').id)?.power).toBe('running');
});

test('a list that contradicts a look of the last minutes is not believed: the VM is looked at again', async () => {
  const { inventory, cloud, os } = await setUp();
  cloud.pages = async function* () {
    yield [vm('a', 'running'), vm('b', 'running')];
  };
  await inventory.refresh();
  cloud.fresh = vm('a', 'stopped');
  await inventory.fresh(vm('a').id);
  const shown: Vm['power'][] = [];
  const look = cloud.look;
  cloud.look = async id => {
    shown.push(inventory.get(vm('a').id)?.power ?? 'unknown');
    return look(id);
  };
  // The index lags: it still knows the VM as it was. At no moment is that shown.
  await os.clock.advance(60_000);
  await inventory.refresh();
  expect(shown).toEqual(['stopped']);
  expect(inventory.get(vm('a').id)?.power).toBe('stopped');
  // Somebody else changed it meanwhile: the second look sees what the first could not.
  cloud.fresh = vm('a', 'starting');
  await inventory.refresh();
  expect(inventory.get(vm('a').id)?.power).toBe('starting');
  // A VM that a look found gone does not come back with an old list.
  cloud.fresh = undefined;
  await expect(inventory.fresh(vm('a').id)).rejects.toMatchObject({ code: 'VM_NOT_FOUND' });
  await inventory.refresh();
  expect(inventory.get(vm('a').id)).toBeUndefined();
  // One that a look found stays, though the list has not heard of it yet.
  cloud.fresh = vm('a', 'running');
  inventory.put(vm('a', 'running'));
  cloud.pages = async function* () {
    yield [vm('b', 'running')];
  };
  await inventory.refresh();
  expect(inventory.get(vm('a').id)?.power).toBe('running');
  await os.clock.advance(5 * 60_000);
  await inventory.refresh();
  expect(inventory.get(vm('a').id)).toBeUndefined();
});

test('a VM that is gone goes after a whole listing, not after half of one', async () => {
  const { inventory, cloud } = await setUp();
  cloud.pages = async function* () {
    yield [vm('a'), vm('b')];
  };
  await inventory.refresh();
  cloud.pages = async function* () {
    yield [vm('a')];
    throw new Error('cut off');
  };
  await inventory.refresh();
  expect(inventory.get(vm('b').id)).toBeDefined();
  cloud.pages = async function* () {
    yield [vm('a')];
  };
  await inventory.refresh();
  expect(inventory.get(vm('b').id)).toBeUndefined();
  cloud.fresh = undefined;
  await expect(inventory.fresh(vm('a').id)).rejects.toMatchObject({ code: 'VM_NOT_FOUND' });
  expect(inventory.get(vm('a').id)).toBeUndefined();
});

test('the clouds are asked again every quarter of an hour while somebody watches', async () => {
  const { inventory, cloud, os } = await setUp();
  inventory.start();
  await os.clock.advance(0);
  expect(cloud.listings).toBe(1);
  await os.clock.advance(15 * 60_000);
  expect(cloud.listings).toBe(1);
  const stop = new AbortController();
  const watch = inventory.watch(stop.signal);
  await watch.next();
  await os.clock.advance(30 * 60_000);
  expect(cloud.listings).toBe(3);
  const waiting = watch.next();
  stop.abort();
  await waiting;
  await os.clock.advance(15 * 60_000);
  expect(cloud.listings).toBe(3);
  inventory.stop();
  expect(os.clock.waiting()).toBe(0);
});
