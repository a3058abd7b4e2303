/**
 * Runs schedules by the cloud's clock. The real service fires within the minute after a schedule's time; this one fires
 * within `everyMs`. The target is called with the rights of the schedule's role and nobody else's.
 */
import { randomUUID } from 'node:crypto';
import { setInterval } from 'node:timers';
import { actions } from '../actions/table.ts';
import { AwsError } from '../errors.ts';
import { allows, trusts } from '../iam/allows.ts';
import { roleArn } from '../iam/roles.ts';
import { Params } from '../query.ts';
import { record } from '../trail/record.ts';
import type { AccessKey, Region, Role, Schedule, World } from '../world.ts';
import { scheduleKey, targetOf } from './schedule.ts';

const everyMs = 250;
/** What it is called in CloudTrail. */
const scheduler = 'scheduler.amazonaws.com';
/** Waits before a second try, milliseconds, doubled each time. */
const firstWaitMs = 1_000;
const longestWaitMs = 60_000;

export interface SchedulerRunner {
  /** Runs what is due now. */
  tick(): void;
  stop(): void;
}

/** Of every account in the organization of `world`. */
export function startScheduler(world: World): SchedulerRunner {
  const tick = () => {
    for (const account of world.organization) {
      for (const schedule of account.schedules.values())
        if (schedule.enabled && schedule.nextTry <= account.now()) run(account, schedule);
    }
  };
  const timer = setInterval(tick, everyMs);
  timer.unref();
  return { tick, stop: () => clearInterval(timer) };
}

function run(world: World, schedule: Schedule): void {
  schedule.tries++;
  let again = false;
  try {
    invoke(world, schedule);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    // What is not there will not be there later.
    again = !error.code.endsWith('.NotFound') && !error.code.endsWith('.Malformed');
  }
  const wait = Math.min(longestWaitMs, firstWaitMs * 2 ** (schedule.tries - 1));
  const { ageMs, attempts } = schedule.retry;
  if (again && schedule.tries <= attempts && world.now() + wait - schedule.at <= ageMs) {
    schedule.nextTry = world.now() + wait;
  } else if (schedule.deleteAfter) {
    world.schedules.delete(scheduleKey(schedule.region, schedule.name));
  } else {
    schedule.nextTry = Number.POSITIVE_INFINITY;
  }
}

function invoke(world: World, schedule: Schedule): void {
  const { target, region: name } = schedule;
  const region = world.regions.get(name);
  const found = targetOf(world, target.arn);
  const action = found && actions.get(found.action);
  if (!region || !action) throw new AwsError('InvalidAction', `There is no target ${target.arn}.`);
  const role = [...world.roles.values()].find(each => roleArn(world, each.name) === target.role);
  if (!role || !trusts(role.trust, scheduler, world.account)) {
    throw new AwsError('AccessDenied', `EventBridge Scheduler may not take the role ${target.role}.`, 403);
  }
  const params = toQuery(JSON.parse(target.input), found.lists);
  const session = `${schedule.name}-${schedule.tries}`;
  const event = {
    world,
    region: region.name,
    key: sessionKey(world, role, session),
    name: found.action,
    params,
    requestId: randomUUID(),
    ip: scheduler,
    userAgent: scheduler,
    invokedBy: scheduler,
  };
  try {
    checkRights(world, region, role, found.action, params);
    const answer = action.run({ world, region, params, now: world.now(), hostKeys: () => [] });
    record({ ...event, answer });
  } catch (error) {
    if (error instanceof AwsError) record({ ...event, error });
    throw error;
  }
}

/** What CloudTrail calls the session that Scheduler takes the role in. */
function sessionKey(world: World, role: Role, session: string): AccessKey {
  return {
    id: 'ASIASCHEDULER',
    secret: '',
    role: 'operator',
    arn: `arn:${world.partition}:sts::${world.account}:assumed-role/${role.name}/${session}`,
    userId: `${role.id}:${session}`,
  };
}

/** `{"GroupId":"sg-…","SecurityGroupRuleIds":["sgr-…"]}` as the Query API writes it. */
function toQuery(input: Record<string, unknown>, lists: Record<string, string>): Params {
  const form = new URLSearchParams();
  for (const [key, value] of Object.entries(input)) {
    if (!Array.isArray(value)) form.set(key, String(value));
    else for (const [i, one] of value.entries()) form.set(`${lists[key] ?? key}.${i + 1}`, String(one));
  }
  return Params.parse(form.toString());
}

function checkRights(world: World, region: Region, role: Role, action: string, params: Params): void {
  const id = params.text('GroupId') ?? params.texts('InstanceId')[0] ?? '';
  const thing = region.groups.get(id) ?? region.instances.get(id);
  const kind = region.instances.has(id) ? 'instance' : 'security-group';
  const tags = [...(thing?.tags ?? [])].map(([key, value]) => [`aws:ResourceTag/${key}`, value]);
  const allowed = allows([...role.policies.values()], {
    action: `ec2:${action}`,
    resource: `arn:${world.partition}:ec2:${region.name}:${world.account}:${kind}/${id}`,
    context: Object.fromEntries(tags),
  });
  if (!allowed) {
    throw new AwsError(
      'UnauthorizedOperation',
      `The role ${role.name} may not call ec2:${action} on ${id}.`,
      403,
    );
  }
}
