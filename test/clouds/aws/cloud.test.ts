/** Signing in, listing, refusals and faults, against the practice EC2. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Cloud } from '../../../main/clouds/cloud.ts';
import { createClock } from '../../../main/os/clock.ts';
import { parseGrantId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { collect, type PracticeEc2, startPracticeEc2 } from './practiceEc2.ts';

let practice: PracticeEc2;
let cloud: Cloud;
let vm: Vm;
beforeAll(async () => {
  practice = await startPracticeEc2({ lagMs: 0 });
  cloud = practice.signIn();
  vm = await practice.vm(cloud, 'pay-db');
});
afterAll(() => practice.close());
beforeEach(() => {
  practice.core.faults.remove();
  practice.actions();
});

function orderFor(grant: string, end = Date.now() + 3_600_000) {
  const mark = { grant: parseGrantId(grant), owner: 'lena', end, vmName: vm.name };
  const [order] = cloud.orders(vm, {
    ports: [{ port: 22, protocol: 'tcp' }],
    sources: ['203.0.113.7/32'],
    mark,
  });
  if (!order) throw new Error('no order');
  return order;
}

describe('an account', () => {
  it('tells who we are and which regions there are', async () => {
    expect(await cloud.identity()).toEqual({
      user: 'lena',
      name: `arn:aws:iam::${practice.world.account}:user/lena`,
    });
    expect(await cloud.scopes()).toEqual(
      ['eu-north-1', 'us-east-1'].map(name => ({ id: `${practice.world.account}/${name}`, name })),
    );
  });

  it('lists a region in three requests', async () => {
    const vms = await practice.vms(cloud, 'us-east-1');
    expect(vms.map(({ name }) => name).sort()).toEqual([
      '<img src=x onerror=alert(1)>',
      "=cmd|' /C calc'!A0",
      'pay-desk',
      'pay-edge6',
      'pay-hub',
    ]);
    expect(practice.actions().sort()).toEqual([
      'DescribeInstances',
      'DescribeNetworkAcls',
      'DescribeSecurityGroupRules',
    ]);
    expect(vms.find(({ name }) => name === 'pay-desk')?.os).toBe('windows');
    expect(vms.find(({ name }) => name === 'pay-edge6')?.interfaces[0]?.privateAddresses[0]).toMatch(
      /^2001:db8:/,
    );
  });

  it('looks at one VM freshly, and finds none where there is none', async () => {
    expect((await cloud.vm(vm.id))?.name).toBe('pay-db');
    expect(await cloud.vm(vm.id.replace(/i-.*/, 'i-0123456789abcdef0') as Vm['id'])).toBeUndefined();
  });

  it('names host keys and endpoints', async () => {
    expect((await cloud.hostKeys(vm))[0]).toMatch(/^ssh-ed25519 AAAA/);
    expect(cloud.endpoints(vm, [22])).toEqual([
      { port: 22, host: vm.interfaces[0]?.publicAddresses[0], hostPort: 22 },
    ]);
    expect(cloud.observers()[0]).toMatch(/^https:.*\/ip$/);
  });
});

describe('the cloud’s clock', () => {
  it('is known from its answers', async () => {
    const ahead = await startPracticeEc2({ clockAheadMs: 120_000 });
    const late = ahead.signIn();
    expect(late.clockOffset()).toBe(0);
    await late.identity();
    expect(Math.abs(late.clockOffset() - 120_000)).toBeLessThan(1_500);
    await ahead.close();
  });
});

describe('refusals', () => {
  it.each([
    [{ status: 403, code: 'UnauthorizedOperation' }, 'CLOUD_FORBIDDEN'],
    [{ status: 401, code: 'AuthFailure' }, 'CLOUD_UNAUTHORIZED'],
    [{ status: 400, code: 'InvalidGroup.NotFound' }, 'CLOUD_NOT_FOUND'],
    [{ status: 400, code: 'SomethingNew' }, 'CLOUD_FAILED'],
  ])('%o is %s, with AWS’s own code and request id for support', async (fault, code) => {
    practice.core.faults.add({ action: 'DescribeInstances', ...fault });
    const failed = cloud.vm(vm.id);
    await expect(failed).rejects.toMatchObject({
      code,
      detail: { cloudCode: fault.code, action: 'DescribeInstances' },
    });
  });

  it('a viewer may look and not write', async () => {
    const viewer = practice.signIn({ role: 'viewer' });
    expect((await viewer.vm(vm.id))?.name).toBe('pay-db');
    await expect(viewer.open(orderFor('aaaaaaaaaaaa'))).rejects.toMatchObject({ code: 'CLOUD_FORBIDDEN' });
  });

  it('a region that is not ours is told', async () => {
    const id = vm.id.replace('eu-north-1', 'mars-1') as Vm['id'];
    await expect(cloud.vm(id)).rejects.toMatchObject({ code: 'CLOUD_NOT_FOUND' });
  });

  it('nobody there is told as unreachable', async () => {
    const gone = await startPracticeEc2();
    const lost = gone.signIn();
    await gone.close();
    await expect(gone.signIn().identity()).rejects.toMatchObject({ code: 'CLOUD_UNREACHABLE' });
    await expect(lost.identity()).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('a stopped call is told as cancelled', async () => {
    practice.core.faults.add({ action: 'DescribeInstances', delayMs: 5_000 });
    const stop = new AbortController();
    const call = cloud.vm(vm.id, stop.signal);
    createClock().after(50, () => stop.abort());
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(cloud.vm(vm.id, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('bad days', () => {
  it.each([
    ['throttling', { status: 503, code: 'RequestLimitExceeded' }],
    ['trouble of AWS’s own', { status: 500, code: 'InternalError' }],
    ['a lost connection', { drop: true }],
  ])('%s is waited out', async (_what, fault) => {
    // Signed in anew: after throttling the SDK is careful for a while.
    const another = practice.signIn();
    practice.core.faults.add({ action: 'DescribeInstances', ...fault });
    expect((await another.vm(vm.id))?.name).toBe('pay-db');
    expect(practice.actions().filter(action => action === 'DescribeInstances')).toHaveLength(2);
  });

  it.each([
    ['lost', { drop: true }],
    ['an error', { status: 500, code: 'InternalError' }],
  ])('a write that took effect though its answer was %s opens once, and as ours', async (_what, fault) => {
    practice.core.faults.add({ action: 'AuthorizeSecurityGroupIngress', when: 'after', ...fault });
    const standing = await cloud.open(orderFor('bbbbbbbbbbbb'));
    expect(standing.names).toHaveLength(1);
    expect(standing.foreign).toEqual([]);
    const closed = await cloud.close(standing.gate, standing.names, [parseGrantId('bbbbbbbbbbbb')]);
    expect(closed[0]?.outcome).toBe('gone');
  });

  it('a revoke that took effect though its answer was lost is gone', async () => {
    const standing = await cloud.open(orderFor('cccccccccccc'));
    practice.core.faults.add({ action: 'RevokeSecurityGroupIngress', when: 'after', drop: true });
    const closed = await cloud.close(standing.gate, standing.names, [parseGrantId('cccccccccccc')]);
    expect(closed[0]?.outcome).toBe('gone');
  });

  it('a close that is cut off leaves a rule that says it is over, for the next sweep', async () => {
    const standing = await cloud.open(orderFor('dddddddddddd'));
    practice.core.faults.add({
      action: 'RevokeSecurityGroupIngress',
      status: 403,
      code: 'UnauthorizedOperation',
    });
    const grant = parseGrantId('dddddddddddd');
    await expect(cloud.close(standing.gate, standing.names, [grant])).rejects.toMatchObject({
      code: 'CLOUD_FORBIDDEN',
    });
    const found = await collect(practice.signIn().ours({ gate: standing.gate }));
    expect(found.map(({ name, mark }) => [name, mark.grant, mark.end])).toEqual([
      [standing.names[0], grant, 0],
    ]);
    expect((await cloud.close(standing.gate, standing.names, [grant]))[0]?.outcome).toBe('gone');
  });
});
