/** AWS's shapes into the model of shared/domain: pure. */
import type { Instance, SecurityGroupRule } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { toVm } from '../../../main/clouds/aws/instances.ts';
import { instanceRef, vmIdOf } from '../../../main/clouds/aws/names.ts';
import { gateRule, permissions } from '../../../main/clouds/aws/rules.ts';
import { parseAccountId } from '../../../shared/domain/ids.ts';

const region = {
  name: 'eu-north-1',
  owner: '467201983345',
  account: parseAccountId('practice-aws'),
  acls: new Map(),
  rules: new Map<string, SecurityGroupRule[]>([
    [
      'sg-1',
      [
        {
          SecurityGroupRuleId: 'sgr-1',
          GroupId: 'sg-1',
          IpProtocol: 'tcp',
          FromPort: 22,
          ToPort: 22,
          CidrIpv4: '0.0.0.0/0',
        },
      ],
    ],
  ]),
};
const instance: Instance = {
  InstanceId: 'i-0a',
  State: { Name: 'running' },
  InstanceType: 't3.micro',
  ImageId: 'ami-1',
  PlatformDetails: 'Linux/UNIX',
  Tags: [
    { Key: 'Name', Value: 'web' },
    { Key: 'latchkey-policy', Value: '22/tcp=3h@any' },
  ],
  NetworkInterfaces: [
    {
      NetworkInterfaceId: 'eni-1',
      Attachment: { DeviceIndex: 0 },
      PrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.4', Association: { PublicIp: '198.51.100.4' } }],
      Ipv6Addresses: [{ Ipv6Address: '2001:db8::4' }],
      Groups: [
        { GroupId: 'sg-1', GroupName: 'web' },
        { GroupId: 'sg-2', GroupName: 'latchkey-i-0a' },
      ],
    },
  ],
};

describe('instances', () => {
  it('are VMs with one layer that holds all attached groups', () => {
    const vm = toVm(instance, region);
    expect(vm).toMatchObject({
      id: 'arn:aws:ec2:eu-north-1:467201983345:instance/i-0a',
      name: 'web',
      scope: '467201983345/eu-north-1',
      os: 'linux',
      power: 'running',
      policy: { ports: [{ port: 22, protocol: 'tcp', sources: [], maxMs: 10_800_000 }] },
      interfaces: [
        {
          primary: true,
          privateAddresses: ['10.0.0.4', '2001:db8::4'],
          publicAddresses: ['198.51.100.4', '2001:db8::4'],
          layers: [
            {
              place: 'instance',
              mode: 'any-allow',
              gates: [
                { id: 'eu-north-1/sg-1', own: false, rules: [{ id: 'sgr-1' }] },
                { id: 'eu-north-1/sg-2', own: true, rules: [] },
              ],
            },
          ],
        },
      ],
    });
  });

  it('without a Name tag are called by their id, and a damaged policy is told', () => {
    const vm = toVm({ ...instance, Tags: [{ Key: 'latchkey-policy', Value: 'nonsense' }] }, region);
    expect(vm.name).toBe('i-0a');
    expect(vm.policy).toBeUndefined();
    expect(vm.policyError?.code).toBe('BAD_INPUT');
  });

  it.each([
    ['pending', 'starting'],
    ['shutting-down', 'stopping'],
    ['stopped', 'stopped'],
    ['something-new', 'unknown'],
  ])('state %s is %s', (name, power) => {
    expect(toVm({ ...instance, State: { Name: name as 'pending' } }, region).power).toBe(power);
  });

  it('of Windows are told by either field', () => {
    expect(toVm({ ...instance, PlatformDetails: 'Windows with SQL Server Standard' }, region).os).toBe(
      'windows',
    );
    expect(toVm({ ...instance, PlatformDetails: undefined, Platform: 'Windows' }, region).os).toBe('windows');
  });

  it.each([
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['eu-north-1', 'aws'],
  ])('of %s are in the partition %s', (name, partition) => {
    const id = vmIdOf(name, '467201983345', 'i-0a');
    expect(id).toBe(`arn:${partition}:ec2:${name}:467201983345:instance/i-0a`);
    expect(instanceRef(id)).toEqual({ region: name, account: '467201983345', instance: 'i-0a' });
  });
});

describe('rules', () => {
  const all = [{ from: 0, to: 65_535 }];
  it.each<[string, SecurityGroupRule, object]>([
    [
      'every protocol',
      { IpProtocol: '-1', FromPort: -1, ToPort: -1, CidrIpv4: '10.0.0.0/8' },
      { protocol: 'any', ports: all, sources: [{ kind: 'cidr', cidr: '10.0.0.0/8' }] },
    ],
    [
      'a range',
      { IpProtocol: 'tcp', FromPort: 20, ToPort: 30, CidrIpv6: '2001:DB8::/32' },
      { protocol: 'tcp', ports: [{ from: 20, to: 30 }], sources: [{ kind: 'cidr', cidr: '2001:db8::/32' }] },
    ],
    [
      'a protocol by number',
      { IpProtocol: '17', FromPort: 53, ToPort: 53, CidrIpv4: '0.0.0.0/0' },
      { protocol: 'udp', ports: [{ from: 53, to: 53 }] },
    ],
    [
      'ICMP, whose numbers are no ports',
      { IpProtocol: 'icmp', FromPort: 8, ToPort: -1, CidrIpv4: '0.0.0.0/0' },
      { protocol: 'icmp', ports: all },
    ],
    ['another protocol', { IpProtocol: '50', CidrIpv4: '0.0.0.0/0' }, { protocol: 'other' }],
    [
      'members of a group',
      { IpProtocol: '-1', ReferencedGroupInfo: { GroupId: 'sg-9' } },
      { sources: [{ kind: 'group', id: 'sg-9' }] },
    ],
    [
      'a prefix list',
      { IpProtocol: '-1', PrefixListId: 'pl-9' },
      { sources: [{ kind: 'group', id: 'pl-9' }] },
    ],
    [
      'a CIDR nobody can read',
      { IpProtocol: '-1', CidrIpv4: 'what' },
      { sources: [{ kind: 'cidr', cidr: 'what' }] },
    ],
  ])('for %s', (_what, rule, expected) => {
    expect(gateRule(rule)).toMatchObject({ access: 'allow', by: 'foreign', ...expected });
  });

  it('are asked for by port, IPv4 and IPv6 together', () => {
    const entry = { protocol: 'tcp' as const, port: 22, cidr: '203.0.113.7/32' };
    expect(permissions([entry, { ...entry, cidr: '::/0' }, { ...entry, port: 80 }], 'd')).toEqual([
      {
        IpProtocol: 'tcp',
        FromPort: 22,
        ToPort: 22,
        IpRanges: [{ CidrIp: '203.0.113.7/32', Description: 'd' }],
        Ipv6Ranges: [{ CidrIpv6: '::/0', Description: 'd' }],
      },
      {
        IpProtocol: 'tcp',
        FromPort: 80,
        ToPort: 80,
        IpRanges: [{ CidrIp: '203.0.113.7/32', Description: 'd' }],
      },
    ]);
  });
});
