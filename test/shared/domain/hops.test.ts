import { expect, test } from 'vitest';
import { hop } from '../../../shared/contract/vms.ts';
import { wayTo } from '../../../shared/domain/hops.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { awsVm, azureVm, grantRule, groups, nic, nsg, rule } from './samples.ts';

const wanted = { port: 22, protocol: 'tcp' as const, source: '203.0.113.7/32' };
function way(vm: Vm, source = wanted.source) {
  const found = wayTo(vm, { ...wanted, source });
  for (const station of found.hops) expect(hop.safeParse(station).success).toBe(true);
  return found;
}

test('station by station, with the rule that decides', () => {
  const lock = rule({ name: 'latchkey-lock-x', priority: 200, access: 'deny', by: 'lock' });
  const open = grantRule({ from: ['203.0.113.7'] });
  expect(way(azureVm([nsg('subnet', [open]), nsg('nic', [lock])]))).toEqual({
    ...wanted,
    reach: 'no',
    hops: [
      { kind: 'you', title: '203.0.113.7', lets: 'yes' },
      {
        kind: 'subnet-nsg',
        title: 'subnet-nsg',
        lets: 'yes',
        rule: '100 latchkey-abcd2345efgh-0',
        note: 'grant of a.berg@contoso.com',
      },
      { kind: 'nic-nsg', title: 'nic-nsg', lets: 'no', rule: '200 latchkey-lock-x', note: 'Latchkey lock' },
      { kind: 'vm', title: 'web-1 10.0.0.4', lets: 'yes' },
    ],
  });
});

test('security groups', () => {
  const shut = way(awsVm([groups([], [])]));
  expect(shut.reach).toBe('no');
  expect(shut.hops[1]).toEqual({
    kind: 'security-groups',
    title: 'sg-0, sg-1',
    lets: 'no',
    note: 'no rule lets it in',
  });
  expect(way(awsVm([groups([], [rule({ name: 'sgr-1' })])])).hops[1]).toEqual({
    kind: 'security-groups',
    title: 'sg-1',
    lets: 'yes',
    rule: 'sgr-1',
  });
});

test('of several interfaces the one that lets in, else the primary one', () => {
  const shut = nic([nsg('nic', [])], { id: 'first', privateAddresses: ['10.0.0.4'] });
  const open = nic([nsg('nic', [rule({ priority: 300 })])], {
    id: 'second',
    primary: false,
    privateAddresses: ['10.0.0.5'],
  });
  expect(way(azureVm([], { interfaces: [open, shut] })).hops.at(-1)?.title).toBe('web-1 10.0.0.5');
  const alsoShut = { ...shut, primary: false, privateAddresses: ['10.0.0.6'] };
  expect(way(azureVm([], { interfaces: [alsoShut, shut] })).hops.at(-1)?.title).toBe('web-1 10.0.0.4');
});

test('the VM itself: stopped, without gates, without an address of the family', () => {
  const open = [nsg('nic', [rule({ priority: 300 })])];
  expect(way(azureVm(open)).reach).toBe('yes');
  const stopped = way(azureVm(open, { power: 'stopped' }));
  expect(stopped.reach).toBe('no');
  expect(stopped.hops.at(-1)).toMatchObject({ lets: 'no', note: 'the VM is stopped' });
  expect(way(azureVm([]))).toMatchObject({
    reach: 'yes',
    hops: [{}, { note: 'no gate stands in front of it' }],
  });
  expect(way(awsVm([]))).toMatchObject({
    reach: 'no',
    hops: [{}, { note: 'no security group is attached' }],
  });
  expect(way(azureVm(open), '2001:db8::1').hops.at(-1)).toMatchObject({
    lets: 'no',
    note: 'it has no address of this family',
  });
  expect(way(azureVm(open, { interfaces: [] })).reach).toBe('unknown');
});

test('a range let in only in part says so', () => {
  const half = rule({ priority: 300, from: ['203.0.113.0/25'] });
  expect(way(azureVm([nsg('nic', [half])]), '203.0.113.0/24').hops[1]).toMatchObject({
    lets: 'no',
    note: 'lets in only a part of this range',
  });
});
