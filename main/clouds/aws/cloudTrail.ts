/**
 * CloudTrail's event history of a region: who changed security groups and their rules, whatever with. It is there in every
 * account without being set up, costs nothing, goes back 90 days, and tells of things about five minutes late
 * (docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html). The official client: it is small
 * beside EC2's, which is loaded already, and signs and retries as that does.
 */
import type { Instant } from '../../os/ports.ts';
import type { CloudEvent } from '../cloud.ts';
import { eventOf, trailEvents } from './cloudTrailEvent.ts';
import type { Connection } from './connection.ts';

/** As many as one answer holds. */
const pageSize = 50;
/** Of one kind of event, 10,000: at two requests a second more would take longer than they are worth. The newest come first. */
const mostPages = 200;

/**
 * Events at or after `since`, in pages, per kind newest first. One attribute may be asked for: by the event's name an idle
 * region takes one request per kind, where all writes of a busy account would take thousands. The pace is the connection's.
 * What can't be read (cut short, or no JSON) is left out, and counted in the log.
 */
export async function* cloudTrail(
  aws: Connection,
  region: string,
  since: Instant,
  signal?: AbortSignal,
): AsyncGenerator<CloudEvent[]> {
  let unread = 0;
  for (const AttributeValue of trailEvents) {
    let token: string | undefined;
    for (let page = 1; page <= mostPages; page++) {
      const input = {
        LookupAttributes: [{ AttributeKey: 'EventName' as const, AttributeValue }],
        StartTime: new Date(since),
        MaxResults: pageSize,
        NextToken: token,
      };
      const answer = await aws.cloudTrail(
        region,
        'LookupEvents',
        (trail, options) => trail.lookupEvents(input, options),
        signal,
      );
      const read = (answer.Events ?? []).map(({ CloudTrailEvent }) => eventOf(CloudTrailEvent, region));
      unread += read.filter(event => event === 'unread').length;
      const events = read.filter(event => event !== 'unread' && event !== undefined);
      if (events.length > 0) yield events;
      if (answer.NextToken === undefined || answer.NextToken === token) break;
      token = answer.NextToken;
    }
  }
  if (unread > 0) aws.log.warn({ region, unread }, 'events of CloudTrail that make no sense were left out');
}

/** The connection, telling of each write of ours by the request id under which CloudTrail will have it. */
export function telling(aws: Connection, told: ((correlation: string) => void) | undefined): Connection {
  if (told === undefined) return aws;
  return {
    ...aws,
    async ec2(region, action, send, signal) {
      const answer = await aws.ec2(region, action, send, signal);
      const id = trailEvents.some(name => name === action) ? requestId(answer) : undefined;
      if (id !== undefined) told(id);
      return answer;
    },
  };
}

function requestId(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('$metadata' in answer)) return undefined;
  return (answer.$metadata as { requestId?: string }).requestId;
}
