/** A rule so young that AWS does not list it yet: not listed is not gone. */
import { expect, test } from 'vitest';
import { parseGrantId } from '../../../shared/domain/ids.ts';
import { startPracticeEc2 } from './practiceEc2.ts';

test('is revoked all the same when its grant ends', async () => {
  const practice = await startPracticeEc2({ lagMs: 60_000 });
  try {
    const cloud = practice.signIn();
    const vm = await practice.vm(cloud, 'pay-db');
    const grant = parseGrantId('aaaaaaaaaaaa');
    const [order] = cloud.orders(vm, {
      ports: [{ port: 22, protocol: 'tcp' }],
      sources: ['203.0.113.7/32'],
      mark: { grant, owner: 'jo', vmName: vm.name, end: Date.now() + 3_600_000 },
    });
    if (!order) throw new Error('no order');
    const { names } = await cloud.open(order);
    const [region = '', group = ''] = order.gate.split('/');
    const rules = practice.world.regions.get(region)?.groups.get(group)?.rules;
    const stands = () => rules?.get(names[0] ?? '')?.seenUntil === undefined;
    expect(stands()).toBe(true);
    expect(await cloud.close(order.gate, names, [grant])).toMatchObject([{ outcome: 'gone' }]);
    expect(stands()).toBe(false);
  } finally {
    await practice.close();
  }
});
