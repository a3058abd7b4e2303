/** A VM that runs containers has an interface for them that ECS or EKS manages: it is none of Latchkey's business. */
import { expect, it, onTestFinished } from 'vitest';
import { buildGroup } from '../../../main/practice/ec2/build.ts';
import { snapshotOf, startPracticeEc2 } from './practiceEc2.ts';

it('locks and unlocks a VM with a trunk, which is left as it is', async () => {
  const practice = await startPracticeEc2({ lagMs: 0 });
  onTestFinished(() => practice.close());
  const region = practice.world.regions.get('eu-north-1');
  const instance = [...(region?.instances.values() ?? [])].find(
    ({ tags }) => tags.get('Name') === 'pay-api-1',
  );
  const first = region?.interfaces.get(instance?.interfaceId ?? '');
  const [vpc] = region?.vpcs.values() ?? [];
  const [v4, v6] = region?.subnets.values() ?? [];
  if (!region || !instance || !first || !vpc || !v4 || !v6) throw new Error('no network');
  const pods = buildGroup(region, { vpc, v4, v6 }, 'pods', 'Containers', [{ port: 22, from: '0.0.0.0/0' }]);
  const trunk = { ...first, id: 'eni-0123456789abcdef0', isTrunk: true, groupIds: [pods.id] };
  region.interfaces.set(trunk.id, trunk);
  instance.moreInterfaceIds = [trunk.id];
  const before = snapshotOf(practice.world);

  const cloud = practice.signIn();
  const vm = await practice.vm(cloud, 'pay-api-1');
  expect(vm.interfaces.map(({ id }) => id)).toEqual([first.id]);
  const plan = await cloud.planLock(vm, [{ port: 22, protocol: 'tcp', sources: [], maxMs: 3_600_000 }]);
  expect(JSON.stringify(plan)).not.toContain(trunk.id);
  await cloud.apply(plan, vm, async () => undefined);
  expect((await cloud.planLock(vm, plan.policy?.ports ?? [])).steps).toEqual([]);
  expect(trunk.groupIds).toEqual([pods.id]);
  expect(pods.rules.size).toBe(2);
  await cloud.apply(await cloud.planUnlock(vm), vm, async () => undefined);
  expect(snapshotOf(practice.world)).toBe(before);
});
