/** China and GovCloud: the same services, under ARNs and regions of their own. */
import { DescribeRegionsCommand, DescribeSecurityGroupsCommand } from '@aws-sdk/client-ec2';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { expect, onTestFinished, test } from 'vitest';
import { startAws } from './setup.ts';

const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: {
    Effect: 'Allow',
    Principal: { Service: 'scheduler.amazonaws.com' },
    Action: 'sts:AssumeRole',
  },
});

test.each([
  ['aws-cn', 'cn-north-1', 'ec2.cn-north-1.amazonaws.com.cn'],
  ['aws-us-gov', 'us-gov-west-1', 'ec2.us-gov-west-1.amazonaws.com'],
] as const)('%s', async (partition, region, endpoint) => {
  const aws = await startAws({ partition });
  onTestFinished(() => aws.stop());
  const { account } = aws.world;
  const me = await aws.sts.send(new GetCallerIdentityCommand({}));
  expect(me.Arn).toBe(`arn:${partition}:iam::${account}:user/lena`);
  const { Regions } = await aws.ec2.send(new DescribeRegionsCommand({}));
  expect(Regions?.[0]).toMatchObject({ RegionName: region, Endpoint: endpoint });
  const { SecurityGroups } = await aws.ec2.send(new DescribeSecurityGroupsCommand({}));
  for (const { SecurityGroupArn } of SecurityGroups ?? [])
    expect(SecurityGroupArn).toMatch(`arn:${partition}:ec2:${region}:`);
  const RoleArn = `arn:${partition}:iam::${account}:role/LatchkeyViewer`;
  const taken = await aws.sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'me' }));
  expect(taken.AssumedRoleUser?.Arn).toMatch(`arn:${partition}:sts::${account}:assumed-role/`);

  const iam = new IAMClient(aws.settings('operator', region));
  const { Role } = await iam.send(
    new CreateRoleCommand({ RoleName: 'runner', AssumeRolePolicyDocument: trust }),
  );
  const scheduler = new SchedulerClient(aws.settings('operator', region));
  const create = (start: string) =>
    scheduler.send(
      new CreateScheduleCommand({
        Name: 'one',
        ScheduleExpression: `at(${new Date(Date.now() + 3_600_000).toISOString().slice(0, 19)})`,
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: `arn:${start}:scheduler:::aws-sdk:ec2:revokeSecurityGroupIngress`,
          RoleArn: Role?.Arn,
          Input: '{}',
        },
      }),
    );
  await expect(create('aws')).rejects.toMatchObject({ name: 'ValidationException' });
  expect((await create(partition)).ScheduleArn).toMatch(`arn:${partition}:scheduler:${region}:${account}:`);
});
