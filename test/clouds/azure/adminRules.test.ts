/** Virtual Network Manager's rules before the NSGs: read where we may, told where we may not, and what they make of grants and locks. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cloud } from '../../../main/clouds/cloud.ts';
import { adminNotes } from '../../../shared/domain/effective/admin.ts';
import { wayTo } from '../../../shared/domain/hops.ts';
import { defaultPolicy } from '../../../shared/domain/policyTag.ts';
import { accessOf } from '../../../shared/domain/tabs.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { createHandClock } from '../../fakes/handClock.ts';
import { mark } from './build.ts';
import { all, type Practice, startPractice } from './practice.ts';

let practice: Practice;
beforeAll(async () => {
  practice = await startPractice();
});
afterAll(async () => practice.stop());

async function look(cloud: Cloud, name: string): Promise<Vm> {
  const vm = await cloud.vm(practice.vm(name));
  if (vm === undefined) throw new Error(`no ${name}`);
  return vm;
}
const ssh = [{ port: 22, protocol: 'tcp' as const }];
const from = '203.0.113.7/32';
const way = (vm: Vm) => wayTo(vm, { port: 22, protocol: 'tcp', source: from });

describe('a rule that denies', () => {
  it('stops a grant before it is sent, and is named as what decides', async () => {
    const cloud = await practice.signIn();
    const vm = await look(cloud, 'vault-1');
    expect(() => adminNotes(vm, { ports: ssh, sources: [from] })).toThrow(
      expect.objectContaining({
        code: 'ADMIN_RULE_DENIES',
        message: expect.stringContaining('no-management-from-internet'),
      }),
    );
    // From inside the network it leaves the word to the NSGs.
    expect(adminNotes(vm, { ports: ssh, sources: ['10.70.1.9/32'] })).toEqual([]);
    expect(adminNotes(vm, { ports: ssh, sources: ['0.0.0.0/0'] }).join()).toContain('a part of 0.0.0.0/0');
    const [order] = cloud.orders(vm, { ports: ssh, sources: [from], mark });
    if (order === undefined) throw new Error('no order');
    await cloud.open(order);
    const { reach, hops } = way(await look(cloud, 'vault-1'));
    expect(reach).toBe('no');
    expect(hops.map(({ kind, lets, rule }) => [kind, lets, rule?.split(' ')[1]?.slice(0, 9)])).toEqual([
      ['you', 'yes', undefined],
      ['admin-rules', 'no', 'no-manage'],
      ['subnet-nsg', 'yes', 'latchkey-'],
      ['vm', 'yes', undefined],
    ]);
    await cloud.close(order.gate, [`latchkey-${mark.grant}-0`], [mark.grant]);
  });
});

describe('a rule that always allows', () => {
  it('makes a lock useless, which its plan says; the VM stays exposed', async () => {
    const cloud = await practice.signIn();
    const vm = await look(cloud, 'scan-1');
    const plan = await cloud.planLock(vm, defaultPolicy.ports);
    expect(plan.warnings.join()).toMatch(/always-allow-scanner.* port 22 whatever a lock says/);
    await cloud.apply(plan, vm, async () => {});
    const locked = await look(cloud, 'scan-1');
    expect(accessOf(locked, false)).toEqual({ access: 'exposed', exposedPorts: [22] });
    const { reach, hops } = way(locked);
    expect(reach).toBe('yes');
    expect(hops[2]).toMatchObject({ kind: 'subnet-nsg', note: expect.stringContaining('is not asked') });
    expect(adminNotes(locked, { ports: ssh, sources: [from] }).join()).toContain('does not shut that');
    await cloud.apply(await cloud.planUnlock(locked), locked, async () => {});
  });
});

describe('reading them', () => {
  it('from a list is the same as from a look at one VM', async () => {
    const cloud = await practice.signIn();
    const [production] = await cloud.scopes();
    if (production === undefined) throw new Error('no scope');
    const vms = (await all(cloud.inventory(production))).flat();
    expect(vms.find(vm => vm.name === 'scan-1')).toEqual(await look(cloud, 'scan-1'));
    expect(accessOf(vms.find(vm => vm.name === 'scan-1') ?? (vms[0] as Vm), false).access).toBe('exposed');
  });

  it('that is not allowed is told at the VM, assumed neither way, and costs a list one request', async () => {
    const cloud = await practice.signIn({ user: 'viewer' });
    practice.forget();
    const [production] = await cloud.scopes();
    if (production === undefined) throw new Error('no scope');
    await all(cloud.inventory(production));
    const asking = practice.asked().filter(request => request.endsWith('SecurityAdminRules'));
    expect(asking).toHaveLength(1);
    const vm = await look(cloud, 'web-1');
    const { reach, hops } = way(vm);
    expect(reach).toBe('unknown');
    expect(hops[1]).toMatchObject({ kind: 'admin-rules', lets: 'unknown', note: /could not be read/ });
    expect(adminNotes(vm, { ports: ssh, sources: [from] }).join()).toContain('is not known');
    // A list goes on telling what the NSGs say.
    expect(accessOf(vm, false).access).toBe('shut');
  });

  it('is done again after a minute, not for every look', async () => {
    const clock = createHandClock();
    const cloud = await practice.signIn({ clock });
    practice.forget();
    const asked = () => practice.asked().filter(request => request.endsWith('SecurityAdminRules')).length;
    await look(cloud, 'vault-1');
    await look(cloud, 'vault-1');
    expect(asked()).toBe(1);
    await clock.advance(61_000);
    await look(cloud, 'vault-1');
    expect(asked()).toBe(2);
  });
});
