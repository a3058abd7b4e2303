/** A schedule as a request describes it, checked as the service checks it. */
import { z } from 'zod';
import { AwsError } from '../errors.ts';
import { trusts } from '../iam/allows.ts';
import { roleArn } from '../iam/roles.ts';
import type { Schedule, World } from '../world.ts';

/** Universal targets there are: their EC2 action, and the names their lists have in the Query API. */
const targets: Record<string, { action: string; lists: Record<string, string> }> = {
  'ec2:revokeSecurityGroupIngress': {
    action: 'RevokeSecurityGroupIngress',
    lists: { SecurityGroupRuleIds: 'SecurityGroupRuleId' },
  },
  'ec2:stopInstances': {
    action: 'StopInstances',
    lists: { InstanceIds: 'InstanceId' },
  },
};

/** The universal target of an ARN, which is that of the account's own partition; undefined for any other. */
export function targetOf({ partition }: World, arn: string): (typeof targets)[string] | undefined {
  const start = `arn:${partition}:scheduler:::aws-sdk:`;
  const name = arn.slice(start.length);
  return arn.startsWith(start) && Object.hasOwn(targets, name) ? targets[name] : undefined;
}

const input = z.object({
  GroupName: z.string().optional(),
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.string().optional(),
  Description: z.string().max(512).optional(),
  State: z.enum(['ENABLED', 'DISABLED']).optional(),
  FlexibleTimeWindow: z.object({ Mode: z.enum(['OFF', 'FLEXIBLE']) }),
  ActionAfterCompletion: z.enum(['NONE', 'DELETE']).optional(),
  Target: z.object({
    Arn: z.string(),
    RoleArn: z.string(),
    Input: z.string().optional(),
    RetryPolicy: z
      .object({
        MaximumEventAgeInSeconds: z.int().min(60).max(86_400).optional(),
        MaximumRetryAttempts: z.int().min(0).max(185).optional(),
      })
      .optional(),
  }),
});

/** Throws ValidationException. */
export function readSchedule(world: World, region: string, name: string, body: Buffer): Schedule {
  if (!/^[0-9a-zA-Z\-_.]{1,64}$/.test(name)) throw invalid('Invalid schedule name.');
  const read = input.safeParse(parse(body));
  if (!read.success) throw invalid(z.prettifyError(read.error).replaceAll('\n', ' '));
  const { Target, ScheduleExpression, ScheduleExpressionTimezone = 'UTC', ...rest } = read.data;
  const [, time] = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(ScheduleExpression) ?? [];
  const at = Date.parse(`${time}Z`);
  if (Number.isNaN(at)) throw invalid(`Invalid Schedule Expression ${ScheduleExpression}.`);
  if (ScheduleExpressionTimezone !== 'UTC') throw invalid('The practice cloud knows the time zone UTC only.');
  if (at <= world.now()) throw invalid('The schedule expression must be in the future.');
  if ((rest.GroupName ?? 'default') !== 'default')
    throw notThere(`Schedule group ${rest.GroupName} does not exist.`);
  if (!targetOf(world, Target.Arn))
    throw invalid(`Provided Arn is not in correct format or not supported: ${Target.Arn}`);
  const text = Target.Input ?? '{}';
  if (parse(Buffer.from(text)) === undefined) throw invalid('Invalid Target Input: it is no JSON.');
  const role = [...world.roles.values()].find(each => roleArn(world, each.name) === Target.RoleArn);
  if (!role || !trusts(role.trust, 'scheduler.amazonaws.com', world.account)) {
    throw invalid('The execution role you provide must allow AWS EventBridge Scheduler to assume the role.');
  }
  const { MaximumEventAgeInSeconds = 86_400, MaximumRetryAttempts = 185 } = Target.RetryPolicy ?? {};
  return {
    name,
    region,
    at,
    expression: ScheduleExpression,
    description: rest.Description,
    enabled: rest.State !== 'DISABLED',
    deleteAfter: rest.ActionAfterCompletion === 'DELETE',
    target: { arn: Target.Arn, role: Target.RoleArn, input: text },
    retry: { ageMs: MaximumEventAgeInSeconds * 1000, attempts: MaximumRetryAttempts },
    createdAt: world.now(),
    changedAt: world.now(),
    tries: 0,
    nextTry: at,
  };
}

export const scheduleKey = (region: string, name: string): string => `${region}/${name}`;
export const invalid = (message: string) => new AwsError('ValidationException', message);
export const notThere = (message: string) => new AwsError('ResourceNotFoundException', message, 404);

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
