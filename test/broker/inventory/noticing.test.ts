/** Locks and policies that somebody changes behind our back, through Azure's own API: noticed and told, not fought. */
import { expect, test } from 'vitest';
import { lockRuleName } from '../../../shared/domain/lockMark.ts';
import { startWorld, type TestBroker, type World } from '../grants/world.ts';

const minute = 60_000;
const changes = ({ services }: TestBroker) => services.activity.list({ kinds: ['changed'] }).rows;

async function rowOf({ services }: TestBroker, name: string) {
  const { vms } = await services.inventory.list({ search: name });
  const row = vms.find(vm => vm.name === name && vm.cloud === 'azure');
  if (!row) throw new Error(`no ${name}`);
  return row;
}

/** A VM that this broker locked. */
async function locked(world: World, name = 'jump-eu') {
  const broker = await world.broker();
  const shown = await broker.services.policies.planLock([name]);
  await broker.services.policies.lock(
    [name],
    undefined,
    shown.map(({ fingerprint }) => fingerprint),
  );
  const vm = await broker.services.inventory.find(name);
  const gates = vm.interfaces.flatMap(nic => nic.layers.flatMap(layer => layer.gates));
  const gate = gates.find(one => one.rules.some(({ name }) => name === lockRuleName(vm.id)));
  return { broker, vm, lock: `${gate?.id}/securityRules/${lockRuleName(vm.id)}` };
}

/** A refresh that began after all that was done before; Resource Graph's quota is free again. */
async function refreshed(world: World, { services }: TestBroker): Promise<void> {
  await world.clock.advance(6_000);
  await world.quiet();
  await services.inventory.refresh();
}

const tags = (world: World, vm: string, operation: string, values: Record<string, string>) =>
  world.arm('PATCH', `${vm}/providers/Microsoft.Resources/tags/default`, {
    operation,
    properties: { tags: values },
  });

test('a lock’s rule is removed: told, shown at the VM, not put back, and gone from it once locked again', async () => {
  const world = await startWorld();
  const { broker, vm, lock } = await locked(world);
  expect(changes(broker)).toEqual([]);
  await world.arm('DELETE', lock);
  await refreshed(world, broker);
  await refreshed(world, broker);
  expect(changes(broker)).toMatchObject([
    {
      vm: vm.id,
      user: 'somebody else',
      text: expect.stringMatching(/changed the lock of jump-eu: rule latchkey-lock-\w+ in \S+ was removed/),
    },
  ]);
  expect((await rowOf(broker, 'jump-eu')).changed?.text).toContain('was removed');
  await expect(world.arm('GET', lock)).rejects.toThrow('NotFound');
  const again = await broker.services.policies.planLock(['jump-eu']);
  await broker.services.policies.lock(
    ['jump-eu'],
    undefined,
    again.map(({ fingerprint }) => fingerprint),
  );
  expect(changes(broker)).toHaveLength(1);
  expect((await rowOf(broker, 'jump-eu')).changed).toBeUndefined();
});

test('a lock’s priority is moved: told by the look at one VM as well', async () => {
  const world = await startWorld();
  const { broker, lock } = await locked(world);
  const rule = (await world.arm('GET', lock)) as { properties: object };
  await world.arm('PUT', lock, { properties: { ...rule.properties, priority: 4000 } });
  await broker.services.inventory.detail('jump-eu');
  expect(changes(broker)[0]?.text).toMatch(/was moved from priority \d+ to 4000/);
});

test('a policy tag is edited, and taken away: told with what became of it, not written over', async () => {
  const world = await startWorld();
  const { broker, vm } = await locked(world);
  await tags(world, vm.id, 'Merge', { 'latchkey-policy': '22/tcp=24h@any' });
  await refreshed(world, broker);
  expect(changes(broker)[0]?.text).toContain('edited the policy of jump-eu');
  expect(changes(broker)[0]?.text).toContain('22/tcp for 1d from anywhere');
  expect((await rowOf(broker, 'jump-eu')).protectedPorts).toEqual([22]);
  await tags(world, vm.id, 'Merge', { 'latchkey-policy': 'anything' });
  await refreshed(world, broker);
  expect(changes(broker)[0]?.text).toContain('edited the policy tag of jump-eu');
  await tags(world, vm.id, 'Delete', { 'latchkey-policy': '' });
  await refreshed(world, broker);
  expect(changes(broker)).toHaveLength(3);
  expect(changes(broker)[0]?.text).toContain('took the policy off the tags of jump-eu');
});

test('what changed while no broker ran is told by the next one', async () => {
  const world = await startWorld();
  const { broker, vm } = await locked(world);
  const { dataDirectory } = broker;
  broker.stop();
  await tags(world, vm.id, 'Merge', { 'latchkey-policy': '22/tcp=2h@any' });
  await world.clock.advance(6_000);
  const next = await world.broker({ dataDirectory, bare: true });
  await next.services.accounts.settled();
  await refreshed(world, next);
  expect(changes(next)).toHaveLength(1);
});

test('our own locks and unlocks are nobody else’s doing; another Latchkey’s are', async () => {
  const world = await startWorld();
  const [here, there] = [await world.broker(), await world.broker()];
  for (const kind of ['planLock', 'planUnlock'] as const) {
    const shown = (await here.services.policies[kind](['jump-eu'])).map(({ fingerprint }) => fingerprint);
    if (kind === 'planLock') await here.services.policies.lock(['jump-eu'], undefined, shown);
    else await here.services.policies.unlock(['jump-eu'], shown);
    await refreshed(world, here);
    await refreshed(world, there);
  }
  expect(changes(here)).toEqual([]);
  expect(changes(there).map(({ text }) => text.split(' jump-eu')[0])).toEqual([
    'Somebody else changed the lock of',
    'Somebody else took the policy off the tags of',
    'Somebody else gave',
  ]);
});

test('an index that lags behind our own lock is no news, and what was written stays known', async () => {
  const world = await startWorld({ graphLagMs: 10 * minute });
  const { broker } = await locked(world);
  await refreshed(world, broker);
  expect(changes(broker)).toEqual([]);
  expect((await rowOf(broker, 'jump-eu')).tab).toBe('configured');
});
