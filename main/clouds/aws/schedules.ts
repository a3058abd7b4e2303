/**
 * One-time schedules of EventBridge Scheduler: one per rule, which revokes it by its id when nobody needs it any more. The
 * schedule's name follows from the rule's, so that every Latchkey that shares the rule finds the same one.
 */
import type { CreateScheduleInput } from '@aws-sdk/client-scheduler';
import { cloudCode, isNotFound } from '../calls.ts';
import type { Connection } from './connection.ts';
import { partitionOf } from './names.ts';

const prefix = 'latchkey-';
const minuteMs = 60_000;
/** A schedule is never made for a time nearer than this: it would be past when it arrives, and AWS refuses those. */
const leastMs = 20_000;

/** Where a rule is. */
export interface RulePlace {
  region: string;
  group: string;
  /** `sgr-…` */
  rule: string;
}

/** At most 64 characters `[0-9a-zA-Z-_.]` (reference 8.2): a rule's id has 21. */
export function scheduleName(rule: string): string {
  return prefix + rule;
}

/** The rule that a schedule of ours is for; undefined for other schedules. */
export function ruleOfSchedule(name: string | undefined): string | undefined {
  return /^latchkey-(sgr-[0-9a-f]+)$/.exec(name ?? '')?.[1];
}

/**
 * When a schedule fires so that a rule stands until `end` and never shorter. AWS says “at 1:00” fires between 1:00:00 and
 * 1:00:59 (reference 8.2: precision 60 s); where it cuts the seconds off, a time in the middle of a minute would fire
 * too early. So it is the first whole minute that is not before the end.
 */
export function fireTime(end: number, now: number): number {
  return Math.ceil(Math.max(end, now + leastMs) / minuteMs) * minuteMs;
}

/**
 * The universal target that revokes a rule, and its input. Assumption, reference 8.2 [U]: it follows from the documented
 * form `aws-sdk:<service>:<apiAction>` with PascalCase input; no published example of this very action was found.
 */
export function revokeTarget({ region, group, rule }: RulePlace): { Arn: string; Input: string } {
  return {
    Arn: `arn:${partitionOf(region)}:scheduler:::aws-sdk:ec2:revokeSecurityGroupIngress`,
    Input: JSON.stringify({ GroupId: group, SecurityGroupRuleIds: [rule] }),
  };
}

function schedule(place: RulePlace, role: string, at: number): CreateScheduleInput {
  return {
    Name: scheduleName(place.rule),
    ScheduleExpression: `at(${new Date(at).toISOString().slice(0, 19)})`,
    ScheduleExpressionTimezone: 'UTC',
    FlexibleTimeWindow: { Mode: 'OFF' },
    ActionAfterCompletion: 'DELETE',
    Description: `Latchkey: revokes ${place.rule} of ${place.group} when the last grant that needs it has ended`,
    // Tried for a day, as often as AWS allows: a door must not stay open because EC2 was busy.
    Target: {
      ...revokeTarget(place),
      RoleArn: role,
      RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
    },
  };
}

/** Makes the rule's schedule. False if there is one already. */
export async function createSchedule(
  aws: Connection,
  place: RulePlace,
  role: string,
  at: number,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    const input = schedule(place, role, at);
    await aws.scheduler(
      place.region,
      'CreateSchedule',
      (client, options) => client.createSchedule(input, options),
      signal,
    );
    return true;
  } catch (error) {
    if (cloudCode(error) === 'ConflictException') return false;
    throw error;
  }
}

/** Moves the rule's schedule, in one step: it is never without one. False if there is none (any more). */
export async function moveSchedule(
  aws: Connection,
  place: RulePlace,
  role: string,
  at: number,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    const input = schedule(place, role, at);
    await aws.scheduler(
      place.region,
      'UpdateSchedule',
      (client, options) => client.updateSchedule(input, options),
      signal,
    );
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** When the rule's schedule fires, epoch milliseconds; undefined if there is none, or one that is not for this rule. */
export async function scheduleTime(
  aws: Connection,
  place: RulePlace,
  signal?: AbortSignal,
): Promise<number | undefined> {
  try {
    const found = await aws.scheduler(
      place.region,
      'GetSchedule',
      (client, options) => client.getSchedule({ Name: scheduleName(place.rule) }, options),
      signal,
    );
    const [, time] = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(found.ScheduleExpression ?? '') ?? [];
    const at = Date.parse(`${time}Z`);
    const sound = found.Target?.Input === revokeTarget(place).Input && found.State !== 'DISABLED';
    return sound && !Number.isNaN(at) ? at : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Takes a rule's schedule away. One that is gone is no error. */
export async function removeSchedule(
  aws: Connection,
  region: string,
  rule: string,
  signal?: AbortSignal,
): Promise<void> {
  try {
    const input = { Name: scheduleName(rule) };
    await aws.scheduler(
      region,
      'DeleteSchedule',
      (client, options) => client.deleteSchedule(input, options),
      signal,
    );
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** The rules that schedules of ours in a region are for. */
export async function listSchedules(
  aws: Connection,
  region: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const rules: string[] = [];
  let NextToken: string | undefined;
  do {
    const input = { NamePrefix: prefix, NextToken };
    const answer = await aws.scheduler(
      region,
      'ListSchedules',
      (client, options) => client.listSchedules(input, options),
      signal,
    );
    rules.push(...(answer.Schedules ?? []).flatMap(({ Name }) => ruleOfSchedule(Name) ?? []));
    NextToken = answer.NextToken || undefined;
  } while (NextToken !== undefined);
  return rules;
}
