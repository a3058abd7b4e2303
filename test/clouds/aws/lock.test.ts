/** Locking and unlocking against the practice EC2. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cloud } from '../../../main/clouds/cloud.ts';
import { buildGroup } from '../../../main/practice/ec2/build.ts';
import type { Plan, PolicyPort } from '../../../shared/contract/policies.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { collect, type PracticeEc2, snapshotOf, startPracticeEc2 } from './practiceEc2.ts';

const north = 'eu-north-1';
const ssh: PolicyPort[] = [{ port: 22, protocol: 'tcp', sources: [], maxMs: 3_600_000 }];
const nothing = async () => undefined;

let practice: PracticeEc2;
let cloud: Cloud;
beforeEach(async () => {
  practice = await startPracticeEc2({ lagMs: 10 });
  cloud = practice.signIn();
});
afterEach(() => practice.close());

const shared = () =>
  practice
    .group(north, 'pay-shared')
    .rules.map(({ from, cidr, description }) => ({ from, cidr, description }));
const ownOf = (vm: Vm) => practice.group(north, `latchkey-${vm.id.split('/')[1]}`);
const groupNames = () =>
  [...(practice.world.regions.get(north)?.groups.values() ?? [])].map(group => group.name);
const fresh = async (vm: Vm) => (await cloud.vm(vm.id)) ?? vm;
/** Somebody adds a rule to the shared group: SSH from a foreign range, but for what `fields` says. Gives its id. */
function addForeign(fields: object): string {
  const group = practice.world.regions.get(north)?.groups.get(practice.group(north, 'pay-shared').id);
  const id = practice.world.newId('sgr');
  group?.rules.set(id, {
    id,
    tags: new Map(),
    egress: false,
    protocol: 'tcp',
    fromPort: 22,
    toPort: 22,
    peer: { kind: 'ipv4', cidr: '198.51.100.0/24' },
    seenFrom: 0,
    ...fields,
  });
  return id;
}
const snapshot = () => snapshotOf(practice.world);
/** Another VM of the region gets all of this one's groups too. */
function shareGroups(vm: Vm): void {
  const region = practice.world.regions.get(vm.location);
  const mine = [...(region?.interfaces.values() ?? [])].find(nic => vm.id.endsWith(nic.instanceId));
  const other = [...(region?.interfaces.values() ?? [])].find(nic => nic !== mine && nic.privateAddress);
  other?.groupIds.push(...(mine?.groupIds ?? []));
}
/** A second interface of the VM, in another VPC, with a group of that one that exposes SSH. */
function secondVpc(vm: Vm): void {
  const region = practice.world.regions.get(vm.location);
  const instance = [...(region?.instances.values() ?? [])].find(one => vm.id.endsWith(one.id));
  const first = region?.interfaces.get(instance?.interfaceId ?? '');
  if (!region || !instance || !first) throw new Error('no instance');
  const vpc = { id: 'vpc-0b', cidr: '10.99.0.0/16', isDefault: false, tags: new Map() };
  const v4 = { id: 'subnet-0b', vpcId: vpc.id, cidr: vpc.cidr, zone: 'eu-north-1a', tags: new Map() };
  region.vpcs.set(vpc.id, vpc);
  region.subnets.set(v4.id, v4);
  const group = buildGroup(region, { vpc, v4, v6: v4 }, 'second', 'second', [
    { port: 22, from: '0.0.0.0/0' },
  ]);
  const nic = { ...first, id: 'eni-0b', vpcId: vpc.id, subnetId: v4.id, privateAddress: '10.99.0.4' };
  region.interfaces.set(nic.id, { ...nic, publicAddress: undefined, groupIds: [group.id] });
  instance.moreInterfaceIds = [nic.id];
}
async function lock(vm: Vm, ports = ssh): Promise<Plan> {
  const plan = await cloud.planLock(vm, ports);
  await cloud.apply(plan, vm, nothing);
  return plan;
}
async function unlock(vm: Vm): Promise<Plan> {
  const plan = await cloud.planUnlock(vm);
  await cloud.apply(plan, vm, nothing);
  return plan;
}

describe('lock', () => {
  it('is planned by reading only, and names what is not ours and who shares it', async () => {
    const vm = await practice.vm(cloud, 'pay-api-1');
    practice.actions();
    const plan = await cloud.planLock(vm, ssh);
    expect(practice.actions().every(action => action.startsWith('Describe'))).toBe(true);
    expect(plan.steps.filter(step => step.foreign)).toEqual([
      expect.objectContaining({
        action: 'remove',
        target: expect.stringContaining('pay-shared'),
        before: 'TCP 22 from 0.0.0.0/0: ssh for everybody - TODO close',
      }),
    ]);
    expect(plan.alsoAffects).toEqual(['pay-api-2', 'pay-batch', 'pay-report']);
    expect((await cloud.planLock(vm, ssh)).fingerprint).toBe(plan.fingerprint);
    expect(plan.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  it('attaches a group of the VM’s own, shuts the ports, writes the policy; then there is nothing left to do', async () => {
    const vm = await practice.vm(cloud, 'pay-api-1');
    await lock(vm);
    expect(shared().map(({ from }) => from)).toEqual([443]);
    const now = await fresh(vm);
    const gates = now.interfaces[0]?.layers[0]?.gates ?? [];
    expect(gates.map(({ name, own, rules }) => [name, own, rules.length])).toEqual([
      ['pay-shared', false, 1],
      [ownOf(vm).id && `latchkey-${vm.id.split('/')[1]}`, true, 0],
    ]);
    expect(now.policy?.ports).toEqual(ssh);
    expect(
      cloud.orders(now, {
        ports: [{ port: 22, protocol: 'tcp' }],
        sources: ['::1/128', '203.0.113.7/32'].slice(1),
        mark: { grant: 'abcd2345efgh' as never, owner: 'l', end: 0, vmName: 'v' },
      }),
    ).toHaveLength(1);
    expect((await cloud.planLock(vm, ssh)).steps).toEqual([]);
  });

  it('does not widen what the VM may reach: the own group lets nothing out', async () => {
    const vm = await practice.vm(cloud, 'pay-api-1');
    await lock(vm);
    const group = practice.world.regions.get(north)?.groups.get(ownOf(vm).id);
    expect([...(group?.rules.values() ?? [])].filter(rule => rule.seenUntil === undefined)).toEqual([]);
  });

  it('warns of a rule that is wider than the protected ports, and of members of a group that go on', async () => {
    const add = (fields: object) => addForeign({ protocol: '-1', fromPort: -1, toPort: -1, ...fields });
    const wide = add({});
    const members = add({ peer: { kind: 'group', groupId: practice.group(north, 'pay-shared').id } });
    const plan = await cloud.planLock(await practice.vm(cloud, 'pay-api-1'), ssh);
    expect(plan.warnings.find(text => text.includes(wide))).toContain('every protocol from 198.51.100.0/24');
    expect(plan.warnings.find(text => text.includes(members))).toContain('goes on letting in');
    expect(plan.steps.filter(step => step.foreign)).toHaveLength(2);
  });

  it('of a VM with five groups says so, and is refused with a way out before anything is revoked, if others have them too', async () => {
    const vm = await practice.vm(cloud, 'pay-hub');
    shareGroups(vm);
    const plan = await cloud.planLock(vm, ssh);
    expect(plan.warnings.join()).toMatch(
      /has 5 security groups, and your quota is 5: the lock will be refused/,
    );
    practice.actions();
    await expect(cloud.apply(plan, vm, nothing)).rejects.toMatchObject({
      code: 'CLOUD_QUOTA',
      fix: expect.stringContaining('Detach'),
    });
    expect(practice.actions()).not.toContain('RevokeSecurityGroupIngress');
  });

  describe('of a VM with five groups, one of which only it has', () => {
    it('offers that one: a grant opens this VM only, and unlock leaves everything as it was', async () => {
      const vm = await practice.vm(cloud, 'pay-hub');
      const before = snapshot();
      const plan = await lock(vm);
      const [offer] = plan.steps;
      expect(offer).toMatchObject({
        action: 'tag',
        foreign: true,
        what: expect.stringContaining('has 5 of 5 groups'),
      });
      expect(plan.steps.map(({ action }) => action)).toEqual(['tag', 'remove', 'tag']);
      expect(plan.warnings.join()).toContain('detach a group it does not need first');
      expect((await cloud.planLock(vm, ssh)).steps).toEqual([]);

      const now = await fresh(vm);
      const own = now.interfaces[0]?.layers[0]?.gates.filter(gate => gate.own) ?? [];
      expect(own).toHaveLength(1);
      const mark = { grant: 'abcd2345efgh' as never, owner: 'l', end: Date.now() + 600_000, vmName: 'v' };
      const [order] = cloud.orders(now, {
        ports: [{ port: 22, protocol: 'tcp' }],
        sources: ['203.0.113.7/32'],
        mark,
      });
      expect(order?.gate).toBe(own[0]?.id);
      if (!order) throw new Error('no order');
      const standing = await cloud.open(order);
      // Whoever sweeps the region finds it, and whose VM it is.
      const scope = { id: `${practice.world.account}/us-east-1`, name: 'us-east-1' };
      expect(await collect(cloud.ours({ scope }))).toMatchObject([{ name: standing.names[0], vm: vm.id }]);
      // An unlock with an open grant takes its rule along, as it does with a group of the VM's own.
      const back = await unlock(vm);
      expect(back.steps.map(({ action }) => action)).toEqual(['create', 'tag', 'remove', 'tag']);
      expect(snapshot()).toBe(before);
    });

    it('leaves no grant’s rule behind at the unlock, also if one of them ends just then', async () => {
      const vm = await practice.vm(cloud, 'pay-hub');
      const before = snapshot();
      await lock(vm);
      const orders = cloud.orders(await fresh(vm), {
        ports: [{ port: 22, protocol: 'tcp' }],
        sources: ['203.0.113.7/32', '203.0.113.8/32'],
        mark: { grant: 'abcd2345efgh' as never, owner: 'l', end: Date.now() + 600_000, vmName: 'v' },
      });
      const standing = await Promise.all(orders.map(order => cloud.open(order)));
      const [first, ...others] = standing.flatMap(({ names }) => names);
      expect(others.length).toBeGreaterThan(0);
      const plan = await cloud.planUnlock(vm);
      await cloud.apply(plan, vm, async index => {
        if (plan.steps[index]?.action !== 'remove') return;
        for (const region of practice.world.regions.values())
          for (const group of region.groups.values()) group.rules.delete(first ?? '');
      });
      expect(snapshot()).toBe(before);
    });

    it('stopped at any step, and done again, ends the same; so does its unlock', async () => {
      const vm = await practice.vm(cloud, 'pay-hub');
      const before = snapshot();
      const plan = await cloud.planLock(vm, ssh);
      const stopAt = (step: number) => async (index: number) => {
        if (index >= step) throw new Error('killed');
      };
      for (let step = 0; step < plan.steps.length; step++)
        await expect(cloud.apply(plan, vm, stopAt(step))).rejects.toThrow('killed');
      for (const action of ['CreateTags', 'RevokeSecurityGroupIngress']) {
        practice.core.faults.add({ action, skip: 1, status: 403, code: 'UnauthorizedOperation' });
        await cloud.apply(plan, vm, nothing).catch(() => undefined);
        practice.core.faults.remove();
      }
      await cloud.apply(plan, vm, nothing);
      expect((await cloud.planLock(vm, ssh)).steps).toEqual([]);
      const back = await cloud.planUnlock(vm);
      for (let step = 0; step < back.steps.length; step++)
        await expect(cloud.apply(back, vm, stopAt(step))).rejects.toThrow('killed');
      practice.core.faults.add({ action: 'DeleteTags', skip: 2, status: 403, code: 'UnauthorizedOperation' });
      await cloud.apply(back, vm, nothing).catch(() => undefined);
      practice.core.faults.remove();
      await cloud.apply(back, vm, nothing);
      expect(snapshot()).toBe(before);
    });

    it('asks AWS how many groups there may be, and makes its own where there is room', async () => {
      const vm = await practice.vm(cloud, 'pay-hub');
      const plan = await cloud.planLock(vm, ssh);
      expect(plan.steps[0]?.action).toBe('tag');
      practice.core.faults.add({
        action: 'DescribeAccountAttributes',
        status: 403,
        code: 'UnauthorizedOperation',
      });
      expect(await cloud.planLock(vm, ssh)).toEqual(plan);
    });
  });

  it('of a VM with interfaces in two VPCs gives each its own group; a grant goes to both', async () => {
    const vm = await practice.vm(cloud, 'pay-api-1');
    secondVpc(vm);
    const before = snapshot();
    const plan = await lock(vm);
    expect(plan.steps.filter(({ action }) => action === 'create')).toHaveLength(2);
    expect(plan.steps.filter(({ action }) => action === 'attach')).toHaveLength(2);
    const now = await fresh(vm);
    const mark = { grant: 'abcd2345efgh' as never, owner: 'l', end: 0, vmName: 'v' };
    const wanted = { ports: [{ port: 22, protocol: 'tcp' as const }], sources: ['203.0.113.7/32'], mark };
    expect(new Set(cloud.orders(now, wanted).map(({ gate }) => gate)).size).toBe(2);
    await unlock(now);
    expect(snapshot()).toBe(before);
  });

  it('remembers a rule whole, however long its description and tags', async () => {
    const vm = await practice.vm(cloud, 'pay-api-1');
    const id = addForeign({ description: `(${'x#'.repeat(126)})` });
    const group = practice.world.regions.get(north)?.groups.get(practice.group(north, 'pay-shared').id);
    for (let i = 0; i < 8; i++) group?.rules.get(id)?.tags.set(`key ${i}`, 'value / '.repeat(12).trim());
    const before = snapshot();
    await lock(vm);
    await unlock(vm);
    expect(snapshot()).toBe(before);
  });

  it('that has to revoke more than can be remembered is refused before anything is done', async () => {
    const vm = await practice.vm(cloud, 'pay-api-1');
    for (let i = 0; i < 45; i++) addForeign({ peer: { kind: 'ipv4', cidr: `198.51.100.${i}/32` } });
    await expect(cloud.planLock(vm, ssh)).rejects.toMatchObject({ code: 'CLOUD_QUOTA' });
  });

  it('is not done if something foreign came in after the plan', async () => {
    const vm = await practice.vm(cloud, 'pay-api-1');
    const plan = await cloud.planLock(vm, ssh);
    addForeign({ peer: { kind: 'ipv4', cidr: '198.51.100.0/24' } });
    practice.actions();
    await expect(cloud.apply(plan, vm, nothing)).rejects.toMatchObject({ code: 'PLAN_CHANGED' });
    expect(practice.actions().every(action => action.startsWith('Describe'))).toBe(true);
  });

  it('refuses a group of the own name that Latchkey did not make', async () => {
    const vm = await practice.vm(cloud, 'pay-db');
    ownOf(vm).tags.clear();
    await expect(cloud.planLock(vm, ssh)).rejects.toMatchObject({ code: 'CLOUD_CONFLICT' });
  });

  it('stopped at any step, and done again, ends the same', async () => {
    const vm = await practice.vm(cloud, 'pay-api-1');
    const plan = await cloud.planLock(vm, ssh);
    for (let step = 0; step < plan.steps.length; step++) {
      const stop = async (index: number) => {
        if (index >= step) throw new Error('killed');
      };
      await expect(cloud.apply(plan, vm, stop)).rejects.toThrow('killed');
    }
    const told: number[] = [];
    await cloud.apply(plan, vm, async index => void told.push(index));
    expect(told.at(-1)).toBe(plan.steps.length - 1);
    expect((await cloud.planLock(vm, ssh)).steps).toEqual([]);
    expect(Object.keys(Object.fromEntries(ownOf(vm).tags)).sort()).toEqual([
      'latchkey-revoked-1',
      'latchkey-vm',
    ]);
  });

  it('cut off between remembering and revoking remembers a rule once', async () => {
    const vm = await practice.vm(cloud, 'pay-api-1');
    const plan = await cloud.planLock(vm, ssh);
    practice.core.faults.add({
      action: 'RevokeSecurityGroupIngress',
      status: 403,
      code: 'UnauthorizedOperation',
    });
    await expect(cloud.apply(plan, vm, nothing)).rejects.toMatchObject({ code: 'CLOUD_FORBIDDEN' });
    expect(shared()).toHaveLength(2);
    await cloud.apply(plan, vm, nothing);
    expect([...ownOf(vm).tags.keys()].filter(key => key.startsWith('latchkey-revoked'))).toHaveLength(1);
  });
});

describe('unlock', () => {
  it('puts everything back as it was', async () => {
    const vm = await practice.vm(cloud, 'pay-api-1');
    const before = shared();
    const group = practice.world.regions.get(north)?.groups.get(practice.group(north, 'pay-shared').id);
    const rule = [...(group?.rules.values() ?? [])].find(
      ({ fromPort, egress }) => fromPort === 22 && !egress,
    );
    rule?.tags.set('team', 'payments & co');
    await lock(vm);
    const plan = await unlock(vm);
    expect(plan.steps.filter(step => step.foreign).map(step => step.after)).toEqual([
      'TCP 22 from 0.0.0.0/0: ssh for everybody - TODO close',
    ]);
    expect(plan.alsoAffects).toEqual(['pay-api-2', 'pay-batch', 'pay-report']);
    expect(shared().sort((a, b) => a.from - b.from)).toEqual(before.sort((a, b) => a.from - b.from));
    const back = practice.group(north, 'pay-shared').rules.find(({ from }) => from === 22);
    expect(Object.fromEntries(back?.tags ?? [])).toEqual({ team: 'payments & co' });
    expect(groupNames()).not.toContain(`latchkey-${vm.id.split('/')[1]}`);
    const now = await fresh(vm);
    expect(now.policy).toBeUndefined();
    expect(now.interfaces[0]?.layers[0]?.gates.map(gate => gate.name)).toEqual(['pay-shared']);
    expect((await cloud.planUnlock(vm)).steps).toEqual([]);
  });

  it('does not open another VM that is still locked: that one remembers the rule, and the last unlock puts it back', async () => {
    const one = await practice.vm(cloud, 'pay-api-1');
    const two = await practice.vm(cloud, 'pay-api-2');
    const before = shared();
    await lock(one);
    await lock(two);
    const plan = await unlock(one);
    expect(plan.steps[0]?.what).toContain('pay-api-2 too: it is locked');
    expect(shared().map(({ from }) => from)).toEqual([443]);
    expect([...ownOf(two).tags.keys()]).toContain('latchkey-revoked-1');
    await unlock(two);
    expect(shared().sort((a, b) => a.from - b.from)).toEqual(before.sort((a, b) => a.from - b.from));
  });

  it('stopped at any step, and done again, ends the same', async () => {
    const vm = await practice.vm(cloud, 'pay-api-1');
    await lock(vm);
    const plan = await cloud.planUnlock(vm);
    for (let step = 0; step < plan.steps.length; step++) {
      const stop = async (index: number) => {
        if (index >= step) throw new Error('killed');
      };
      await expect(cloud.apply(plan, vm, stop)).rejects.toThrow('killed');
    }
    await cloud.apply(plan, vm, nothing);
    expect((await cloud.planUnlock(vm)).steps).toEqual([]);
    expect(shared()).toHaveLength(2);
  });

  it('takes a rule that somebody put back already', async () => {
    const vm = await practice.vm(cloud, 'pay-api-1');
    await lock(vm);
    addForeign({ peer: { kind: 'ipv4', cidr: '0.0.0.0/0' } });
    await unlock(vm);
    expect(shared()).toHaveLength(2);
  });

  it('waits while the own group is still in use', async () => {
    const vm = await practice.vm(cloud, 'pay-api-1');
    await lock(vm);
    practice.core.faults.add({ action: 'DeleteSecurityGroup', status: 400, code: 'DependencyViolation' });
    await unlock(vm);
    expect(groupNames()).not.toContain(`latchkey-${vm.id.split('/')[1]}`);
  });
});
