/** China and GovCloud: a door is opened and shut there, by this computer and by AWS itself, under ARNs of their own. */
import { expect, it, onTestFinished } from 'vitest';
import { guardOf } from '../../../main/clouds/cloud.ts';
import { parseGrantId } from '../../../shared/domain/ids.ts';
import { snapshotOf, startPracticeEc2 } from './practiceEc2.ts';

it.each([
  ['aws-cn', 'cn-north-1'],
  ['aws-us-gov', 'us-gov-west-1'],
] as const)('%s: lock, open, an end by AWS, close, unlock', async (partition, region) => {
  let aheadMs = 0;
  const practice = await startPracticeEc2({ lagMs: 0, partition, now: () => Date.now() + aheadMs });
  onTestFinished(() => practice.close());
  const { world, scheduler } = practice;
  const cloud = practice.signIn();
  const guard = guardOf(cloud);
  await guard.apply(await guard.plan('install'));
  expect(await guard.state()).toMatchObject({ state: 'installed' });

  const vm = await practice.vm(cloud, 'pay-api-1');
  expect(vm.id).toMatch(`arn:${partition}:ec2:${region}:${world.account}:instance/`);
  const before = snapshotOf(world);
  const ports = [{ port: 22, protocol: 'tcp' as const, sources: [], maxMs: 3_600_000 }];
  await cloud.apply(await cloud.planLock(vm, ports), vm, async () => undefined);
  const locked = await cloud.vm(vm.id);
  const end = Math.ceil(Date.now() / 1000) * 1000 + 600_000;
  const orders = (grant: string) =>
    cloud.orders(locked ?? vm, {
      ports: [{ port: 22, protocol: 'tcp' }],
      sources: ['203.0.113.7/32'],
      mark: { grant: parseGrantId(grant), owner: 'lena', end, vmName: vm.name },
    });
  const [first] = orders('firstfirstaa');
  const [second] = orders('secondsecond');
  if (!first || !second) throw new Error('no order');

  expect((await cloud.open(first)).endedBy).toBe('cloud');
  const [schedule] = world.schedules.values();
  expect(schedule?.target).toMatchObject({
    arn: `arn:${partition}:scheduler:::aws-sdk:ec2:revokeSecurityGroupIngress`,
    role: `arn:${partition}:iam::${world.account}:role/latchkey-guard`,
  });
  const standing = () => practice.group(region, first.gate.split('/')[1] ?? '').rules.length;
  expect(standing()).toBe(1);
  aheadMs = end + 60_000 - Date.now();
  scheduler.tick();
  expect(standing()).toBe(0);
  aheadMs = 0;

  const { gate, names } = await cloud.open(second);
  await cloud.close(gate, names, [second.mark.grant]);
  expect(world.schedules.size).toBe(0);
  await cloud.apply(await cloud.planUnlock(vm), vm, async () => undefined);
  expect(snapshotOf(world)).toBe(before);
  await guard.apply(await guard.plan('remove'));
  expect(world.roles.size).toBe(0);
});
