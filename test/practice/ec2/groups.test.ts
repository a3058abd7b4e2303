import {
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteSecurityGroupCommand,
  DeleteTagsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  DescribeTagsCommand,
  ModifyInstanceAttributeCommand,
  ModifyNetworkInterfaceAttributeCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { groupNamed, instanceNamed, startAws } from './setup.ts';

let aws: Awaited<ReturnType<typeof startAws>>;
let vpc: string;

beforeAll(async () => {
  aws = await startAws();
  vpc = groupNamed(aws.north, 'pay-shared').vpcId;
});
afterAll(() => aws.stop());

const create = (GroupName: string, rest: object = {}) =>
  aws.ec2.send(new CreateSecurityGroupCommand({ GroupName, Description: 'test', VpcId: vpc, ...rest }));

describe('security groups', () => {
  test('are made with tags, found by filters, and go', async () => {
    const { GroupId } = await create('latchkey-test', {
      TagSpecifications: [{ ResourceType: 'security-group', Tags: [{ Key: 'latchkey', Value: 'own' }] }],
    });
    const found = await aws.ec2.send(
      new DescribeSecurityGroupsCommand({
        Filters: [
          { Name: 'tag:latchkey', Values: ['own'] },
          { Name: 'vpc-id', Values: [vpc] },
          { Name: 'group-name', Values: ['latchkey-*'] },
        ],
      }),
    );
    expect(found.SecurityGroups?.map(group => group.GroupId)).toEqual([GroupId]);
    expect(found.SecurityGroups?.[0]?.IpPermissionsEgress).toMatchObject([{ IpProtocol: '-1' }]);
    await aws.ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
    await expect(
      aws.ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId ?? ''] })),
    ).rejects.toMatchObject({ name: 'InvalidGroup.NotFound' });
  });

  test.each([
    ['pay-shared', {}, 'InvalidGroup.Duplicate'],
    ['default', {}, 'InvalidGroup.Reserved'],
    ['elsewhere', { VpcId: 'vpc-00000000' }, 'InvalidVpcID.NotFound'],
    ['<b>', {}, 'InvalidParameterValue'],
    ['words', { Description: 'ümlaut' }, 'InvalidParameterValue'],
  ])('can not be made: %s %j', async (name, rest, code) => {
    await expect(create(name, rest)).rejects.toMatchObject({ name: code });
  });

  test.each(['pay-shared', 'pay-data'])('stay while something needs them: %s', async name => {
    const GroupId = groupNamed(aws.north, name).id;
    await expect(aws.ec2.send(new DeleteSecurityGroupCommand({ GroupId }))).rejects.toMatchObject({
      name: 'DependencyViolation',
    });
  });
});

describe('groups of an interface', () => {
  test('are replaced as a whole, through the interface or the instance', async () => {
    const instance = instanceNamed(aws.north, 'pay-api-1');
    const shared = groupNamed(aws.north, 'pay-shared').id;
    const { GroupId: own = '' } = await create(`latchkey-${instance.id}`);
    await aws.ec2.send(
      new ModifyNetworkInterfaceAttributeCommand({
        NetworkInterfaceId: instance.interfaceId,
        Groups: [shared, own],
      }),
    );
    const { NetworkInterfaces } = await aws.ec2.send(
      new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'group-id', Values: [own] }] }),
    );
    expect(NetworkInterfaces).toMatchObject([
      {
        NetworkInterfaceId: instance.interfaceId,
        Attachment: { InstanceId: instance.id },
        Groups: [{ GroupId: shared, GroupName: 'pay-shared' }, { GroupId: own }],
      },
    ]);
    await aws.ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: instance.id, Groups: [shared] }));
    await aws.ec2.send(new DeleteSecurityGroupCommand({ GroupId: own }));
  });

  test('are five at most, of the same VPC, and known', async () => {
    const hub = instanceNamed(aws.east, 'pay-hub');
    const nic = aws.east.interfaces.get(hub.interfaceId);
    const attach = (Groups: string[]) =>
      aws.ec2East.send(
        new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: hub.interfaceId, Groups }),
      );
    expect(nic?.groupIds).toHaveLength(5);
    const sixth = groupNamed(aws.east, 'pay-inside').id;
    await expect(attach([...(nic?.groupIds ?? []), sixth])).rejects.toMatchObject({
      name: 'SecurityGroupsPerInterfaceLimitExceeded',
    });
    await expect(attach(['sg-00000000000000000'])).rejects.toMatchObject({ name: 'InvalidGroup.NotFound' });
    await expect(attach(['sg-x'])).rejects.toMatchObject({ name: 'InvalidGroupId.Malformed' });
    expect(nic?.groupIds).toHaveLength(5);
  });
});

describe('tags', () => {
  test('go on anything, and off again', async () => {
    const group = groupNamed(aws.north, 'pay-shared');
    const rule = [...group.rules.keys()][1] ?? '';
    const Tags = [{ Key: 'ticket', Value: `<"&'> ümlaut` }];
    await aws.ec2.send(new CreateTagsCommand({ Resources: [group.id, rule], Tags }));
    const { Tags: found = [] } = await aws.ec2.send(
      new DescribeTagsCommand({ Filters: [{ Name: 'key', Values: ['ticket'] }] }),
    );
    expect(found.map(tag => `${tag.ResourceType} ${tag.Value}`).sort()).toEqual([
      `security-group <"&'> ümlaut`,
      `security-group-rule <"&'> ümlaut`,
    ]);
    await aws.ec2.send(new DeleteTagsCommand({ Resources: [rule], Tags: [{ Key: 'ticket' }] }));
    const wrongValue = [{ Key: 'ticket', Value: 'another' }];
    await aws.ec2.send(new DeleteTagsCommand({ Resources: [group.id], Tags: wrongValue }));
    expect(group.tags.has('ticket')).toBe(true);
    expect(group.rules.get(rule)?.tags.has('ticket')).toBe(false);
  });

  test('are 50 at most, and not too long', async () => {
    const { id, tags } = instanceNamed(aws.north, 'pay-batch');
    const put = (count: number, value = 'v') => {
      const Tags = Array.from({ length: count }, (_, n) => ({ Key: `k${n}`, Value: value }));
      return aws.ec2.send(new CreateTagsCommand({ Resources: [id], Tags }));
    };
    await expect(put(50)).rejects.toMatchObject({ name: 'TagLimitExceeded' });
    expect(tags.size).toBe(1);
    for (const bad of ['x'.repeat(257), 'a\u0000b']) {
      await expect(put(1, bad)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    }
    await put(49, 'x'.repeat(256));
    expect(tags.size).toBe(50);
  });
});
