/** Locks by way of a Defender policy: several writers of one document, and what Defender's own denies do not shut. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Cloud } from '../../../../main/clouds/cloud.ts';
import { goBy } from '../../../../shared/domain/defender.ts';
import { parseGrantId } from '../../../../shared/domain/ids.ts';
import { defaultPolicy } from '../../../../shared/domain/policyTag.ts';
import type { Vm } from '../../../../shared/domain/vm.ts';
import { begin, type JitWorld, jitWorld } from './world.ts';

const me = '198.51.100.7';
let jit: JitWorld;
let cloud: Cloud;

beforeEach(async () => {
  jit = await jitWorld();
  cloud = await jit.practice.signIn();
});
afterEach(() => jit.practice.stop());

const fail = (): never => {
  throw new Error('not there');
};
const data = () => jit.practice.arm.world.defender;
const vmOf = async (name: string): Promise<Vm> => (await cloud.vm(jit.practice.vm(name))) ?? fail();
const lets = (port: number, source: string, name: string) =>
  jit.practice.arm.machines.find(machine => machine.id === jit.practice.vm(name))?.lets(source, port) ??
  false;

describe('locking', () => {
  const lock = async (by: Cloud, name: string, ports = defaultPolicy.ports) => {
    const found = await by.vm(jit.practice.vm(name));
    const vm = goBy(found ?? fail(), 'defender');
    const plan = await by.planLock(vm, ports);
    await by.apply(plan, vm, async () => {});
    return plan;
  };
  const namesIn = (gate = 'rg-web') =>
    [...data().policies.values()]
      .filter(policy => policy.id.includes(gate))
      .flatMap(policy => policy.virtualMachines.map(vm => vm.id.split('/').at(-1) ?? ''))
      .toSorted();

  test('two at once lose nothing', async () => {
    const rival = await jit.practice.signIn();
    await Promise.all([
      lock(cloud, 'app-1'),
      lock(rival, 'web-2'),
      lock(await jit.practice.signIn(), 'web-1'),
    ]);
    expect(namesIn()).toEqual(['app-1', 'web-1', 'web-2']);
  });

  test('many of one computer are written one after the other, none again', async () => {
    jit.practice.forget();
    await Promise.all(['app-1', 'web-2', 'web-1'].map(name => lock(cloud, name)));
    expect(namesIn()).toEqual(['app-1', 'web-1', 'web-2']);
    const puts = jit.practice.asked().filter(line => /^PUT .*jitNetworkAccessPolicies/.test(line));
    expect(puts).toHaveLength(3);
  });

  test('what a stale writer lost is put in again, and told when it keeps being lost', async () => {
    jit.keep('web-2');
    const stale = structuredClone(
      [...data().policies.values()].find(one => one.id.includes('rg-web')) ?? fail(),
    );
    const undo = (times: number) => {
      let left = times;
      const set = data().policies.set.bind(data().policies);
      data().policies.set = (id, policy) => {
        set(id, policy);
        // A writer who read before ours writes after it.
        if (left-- > 0)
          queueMicrotask(() => Object.assign(policy, { virtualMachines: stale.virtualMachines }));
        return data().policies;
      };
    };
    undo(2);
    await lock(cloud, 'app-1');
    expect(namesIn()).toEqual(['app-1', 'web-2']);
    undo(99);
    await expect(lock(cloud, 'web-1')).rejects.toMatchObject({
      code: 'CLOUD_CONFLICT',
      message: expect.stringContaining('lost again and again'),
    });
  });

  test('where a rule of before lets everybody through, a deny of our own shuts what Defender’s does not', async () => {
    expect(lets(3389, me, 'crm-db')).toBe(true);
    const plan = await lock(cloud, 'crm-db');
    expect(plan.steps.map(step => step.action)).toEqual(['update', 'create']);
    expect(lets(3389, me, 'crm-db')).toBe(false);
    const mark = { grant: parseGrantId('aaaaaaaaaaaa'), owner: 'jo', end: begin + 60_000, vmName: 'crm-db' };
    const ports = [{ port: 3389, protocol: 'tcp' as const }];
    for (const order of cloud.orders(await vmOf('crm-db'), { ports, sources: [me], mark }))
      await cloud.open(order);
    expect([lets(3389, me, 'crm-db'), lets(3389, '203.0.113.9', 'crm-db')]).toEqual([true, false]);
  });

  test('an unlock takes the VM out; the last one takes the policy along, and says whose record goes with it', async () => {
    const vm = await vmOf('crm-report');
    const only = await cloud.planUnlock(vm);
    expect(only.steps).toMatchObject([{ action: 'remove', foreign: false }]);
    const shared = await cloud.planUnlock(await vmOf('crm-1'));
    expect(shared.steps).toMatchObject([{ action: 'update', foreign: false }]);
    await cloud.apply(shared, await vmOf('crm-1'), async () => {});
    expect(namesIn('rg-crm')).toEqual(['crm-db', 'crm-report']);
    const policy = data().policy(vm.defender?.policy ?? '');
    policy?.requests.push({
      virtualMachines: [],
      startTimeUtc: '2026-11-18T00:00:00.1234567Z',
      requestor: 'kim',
    });
    expect((await cloud.planUnlock(vm)).steps).toMatchObject([
      { foreign: true, what: expect.stringContaining('record of 1 requests') },
    ]);
    await cloud.apply(await cloud.planUnlock(vm), vm, async () => {});
    expect(namesIn('rg-crm')).toEqual(['crm-db']);
  });

  test('a name that is too long for Defender is refused in our words', async () => {
    await expect(lock(cloud, `long-${'name-'.repeat(39)}`.slice(0, 200))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('56 characters'),
    });
  });
});
