import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Vm } from '../../../shared/domain/vm.ts';
import { createHandClock } from '../../fakes/handClock.ts';
import { all, type Practice, startPractice } from './practice.ts';

let practice: Practice;
beforeAll(async () => {
  practice = await startPractice({ clockAheadMs: 120_000 });
});
afterAll(async () => practice.stop());

/** Both ways of reading must give the same VM; a fresh look at one knows of a group's members only that VM. */
function sorted(vm: Vm | undefined): unknown {
  const own = new Set(vm?.interfaces.flatMap(nic => nic.privateAddresses));
  return JSON.parse(
    JSON.stringify(vm, (key, value: unknown) =>
      key === 'memberAddresses' && Array.isArray(value) ? value.filter(one => own.has(String(one))) : value,
    ),
  );
}

describe('signing in', () => {
  it('tells who we are and what we see', async () => {
    const cloud = await practice.signIn();
    expect(await cloud.identity()).toEqual({ user: 'admin@contoso.example', name: 'Practice Admin' });
    expect((await cloud.scopes()).map(scope => scope.name)).toEqual(['Contoso Production', 'Contoso Test']);
    expect(Math.abs(cloud.clockOffset() - 120_000)).toBeLessThan(1500);
  });

  it('with a bad token is refused in words', async () => {
    const cloud = await practice.signIn({ token: 'e30.e30.x' });
    await expect(cloud.identity()).rejects.toMatchObject({ code: 'CLOUD_UNAUTHORIZED' });
  });
});

describe('inventory', () => {
  it('gives every VM exactly as a fresh look does, hostile names and all', async () => {
    const cloud = await practice.signIn();
    const listed: Vm[] = [];
    for (const scope of await cloud.scopes()) listed.push(...(await all(cloud.inventory(scope))).flat());
    const expected = practice.arm.machines.length + 1;
    expect(listed).toHaveLength(expected);
    expect(listed.filter(vm => vm.problem !== undefined || vm.policyError !== undefined)).toEqual([]);
    for (const vm of listed) expect(sorted(await cloud.vm(vm.id))).toEqual(sorted(vm));
    const web = listed.find(vm => vm.name === 'web-1');
    expect(web?.policy?.ports.map(port => port.port)).toEqual([22, 3389, 5985, 5986]);
    expect(web?.interfaces[0]?.layers.map(layer => layer.place)).toEqual(['subnet', 'nic']);
    expect(listed.find(vm => vm.name === 'scratch-3')?.interfaces[0]?.layers).toEqual([]);
    expect(listed.filter(vm => vm.kind === 'classic').map(vm => vm.name)).toEqual(['old-crm']);
  });

  it('a VM that is not there is undefined', async () => {
    const cloud = await practice.signIn();
    const id = practice.vm('web-1').replace('web-1', 'web-9') as ReturnType<Practice['vm']>;
    expect(await cloud.vm(id)).toBeUndefined();
  });

  it('an index that does not show an interface costs only that VM', async () => {
    const own = await startPractice();
    const nic = own.arm.world.get(
      'Microsoft.Network/networkInterfaces',
      own
        .vm('jump-eu')
        .replace(
          'microsoft.compute/virtualmachines/jump-eu',
          'microsoft.network/networkinterfaces/jump-eu-nic',
        ),
    );
    if (nic === undefined) throw new Error('no nic');
    nic.properties.networkSecurityGroup = { id: `${nic.id}/gone` };
    const cloud = await own.signIn();
    const [production] = await cloud.scopes();
    if (production === undefined) throw new Error('no scope');
    const vms = (await all(cloud.inventory(production))).flat();
    expect(vms.filter(vm => vm.problem !== undefined).map(vm => vm.name)).toEqual(['jump-eu']);
    await own.stop();
  });

  it('ten thousand VMs take at most 60 requests, at no more than 15 queries in 5 seconds', async () => {
    const clock = createHandClock();
    const own = await startPractice({ size: 10_000, clock });
    const cloud = await own.signIn();
    let vms = 0;
    const refresh = async () => {
      for (const scope of await cloud.scopes()) {
        for await (const page of cloud.inventory(scope)) vms += page.length;
      }
    };
    // In small steps: a query that is on its way for long arrives in the next one's five seconds.
    await clock.until(refresh(), 20);
    expect(vms).toBeGreaterThanOrEqual(10_000);
    expect(own.asked().length).toBeLessThanOrEqual(60);
    expect(own.core.log.list().filter(request => request.status === 429)).toEqual([]);
    await own.stop();
  }, 60_000);
});

it('an aborted look is CANCELLED', async () => {
  const cloud = await practice.signIn();
  const stop = new AbortController();
  practice.core.faults.add({ cloud: 'azure', path: 'virtualMachines/web-1', delayMs: 5000 });
  const looking = cloud.vm(practice.vm('web-1'), stop.signal);
  setTimeout(() => stop.abort(), 50);
  await expect(looking).rejects.toMatchObject({ code: 'CANCELLED' });
  practice.core.faults.remove();
});
