/** A request that was asked for just now: that no rule of it shows does not mean that none will come. */
import { expect, onTestFinished, test } from 'vitest';
import { parseGrantId } from '../../../../shared/domain/ids.ts';
import { begin, jitWorld } from './world.ts';

const minute = 60_000;
const grant = parseGrantId('aaaaaaaaaaaa');

test('a request so young that its rule may be on its way is cut short, not taken for gone', async () => {
  const { practice } = await jitWorld();
  onTestFinished(() => practice.stop());
  const cloud = await practice.signIn();
  const vm = await cloud.vm(practice.vm('crm-1'));
  if (!vm) throw new Error('no crm-1');
  const [order] = cloud.orders(vm, {
    ports: [{ port: 22, protocol: 'tcp' }],
    sources: ['198.51.100.7/32'],
    mark: { grant, owner: 'jo', end: begin + 60 * minute, vmName: vm.name },
  });
  if (!order) throw new Error('no order');
  const { names } = await cloud.open(order);
  // Defender says that it is initiated, and has not written the rule yet.
  let taken = 0;
  for (const nsg of practice.arm.world.all('Microsoft.Network/networkSecurityGroups')) {
    const left = nsg.properties.rules.filter(rule => !/-JITRule-/.test(rule.name));
    taken += nsg.properties.rules.length - left.length;
    nsg.properties.rules = left;
  }
  expect(taken).toBeGreaterThan(0);
  const [closed] = await cloud.close(order.gate, names, [grant]);
  expect(closed?.note).not.toContain('gone already');
  const [newest] = (await cloud.vm(vm.id))?.defender?.requests ?? [];
  expect(newest?.end, 'the platform shuts it soon, whatever comes').toBeLessThan(begin + 3 * minute);
});
