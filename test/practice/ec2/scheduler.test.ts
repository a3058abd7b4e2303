/** EventBridge Scheduler and the roles it acts with, by the official SDK clients: schedules really run. */
import { AuthorizeSecurityGroupIngressCommand, CreateTagsCommand } from '@aws-sdk/client-ec2';
import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { allows, trusts } from '../../../main/practice/ec2/iam/allows.ts';
import { type SchedulerRunner, startScheduler } from '../../../main/practice/ec2/scheduler/runner.ts';
import { groupNamed, startAws, tcp } from './setup.ts';

const RoleName = 'runner';
const trust = (service = 'scheduler.amazonaws.com') =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  });
const policy = (condition?: object) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Action: 'ec2:RevokeSecurityGroupIngress',
      Resource: 'arn:aws:ec2:*:*:security-group/*',
      ...(condition ? { Condition: condition } : {}),
    },
  });

let aws: Awaited<ReturnType<typeof startAws>>;
let iam: IAMClient;
let viewerIam: IAMClient;
let scheduler: SchedulerClient;
let runner: SchedulerRunner;
let group: string;

beforeAll(async () => {
  aws = await startAws();
  iam = new IAMClient(aws.settings('operator', 'us-east-1'));
  viewerIam = new IAMClient(aws.settings('viewer', 'us-east-1'));
  scheduler = new SchedulerClient(aws.settings('operator', 'eu-north-1'));
  runner = startScheduler(aws.world);
  group = groupNamed(aws.north, 'pay-shared').id;
});
afterAll(async () => {
  runner.stop();
  await aws.stop();
});
beforeEach(async () => {
  aws.world.roles.clear();
  aws.world.schedules.clear();
  aws.clock.aheadMs = 0;
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust() }));
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument: policy() }));
});

const arn = () => `arn:aws:iam::${aws.world.account}:role/${RoleName}`;
const at = (ms: number) => `at(${new Date(Date.now() + ms).toISOString().slice(0, 19)})`;
const schedule = (rule: string, fields: object = {}) => ({
  Name: 'latchkey-one',
  ScheduleExpression: at(60_000),
  ScheduleExpressionTimezone: 'UTC',
  FlexibleTimeWindow: { Mode: 'OFF' as const },
  ActionAfterCompletion: 'DELETE' as const,
  Target: {
    Arn: 'arn:aws:scheduler:::aws-sdk:ec2:revokeSecurityGroupIngress',
    RoleArn: arn(),
    Input: JSON.stringify({ GroupId: group, SecurityGroupRuleIds: [rule] }),
    RetryPolicy: { MaximumRetryAttempts: 3 },
  },
  ...fields,
});
async function addRule(port: number): Promise<string> {
  const answer = await aws.ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: group,
      IpPermissions: [tcp(port, '203.0.113.7/32')],
    }),
  );
  return answer.SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '';
}
const stands = (rule: string) => groupNamed(aws.north, 'pay-shared').rules.has(rule);

describe('a role', () => {
  it('is made, read, listed and removed', async () => {
    const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
    expect(Role?.Arn).toBe(arn());
    expect(JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ''))).toEqual(JSON.parse(trust()));
    const { PolicyNames } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
    expect(PolicyNames).toEqual(['p']);
    const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: 'p' }));
    expect(JSON.parse(decodeURIComponent(PolicyDocument ?? ''))).toEqual(JSON.parse(policy()));
    await expect(iam.send(new DeleteRoleCommand({ RoleName }))).rejects.toMatchObject({
      name: 'DeleteConflictException',
    });
    await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'p' }));
    await iam.send(new DeleteRoleCommand({ RoleName }));
    await expect(iam.send(new GetRoleCommand({ RoleName }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
    });
  });

  it('is refused twice, malformed, and to a viewer', async () => {
    const twice = { RoleName, AssumeRolePolicyDocument: trust() };
    await expect(iam.send(new CreateRoleCommand(twice))).rejects.toMatchObject({
      name: 'EntityAlreadyExistsException',
    });
    const broken = { RoleName: 'other', AssumeRolePolicyDocument: '{' };
    await expect(iam.send(new CreateRoleCommand(broken))).rejects.toMatchObject({
      name: 'MalformedPolicyDocumentException',
    });
    const other = { RoleName: 'other', AssumeRolePolicyDocument: trust() };
    await expect(viewerIam.send(new CreateRoleCommand(other))).rejects.toMatchObject({
      name: 'AccessDenied',
    });
    expect((await viewerIam.send(new GetRoleCommand({ RoleName }))).Role?.RoleName).toBe(RoleName);
  });
});

describe('a schedule', () => {
  it('is made, read, moved, listed and removed', async () => {
    await scheduler.send(new CreateScheduleCommand(schedule('sgr-0123456789abcdef0')));
    const again = new CreateScheduleCommand(schedule('sgr-0123456789abcdef0'));
    await expect(scheduler.send(again)).rejects.toMatchObject({ name: 'ConflictException' });
    const later = schedule('sgr-0123456789abcdef0', { ScheduleExpression: at(120_000) });
    await scheduler.send(new UpdateScheduleCommand(later));
    const got = await scheduler.send(new GetScheduleCommand({ Name: 'latchkey-one' }));
    expect(got).toMatchObject({
      ScheduleExpression: later.ScheduleExpression,
      ActionAfterCompletion: 'DELETE',
      State: 'ENABLED',
      Target: { Arn: later.Target.Arn, Input: later.Target.Input },
    });
    expect(got.CreationDate).toBeInstanceOf(Date);
    await scheduler.send(new CreateScheduleCommand({ ...later, Name: 'other' }));
    const { Schedules } = await scheduler.send(new ListSchedulesCommand({ NamePrefix: 'latchkey-' }));
    expect(Schedules?.map(({ Name }) => Name)).toEqual(['latchkey-one']);
    const first = await scheduler.send(new ListSchedulesCommand({ MaxResults: 1 }));
    const rest = await scheduler.send(new ListSchedulesCommand({ NextToken: first.NextToken }));
    expect([...(first.Schedules ?? []), ...(rest.Schedules ?? [])].map(({ Name }) => Name)).toEqual([
      'latchkey-one',
      'other',
    ]);
    await scheduler.send(new DeleteScheduleCommand({ Name: 'latchkey-one' }));
    const gone = { name: 'ResourceNotFoundException' };
    await expect(scheduler.send(new GetScheduleCommand({ Name: 'latchkey-one' }))).rejects.toMatchObject(
      gone,
    );
    await expect(scheduler.send(new UpdateScheduleCommand(later))).rejects.toMatchObject(gone);
  });

  it.each([
    ['in the past', { ScheduleExpression: at(-60_000) }],
    ['of another kind', { ScheduleExpression: 'rate(1 hour)' }],
    [
      'with a target that is none',
      { Target: { ...schedule0().Target, Arn: 'arn:aws:scheduler:::aws-sdk:ec2:no' } },
    ],
    [
      'with a role that is not there',
      { Target: { ...schedule0().Target, RoleArn: 'arn:aws:iam::1:role/x' } },
    ],
  ])('%s is refused', async (_what, fields) => {
    const wrong = new CreateScheduleCommand({ ...schedule('sgr-0123456789abcdef0'), ...fields });
    await expect(scheduler.send(wrong)).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('whose role does not trust the scheduler is refused', async () => {
    aws.world.roles.set(RoleName, {
      ...(aws.world.roles.get(RoleName) as never as object),
      trust: trust('ec2.amazonaws.com'),
    } as never);
    const wrong = new CreateScheduleCommand(schedule('sgr-0123456789abcdef0'));
    await expect(scheduler.send(wrong)).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('runs at its time, not before, and is gone then', async () => {
    const rule = await addRule(9001);
    await scheduler.send(new CreateScheduleCommand(schedule(rule)));
    runner.tick();
    expect(stands(rule)).toBe(true);
    aws.clock.aheadMs = 60_000;
    runner.tick();
    expect(stands(rule)).toBe(false);
    expect(aws.world.schedules.size).toBe(0);
    expect(aws.world.trail.at(-1)).toMatchObject({
      name: 'RevokeSecurityGroupIngress',
      record: {
        sourceIPAddress: 'scheduler.amazonaws.com',
        userIdentity: {
          type: 'AssumedRole',
          invokedBy: 'scheduler.amazonaws.com',
          sessionContext: { sessionIssuer: { userName: RoleName } },
        },
        responseElements: { _return: true },
      },
    });
  });

  it('does what its role may, with the conditions on tags, and tries again as it was told', async () => {
    const condition = { StringLike: { 'aws:ResourceTag/guarded': 'y*' } };
    await iam.send(
      new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument: policy(condition) }),
    );
    const rule = await addRule(9002);
    await scheduler.send(new CreateScheduleCommand(schedule(rule)));
    aws.clock.aheadMs = 60_000;
    runner.tick();
    expect(stands(rule)).toBe(true);
    aws.clock.aheadMs = 0;
    await aws.ec2.send(
      new CreateTagsCommand({ Resources: [group], Tags: [{ Key: 'guarded', Value: 'yes' }] }),
    );
    aws.clock.aheadMs = 62_000;
    runner.tick();
    expect(stands(rule)).toBe(false);
  });

  it('that can’t do it gives up in the end', async () => {
    const rule = await addRule(9003);
    await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'p' }));
    await scheduler.send(new CreateScheduleCommand(schedule(rule)));
    for (let minute = 1; minute <= 4; minute++) {
      aws.clock.aheadMs = minute * 60_000;
      runner.tick();
    }
    expect(stands(rule)).toBe(true);
    expect(aws.world.schedules.size).toBe(0);
  });
});

describe('policies', () => {
  const question = {
    action: 'ec2:RevokeSecurityGroupIngress',
    resource: 'arn:aws:ec2:r:1:security-group/sg-1',
    context: {},
  };
  it('allow by what they say and nothing else; a deny wins; what can’t be read allows nothing', () => {
    const deny = JSON.stringify({ Statement: { Effect: 'Deny', Action: 'ec2:*', Resource: '*' } });
    expect(allows([policy()], question)).toBe(true);
    expect(allows([policy()], { ...question, action: 'ec2:RevokeSecurityGroupEgress' })).toBe(false);
    expect(allows([policy()], { ...question, resource: 'arn:aws:ec2:r:1:instance/i-1' })).toBe(false);
    expect(allows([policy(), deny], question)).toBe(false);
    expect(allows(['{'], question)).toBe(false);
    expect(allows([policy({ NumericLessThan: { x: '1' } })], question)).toBe(false);
    expect(allows([], question)).toBe(false);
  });

  it('trust a service, for the account they name', () => {
    const mine = JSON.parse(trust());
    mine.Statement[0].Condition = { StringEquals: { 'aws:SourceAccount': '1' } };
    expect(trusts(JSON.stringify(mine), 'scheduler.amazonaws.com', '1')).toBe(true);
    expect(trusts(JSON.stringify(mine), 'scheduler.amazonaws.com', '2')).toBe(false);
    expect(trusts(trust(), 'ec2.amazonaws.com', '1')).toBe(false);
  });
});

function schedule0() {
  return {
    Target: { Arn: 'arn:aws:scheduler:::aws-sdk:ec2:revokeSecurityGroupIngress', RoleArn: 'x', Input: '{}' },
  };
}
