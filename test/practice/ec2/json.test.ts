/** EC2 Instance Connect and CloudTrail of the practice AWS, by the real SDK clients. */
import { CloudTrail } from '@aws-sdk/client-cloudtrail';
import {
  AuthorizeSecurityGroupIngressCommand,
  DeleteSecurityGroupCommand,
  DescribeInstancesCommand,
} from '@aws-sdk/client-ec2';
import { EC2InstanceConnect } from '@aws-sdk/client-ec2-instance-connect';
import { afterAll, describe, expect, test } from 'vitest';
import { newAgentKey } from '../../../main/os/agentKey.ts';
import { ec2Machines } from '../../../main/practice/ec2/machines.ts';
import { groupNamed, instanceNamed, startAws, tcp } from './setup.ts';

const aws = await startAws();
afterAll(() => aws.stop());
const key = newAgentKey().blob.toString('base64');
const machine = instanceNamed(aws.north, 'pay-db');

describe('EC2 Instance Connect', () => {
  const connect = new EC2InstanceConnect(aws.settings('operator', 'eu-north-1'));
  const input = { InstanceId: machine.id, InstanceOSUser: 'ubuntu', SSHPublicKey: `ssh-ed25519 ${key} me` };

  test('a key gets in for sixty seconds, for its user and on its machine', async () => {
    expect(await connect.sendSSHPublicKey(input)).toMatchObject({ Success: true });
    const own = ec2Machines(aws.world).find(({ id }) => id.endsWith(machine.id));
    const other = ec2Machines(aws.world).find(({ hostName }) => hostName === 'pay-batch');
    expect(own?.takesKey?.('ubuntu', key)).toBe(true);
    expect(own?.takesKey?.('root', key)).toBe(false);
    expect(own?.takesKey?.('ubuntu', 'another')).toBe(false);
    expect(other?.takesKey?.('ubuntu', key)).toBe(false);
    aws.clock.aheadMs += 60_000;
    expect(own?.takesKey?.('ubuntu', key)).toBe(false);
    aws.clock.aheadMs = 0;
  });

  test('what it does not take is refused by its own names', async () => {
    const viewer = new EC2InstanceConnect(aws.settings('viewer', 'eu-north-1'));
    await expect(viewer.sendSSHPublicKey(input)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const stopped = instanceNamed(aws.north, 'pay-report').id;
    for (const [change, name] of [
      [{ InstanceId: 'i-0123456789abcdef0' }, 'EC2InstanceNotFoundException'],
      [{ InstanceId: stopped }, 'EC2InstanceStateInvalidException'],
      [{ InstanceOSUser: 'a b' }, 'InvalidArgsException'],
      [{ SSHPublicKey: `ssh-dss ${key}${key}` }, 'InvalidArgsException'],
    ] as const)
      await expect(connect.sendSSHPublicKey({ ...input, ...change })).rejects.toMatchObject({ name });
  });
});

describe('CloudTrail', () => {
  const trail = new CloudTrail(aws.settings('operator', 'eu-north-1'));

  test('tells who changed what, newest first, in pages, after a while, and no more than two a second', async () => {
    aws.world.trail.length = 0;
    const group = groupNamed(aws.north, 'pay-data').id;
    const added = await aws.ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: group,
        IpPermissions: [tcp(22, '203.0.113.9/32')],
      }),
    );
    await aws.ec2.send(new DescribeInstancesCommand({}));
    await aws.ec2.send(new DeleteSecurityGroupCommand({ GroupId: group })).catch(() => undefined);
    const first = await trail.lookupEvents({ MaxResults: 1 });
    expect(first.Events?.map(({ EventName }) => EventName)).toEqual(['DeleteSecurityGroup']);
    expect(JSON.parse(first.Events?.[0]?.CloudTrailEvent ?? '')).toMatchObject({
      errorCode: 'Client.DependencyViolation',
    });
    const next = await trail.lookupEvents({ MaxResults: 1, NextToken: first.NextToken });
    const [event] = next.Events ?? [];
    expect(event).toMatchObject({
      EventName: 'AuthorizeSecurityGroupIngress',
      Username: 'lena',
      ReadOnly: 'false',
    });
    expect(next.NextToken).toBeUndefined();
    expect(JSON.parse(event?.CloudTrailEvent ?? '')).toMatchObject({
      userIdentity: { type: 'IAMUser', userName: 'lena' },
      requestID: added.$metadata.requestId,
      requestParameters: {
        groupId: group,
        ipPermissions: { items: [{ fromPort: 22, ipRanges: { items: [{ cidrIp: '203.0.113.9/32' }] } }] },
      },
      responseElements: {
        _return: true,
        securityGroupRuleSet: {
          items: [{ securityGroupRuleId: added.SecurityGroupRules?.[0]?.SecurityGroupRuleId }],
        },
      },
    });
    await expect(trail.lookupEvents({})).rejects.toMatchObject({ name: 'ThrottlingException' });
    aws.clock.aheadMs += 2_000;
    const byName = { AttributeKey: 'EventName' as const, AttributeValue: 'RevokeSecurityGroupIngress' };
    expect((await trail.lookupEvents({ LookupAttributes: [byName] })).Events).toEqual([]);
    aws.world.trailLagMs = 60_000;
    expect((await trail.lookupEvents({})).Events).toEqual([]);
    aws.world.trailLagMs = 0;
    aws.clock.aheadMs = 0;
  });
});
