/** Network ACLs: what Latchkey believes of them against what the practice cloud's network does, and where they are named. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { aclLayers } from '../../../main/clouds/aws/acls.ts';
import type { Cloud } from '../../../main/clouds/cloud.ts';
import { ec2Machines } from '../../../main/practice/ec2/machines.ts';
import type { AclEntry, NetworkAcl, Region } from '../../../main/practice/ec2/world.ts';
import { effective } from '../../../shared/domain/effective/effective.ts';
import { inTheWay } from '../../../shared/domain/effective/inTheWay.ts';
import { wayTo } from '../../../shared/domain/hops.ts';
import { defaultPolicy } from '../../../shared/domain/policyTag.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { type PracticeEc2, startPracticeEc2 } from './practiceEc2.ts';

let practice: PracticeEc2;
let cloud: Cloud;
beforeAll(async () => {
  practice = await startPracticeEc2({ lagMs: 0 });
  cloud = practice.signIn();
});
afterAll(() => practice.close());
beforeEach(() => practice.core.faults.remove());

const region = (name: string): Region => {
  const found = practice.world.regions.get(name);
  if (!found) throw new Error(`no ${name}`);
  return found;
};
const lets = (vm: Vm, source: string, port: number) =>
  ec2Machines(practice.world)
    .find(machine => machine.id === vm.id)
    ?.lets(source, port);
const believes = (vm: Vm, source: string, port: number) => {
  const [nic] = vm.interfaces;
  if (!nic) throw new Error('no interface');
  return effective(nic, { cloud: 'aws', protocol: 'tcp', port, source }).verdict;
};
const kinds = (vm: Vm) => vm.interfaces[0]?.layers.map(layer => layer.gates[0]?.kind);

describe('an ACL', () => {
  it('that lets everything through, as AWS’s own does, is no station on the way', async () => {
    expect(kinds(await practice.vm(cloud, 'pay-db'))).toEqual(['security-group']);
  });

  it('stands before the security groups, in and for the answers, and is named with the rule that decides', async () => {
    const vm = await practice.vm(cloud, 'pay-edge6');
    expect(kinds(vm)).toEqual(['network-acl', 'network-acl', 'security-group']);
    expect(await cloud.vm(vm.id)).toEqual(vm);
    const way = (source: string, port: number) =>
      wayTo(vm, { port, protocol: 'tcp', source }).hops.filter(({ kind }) => kind === 'network-acl');
    expect(way('2001:db8:bad::1', 22)).toEqual([
      { kind: 'network-acl', title: expect.stringMatching(/^edge \(acl-/), lets: 'no', rule: '95 deny' },
      { kind: 'network-acl', title: expect.stringMatching(/, answers$/), lets: 'yes', rule: '100 allow' },
    ]);
    expect(way('2001:db8:1::1', 5986)).toMatchObject([{ lets: 'no', rule: '90 deny' }, { lets: 'yes' }]);
    expect(way('2001:db8:dead::1', 22)).toMatchObject([{ lets: 'yes' }, { lets: 'no', rule: '95 deny' }]);
    expect(way('2001:db8:1::1', 22)).toMatchObject([{ lets: 'yes' }, { lets: 'yes' }]);
  });

  it('is in the way of a grant that its rules can’t help', async () => {
    const vm = await practice.vm(cloud, 'pay-edge6');
    const gates = vm.interfaces[0]?.layers.at(-1)?.gates ?? [];
    const written = new Set(gates.map(({ id }) => id));
    const asked = (source: string) => ({
      ports: [{ port: 22, protocol: 'tcp' as const }],
      sources: [source],
    });
    expect(inTheWay(vm, asked('2001:db8:bad::1'), written)).toMatchObject([
      { gate: { kind: 'network-acl' }, rule: { priority: 95 }, port: 22, source: '2001:db8:bad::1' },
    ]);
    expect(inTheWay(vm, asked('2001:db8:1::1'), written)).toEqual([]);
  });

  it('is named by the plan of a lock', async () => {
    const vm = await practice.vm(cloud, 'pay-edge6');
    const { warnings } = await cloud.planLock(vm, defaultPolicy.ports);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^The network ACL edge \(acl-[0-9a-f]+\) keeps some of the internet from TCP 22, TCP 3389 \(rule 95\)/,
      ),
      expect.stringMatching(/keeps everybody from TCP 5985, TCP 5986 \(rule 90\)/),
    ]);
  });

  it.each([
    ['may not be read', { status: 403, code: 'UnauthorizedOperation' }],
    ['is nothing that this server knows', { status: 400, code: 'InvalidAction' }],
  ])('that %s spoils nothing', async (_what, fault) => {
    practice.core.faults.add({ action: 'DescribeNetworkAcls', times: 0, ...fault });
    expect(kinds(await practice.vm(cloud, 'pay-edge6'))).toEqual(['security-group']);
  });

  it('without answers’ ports, or with a part of them', () => {
    const nic = { SubnetId: 's', PrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.4' }] };
    const layers = (from: number, to: number) => {
      const all = { Protocol: '-1', RuleAction: 'allow' as const, CidrBlock: '0.0.0.0/0' };
      const entry = {
        ...all,
        Protocol: '6',
        RuleNumber: 100,
        Egress: true,
        PortRange: { From: from, To: to },
      };
      const acl = { NetworkAclId: 'acl-1', Entries: [{ ...all, RuleNumber: 100 }, entry] };
      return aclLayers('r', nic, new Map([['s', acl]]));
    };
    const verdict = (from: number, to: number) =>
      effective(
        {
          id: 'eni',
          primary: true,
          privateAddresses: ['10.0.0.4'],
          publicAddresses: [],
          layers: layers(from, to),
        },
        { cloud: 'aws', protocol: 'tcp', port: 22, source: '203.0.113.7' },
      ).verdict;
    expect(verdict(1024, 65_535)).toBe('allowed');
    expect(verdict(0, 65_535)).toBe('allowed');
    expect(verdict(22, 443)).toBe('denied');
    // Some clients choose ports from 32768 on, others do not.
    expect(verdict(32_768, 65_535)).toBe('unknown');
  });
});

it('whatever the entries say: what is believed to get through does, what is believed to be stopped is', async () => {
  const vm = await practice.vm(cloud, 'pay-db');
  const north = region('eu-north-1');
  const acl = [...north.acls.values()][0] as NetworkAcl;
  const [kept] = [acl.entries];
  const shared = practice.group('eu-north-1', `latchkey-${vm.id.split('/')[1]}`);
  north.groups.get(shared.id)?.rules.set('sgr-0a', {
    id: 'sgr-0a',
    tags: new Map(),
    egress: false,
    protocol: '-1',
    fromPort: -1,
    toPort: -1,
    peer: { kind: 'ipv4', cidr: '0.0.0.0/0' },
    seenFrom: 0,
  });
  const entry: fc.Arbitrary<Omit<AclEntry, 'number'>> = fc.record({
    egress: fc.boolean(),
    allow: fc.boolean(),
    protocol: fc.constantFrom('-1', '6', '17'),
    cidr: fc.constantFrom('0.0.0.0/0', '203.0.113.0/24', '203.0.113.128/25', '198.51.100.7/32'),
    ports: fc.constantFrom(
      undefined,
      { from: 22, to: 22 },
      { from: 1024, to: 65_535 },
      { from: 0, to: 65_535 },
    ),
  });
  const counts = { allowed: 0, denied: 0, unknown: 0 };
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 6 }), async entries => {
        acl.entries = entries.map((each, i) => ({
          ...each,
          number: 10 * (i + 1),
          ports: each.protocol === '-1' ? undefined : each.ports,
        }));
        const now = await cloud.vm(vm.id);
        if (!now) throw new Error('no VM');
        for (const source of ['203.0.113.7', '203.0.113.200', '198.51.100.7']) {
          const verdict = believes(now, source, 22);
          counts[verdict]++;
          if (verdict !== 'unknown') expect(lets(vm, source, 22)).toBe(verdict === 'allowed');
        }
      }),
      { numRuns: 60 },
    );
  } finally {
    acl.entries = kept ?? [];
  }
  expect(counts.allowed).toBeGreaterThan(0);
  expect(counts.denied).toBeGreaterThan(0);
});
