/** Rules for prefix lists and for members of groups: what Latchkey believes of them against what the practice network does. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Cloud } from '../../../main/clouds/cloud.ts';
import { ec2Machines } from '../../../main/practice/ec2/machines.ts';
import type { RulePeer } from '../../../main/practice/ec2/world.ts';
import { effective } from '../../../shared/domain/effective/effective.ts';
import { accessOf } from '../../../shared/domain/tabs.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { type PracticeEc2, snapshotOf, startPracticeEc2 } from './practiceEc2.ts';

let practice: PracticeEc2;
let cloud: Cloud;
let list: string;
beforeAll(async () => {
  practice = await startPracticeEc2({ lagMs: 0 });
  cloud = practice.signIn();
  list = [...(region().prefixLists.keys() ?? [])][0] ?? '';
});
afterAll(() => practice.close());
beforeEach(() => {
  practice.core.faults.remove();
  const id = practice.group('eu-north-1', 'pay-data').id;
  region().groups.get(id)?.rules.delete('sgr-0a');
});

function region() {
  const found = practice.world.regions.get('eu-north-1');
  if (!found) throw new Error('no region');
  return found;
}
/** A rule of somebody else on the group of pay-db and another one. */
function addRule(peer: RulePeer, ports = [22, 22], protocol = 'tcp', on = 'pay-data'): void {
  const [fromPort = 0, toPort = 0] = ports;
  const id = practice.group('eu-north-1', on).id;
  const rule = {
    id: 'sgr-0a',
    tags: new Map(),
    description: undefined,
    egress: false,
    protocol,
    fromPort,
    toPort,
    peer,
    seenFrom: 0,
  };
  region().groups.get(id)?.rules.set(rule.id, rule);
}
/** Both verdicts; they must be the same one. */
function reaches(vm: Vm, source: string, port = 22): boolean {
  const [nic] = vm.interfaces;
  if (!nic) throw new Error('no interface');
  const { verdict } = effective(nic, { cloud: 'aws', protocol: 'tcp', port, source });
  const truly = ec2Machines(practice.world)
    .find(({ id }) => id === vm.id)
    ?.lets(source, port);
  expect(verdict, source).toBe(truly ? 'allowed' : 'denied');
  return truly === true;
}

it('a prefix list lets in its members and nobody else, and is exposure', async () => {
  addRule({ kind: 'list', listId: list });
  const vm = await practice.vm(cloud, 'pay-db');
  expect(await cloud.vm(vm.id)).toEqual(vm);
  expect(['192.0.2.7', '192.0.2.200', '192.0.2.150', '203.0.113.7'].map(at => reaches(vm, at))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(accessOf(vm, false)).toEqual({ access: 'exposed', exposedPorts: [22] });
});

it('a prefix list that may not be read is a thing we can’t tell, never a guess', async () => {
  addRule({ kind: 'list', listId: list });
  practice.core.faults.add({
    action: 'GetManagedPrefixListEntries',
    status: 403,
    code: 'UnauthorizedOperation',
  });
  const vm = await practice.vm(cloud, 'pay-db');
  expect(accessOf(vm, false)).toEqual({ access: 'unknown', exposedPorts: [] });
});

it.each([
  ['a range of ports', [20, 30], 'tcp'],
  ['every protocol', [-1, -1], '-1'],
] as const)('%s covers the port; IPv6 and IPv4 are apart', async (_what, ports, protocol) => {
  addRule({ kind: 'ipv4', cidr: '203.0.113.0/24' }, [...ports], protocol);
  const vm = await practice.vm(cloud, 'pay-db');
  expect(reaches(vm, '203.0.113.7')).toBe(true);
  expect(reaches(vm, '203.0.113.7', 31)).toBe(protocol === '-1');
  expect(reaches(vm, '198.51.100.7')).toBe(false);
  addRule({ kind: 'ipv6', cidr: '::/0' }, [...ports], protocol);
  expect(reaches(await practice.vm(cloud, 'pay-db'), '203.0.113.7')).toBe(false);
});

it('members of a group are not the internet', async () => {
  addRule({ kind: 'group', groupId: practice.group('eu-north-1', 'pay-shared').id });
  const vm = await practice.vm(cloud, 'pay-db');
  expect(reaches(vm, '203.0.113.7')).toBe(false);
  expect(accessOf(vm, false).access).toBe('shut');
});

it('a lock takes a rule for a prefix list away, and its unlock puts it back as it was', async () => {
  addRule({ kind: 'list', listId: list }, [22, 22], 'tcp', 'pay-shared');
  const vm = await practice.vm(cloud, 'pay-api-1');
  const before = snapshotOf(practice.world);
  const ports = [{ port: 22, protocol: 'tcp' as const, sources: [], maxMs: 3_600_000 }];
  const plan = await cloud.planLock(vm, ports);
  expect(plan.steps.map(({ what }) => what).join()).toContain(`TCP 22 from ${list}`);
  await cloud.apply(plan, vm, async () => undefined);
  const now = await cloud.vm(vm.id);
  expect(now && accessOf(now, false).access).toBe('shut');
  await cloud.apply(await cloud.planUnlock(vm), vm, async () => undefined);
  expect(snapshotOf(practice.world)).toBe(before);
});
