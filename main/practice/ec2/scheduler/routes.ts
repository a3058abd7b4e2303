/** The REST API of EventBridge Scheduler: which action a request is, and its answer. */
import { AwsError } from '../errors.ts';
import type { AccessKey, Schedule, World } from '../world.ts';
import { invalid, notThere, readSchedule, scheduleKey } from './schedule.ts';

export interface SchedulerCall {
  world: World;
  region: string;
  key: AccessKey;
  method: string;
  /** Path with query. */
  url: string;
  body: Buffer;
}

/** The name of the action that a method on a path is; undefined where there is none. */
export function schedulerAction(method: string, url: string): string | undefined {
  const [path = ''] = url.split('?', 1);
  const one = /^\/schedules\/[^/]+\/?$/.test(path);
  if (one)
    return { POST: 'CreateSchedule', PUT: 'UpdateSchedule', GET: 'GetSchedule', DELETE: 'DeleteSchedule' }[
      method
    ];
  if (/^\/schedules\/?$/.test(path)) return method === 'GET' ? 'ListSchedules' : undefined;
  if (/^\/schedule-groups\/?$/.test(path)) return method === 'GET' ? 'ListScheduleGroups' : undefined;
  if (/^\/schedule-groups\/[^/]+\/?$/.test(path)) return method === 'GET' ? 'GetScheduleGroup' : undefined;
  return undefined;
}

/** The body of the answer. Throws ConflictException, ResourceNotFoundException, ValidationException, AccessDeniedException. */
export function runScheduler(call: SchedulerCall): object {
  const { world, region, method, url, body } = call;
  const action = schedulerAction(method, url);
  const { pathname, searchParams } = new URL(url, 'https://scheduler');
  const name = decodeURIComponent(pathname.split('/')[2] ?? '');
  const key = scheduleKey(region, name);
  if (action === undefined)
    throw new AwsError('UnknownOperationException', 'There is no such operation.', 404);
  if (call.key.role === 'viewer' && /^(Create|Update|Delete)/.test(action)) throw denied(call, action, name);
  const group = searchParams.get('groupName') ?? searchParams.get('ScheduleGroup') ?? 'default';
  if (group !== 'default') throw notThere(`Schedule group ${group} does not exist.`);
  switch (action) {
    case 'CreateSchedule': {
      const schedule = readSchedule(world, region, name, body);
      if (world.schedules.has(key)) {
        throw new AwsError('ConflictException', `Schedule ${name} already exists.`, 409);
      }
      world.schedules.set(key, schedule);
      return { ScheduleArn: arn(world, schedule) };
    }
    case 'UpdateSchedule': {
      const before = found(world, key, name);
      const schedule = { ...readSchedule(world, region, name, body), createdAt: before.createdAt };
      world.schedules.set(key, schedule);
      return { ScheduleArn: arn(world, schedule) };
    }
    case 'GetSchedule':
      return item(world, found(world, key, name));
    case 'DeleteSchedule':
      found(world, key, name);
      world.schedules.delete(key);
      return {};
    case 'ListSchedules':
      return list(call, searchParams);
    case 'GetScheduleGroup':
      if (name !== 'default') throw notThere(`Schedule group ${name} does not exist.`);
      return groupItem(world, region);
    default:
      return { ScheduleGroups: [groupItem(world, region)] };
  }
}

function list({ world, region }: SchedulerCall, query: URLSearchParams): object {
  const size = Number(query.get('MaxResults') ?? 100);
  if (!Number.isInteger(size) || size < 1 || size > 100)
    throw invalid('MaxResults must be between 1 and 100.');
  const after = query.get('NextToken') ?? '';
  const all = [...world.schedules.values()]
    .filter(
      each =>
        each.region === region && each.name.startsWith(query.get('NamePrefix') ?? '') && each.name > after,
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = all.slice(0, size);
  return {
    Schedules: page.map(each => {
      const { Arn, Name, GroupName, State, CreationDate, LastModificationDate } = item(world, each);
      return {
        Arn,
        Name,
        GroupName,
        State,
        CreationDate,
        LastModificationDate,
        Target: { Arn: each.target.arn },
      };
    }),
    ...(all.length > size ? { NextToken: page.at(-1)?.name } : {}),
  };
}

function item(world: World, schedule: Schedule) {
  const { retry, target } = schedule;
  return {
    Arn: arn(world, schedule),
    Name: schedule.name,
    GroupName: 'default',
    ScheduleExpression: schedule.expression,
    ScheduleExpressionTimezone: 'UTC',
    Description: schedule.description,
    State: schedule.enabled ? 'ENABLED' : 'DISABLED',
    FlexibleTimeWindow: { Mode: 'OFF' },
    ActionAfterCompletion: schedule.deleteAfter ? 'DELETE' : 'NONE',
    Target: {
      Arn: target.arn,
      RoleArn: target.role,
      Input: target.input,
      RetryPolicy: { MaximumEventAgeInSeconds: retry.ageMs / 1000, MaximumRetryAttempts: retry.attempts },
    },
    CreationDate: schedule.createdAt / 1000,
    LastModificationDate: schedule.changedAt / 1000,
  };
}

function found(world: World, key: string, name: string): Schedule {
  const schedule = world.schedules.get(key);
  if (!schedule) throw notThere(`Schedule ${name} does not exist.`);
  return schedule;
}

function denied({ key, world, region }: SchedulerCall, action: string, name: string): AwsError {
  const resource = `arn:${world.partition}:scheduler:${region}:${world.account}:schedule/default/${name}`;
  return new AwsError(
    'AccessDeniedException',
    `User: ${key.arn} is not authorized to perform: scheduler:${action} on resource: ${resource}`,
    403,
  );
}

function arn(world: World, { region, name }: Schedule): string {
  return `arn:${world.partition}:scheduler:${region}:${world.account}:schedule/default/${name}`;
}

/** The only group there is. */
function groupItem({ account, partition }: World, region: string) {
  const Arn = `arn:${partition}:scheduler:${region}:${account}:schedule-group/default`;
  return { Name: 'default', State: 'ACTIVE', Arn };
}
