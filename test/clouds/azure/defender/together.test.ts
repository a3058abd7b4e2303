/** Two requests for the same port and source, in a record that calls neither replaced (what it says then is not documented). */
import { expect, onTestFinished, test } from 'vitest';
import { parseGrantId } from '../../../../shared/domain/ids.ts';
import { begin, jitWorld } from './world.ts';

const minute = 60_000;
const [mine, hers] = [parseGrantId('aaaaaaaaaaaa'), parseGrantId('bbbbbbbbbbbb')];

test('one that is ended early holds the port open for no longer than the other', async () => {
  const { practice } = await jitWorld();
  onTestFinished(() => practice.stop());
  const [cloud, colleague] = [await practice.signIn(), await practice.signIn()];
  const vm = await cloud.vm(practice.vm('crm-1'));
  if (!vm) throw new Error('no crm-1');
  const order = (grant: typeof mine, forMs: number) => {
    const [first] = cloud.orders(vm, {
      ports: [{ port: 22, protocol: 'tcp' }],
      sources: ['198.51.100.7/32'],
      mark: { grant, owner: 'jo', end: begin + forMs, vmName: vm.name },
    });
    if (!first) throw new Error('no order');
    return first;
  };
  const { gate } = await colleague.open(order(hers, 30 * minute));
  const { names } = await cloud.open(order(mine, 120 * minute));
  const record = practice.arm.world.defender.policy(gate)?.requests ?? [];
  const ports = record.flatMap(request => request.virtualMachines.flatMap(one => one.ports));
  expect(ports.some(port => port.statusReason === 'NewerRequestInitiated')).toBe(true);
  for (const port of ports) Object.assign(port, { status: 'Initiated', statusReason: 'UserRequested' });

  expect((await cloud.close(gate, names, [mine]))[0]?.outcome).toBe('kept');
  const [newest] = (await cloud.vm(vm.id))?.defender?.requests ?? [];
  expect(newest?.end).toBe(begin + 30 * minute);
});
