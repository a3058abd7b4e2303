/** LookupEvents (docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html): one region, newest first. */
import { z } from 'zod';
import { AwsError } from '../errors.ts';
import { mustAllow } from '../iam/rights.ts';
import type { JsonCall } from '../json/services.ts';
import type { TrailEvent, World } from '../world.ts';

const input = z.object({
  LookupAttributes: z
    .array(z.object({ AttributeKey: z.string(), AttributeValue: z.string() }))
    .max(1)
    .optional(),
  /** Seconds since 1970. */
  StartTime: z.number().optional(),
  EndTime: z.number().optional(),
  MaxResults: z.int().optional(),
  NextToken: z.string().optional(),
});
const most = 50;
const keptMs = 90 * 86_400_000;
const asked = new WeakMap<World, Map<string, number[]>>();

export function lookUp({ world, region, key, input: body }: JsonCall): object {
  mustAllow(key, [{ action: 'cloudtrail:LookupEvents', resource: '*', context: {} }], 'other');
  throttle(world, region);
  const { data } = input.safeParse(body);
  if (!data) throw new AwsError('InvalidLookupAttributesException', 'The lookup is not valid.');
  const { MaxResults = most } = data;
  if (MaxResults < 1 || MaxResults > most)
    throw new AwsError('InvalidMaxResultsException', `Results are 1 to ${most} a page.`);
  const now = world.now();
  const from = Math.max((data.StartTime ?? 0) * 1000, now - keptMs);
  const to = (data.EndTime ?? Number.POSITIVE_INFINITY) * 1000;
  if (from > to) throw new AwsError('InvalidTimeRangeException', 'The start is after the end.');
  const [attribute] = data.LookupAttributes ?? [];
  const all = world.trail.filter(
    event =>
      event.region === region &&
      event.at + world.trailLagMs <= now &&
      event.at >= from &&
      event.at <= to &&
      (!attribute || fits(event, attribute.AttributeKey, attribute.AttributeValue)),
  );
  const before = data.NextToken === undefined ? undefined : all.findIndex(({ id }) => id === data.NextToken);
  if (before === -1) throw new AwsError('InvalidNextTokenException', 'The token is not one of ours.');
  const shown = all.slice(0, before).slice(-MaxResults).toReversed();
  const last = shown.at(-1);
  const isEnd = last === undefined || all[0] === last;
  return { Events: shown.map(item), ...(isEnd ? {} : { NextToken: last.id }) };
}

function fits(event: TrailEvent, key: string, value: string): boolean {
  switch (key) {
    case 'EventId':
      return event.id === value;
    case 'EventName':
      return event.name === value;
    case 'EventSource':
      return event.source === value;
    case 'ReadOnly':
      return value === 'false';
    case 'Username':
      return event.user === value;
    case 'ResourceName':
      return event.resources.some(({ name }) => name === value);
    case 'ResourceType':
      return event.resources.some(({ type }) => type === value);
    default:
      throw new AwsError('InvalidLookupAttributesException', `There is no attribute ${key}.`);
  }
}

function item(event: TrailEvent): object {
  return {
    EventId: event.id,
    EventName: event.name,
    ReadOnly: 'false',
    EventTime: event.at / 1000,
    EventSource: event.source,
    Username: event.user,
    Resources: event.resources.map(({ type, name }) => ({ ResourceType: type, ResourceName: name })),
    CloudTrailEvent: JSON.stringify(event.record),
  };
}

/** "The rate of lookup requests is limited to two per second, per account, per Region." */
function throttle(world: World, region: string): void {
  const regions = asked.get(world) ?? new Map<string, number[]>();
  asked.set(world, regions);
  const now = world.now();
  const recent = (regions.get(region) ?? []).filter(at => at > now - 1_000);
  regions.set(region, recent);
  if (recent.length >= world.trailPerSecond) throw new AwsError('ThrottlingException', 'Rate exceeded', 400);
  recent.push(now);
}
