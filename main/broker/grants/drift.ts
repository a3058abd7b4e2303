/** What somebody else changed on a rule that carries a grant: told in words, never undone. Pure. */
import { canonicalCidr } from '../../../shared/domain/cidr.ts';
import { isEmpty, setOf, subtract } from '../../../shared/domain/effective/addressSet.ts';
import { toWire } from '../../../shared/domain/time.ts';
import type { FoundRule } from '../../clouds/cloud.ts';
import type { RuleRecord } from './records.ts';

/** Said of a rule whose description was edited so that it does not prove to be ours: nobody here will remove it. */
export const unproven =
  'its description was edited, so it does not prove to be Latchkey’s any more: Latchkey will not remove it, somebody has to by hand';

/**
 * Parts of a sentence, empty if the rule stands as it was written. `found`: all that carries it, which is one rule in an
 * NSG and one for each source and port in a security group; those of others that it counts on are not among them.
 */
export function driftOf(rule: RuleRecord, found: FoundRule[]): string[] {
  const { order } = rule;
  const drift: string[] = found.flatMap(one => ownDrift(rule, one));
  const is = found.flatMap(one => one.sources);
  const sources = compare(order.sources, is);
  if (sources !== undefined && !(sources === 'narrowed' && rule.foreign.length > 0))
    drift.push(`its sources were ${sources} from ${words(order.sources)} to ${words(is)}`);
  // Security groups have no destinations.
  const to = found.flatMap(one => one.destinations);
  const destinations = order.destinations.length === 0 ? undefined : compare(order.destinations, to);
  if (destinations !== undefined)
    drift.push(`its destinations were ${destinations} from ${words(order.destinations)} to ${words(to)}`);
  return [...new Set(drift)];
}

/** What a rule tells by itself, however many there are beside it. */
function ownDrift(rule: RuleRecord, { stands, protocol, mark }: FoundRule): string[] {
  const { order } = rule;
  const drift: string[] = [];
  if (stands === undefined) return drift;
  if (rule.priority !== undefined && stands.priority !== rule.priority)
    drift.push(`its priority was moved from ${rule.priority} to ${stands.priority}`);
  if (stands.access === 'deny') drift.push('it denies now what it let in');
  if (stands.ports !== portWords(order.ports))
    drift.push(`its ports were changed from ${portWords(order.ports)} to ${stands.ports}`);
  if (protocol !== order.protocol)
    drift.push(`its protocol was changed from ${order.protocol} to ${protocol}`);
  // A rule with several marks has several ends.
  if (rule.writtenEnd !== undefined && mark.end !== rule.writtenEnd)
    drift.push(`the end in its description was changed to ${toWire(mark.end)}`);
  return drift;
}

/** One sentence of it. */
export function driftSentence(rule: RuleRecord, drift: string[]): string {
  const name = rule.names.join(', ');
  return `Somebody else changed rule ${name} in ${rule.order.gateName}: ${drift.join('; ')}.`;
}

/** `22,3389`, as `FoundRule.stands.ports` has them. */
export function portWords(ports: number[]): string {
  return ports
    .toSorted((a, b) => a - b)
    .map(String)
    .join(',');
}

/** How the addresses differ; undefined if they are the same. Service tags and groups are no addresses. */
function compare(before: string[], after: string[]): 'widened' | 'narrowed' | 'changed' | undefined {
  const [was, is] = [before, after].map(setFrom);
  if (was === undefined || is === undefined)
    return plainly(before) === plainly(after) ? undefined : 'changed';
  const more = !isEmpty(subtract(is, was));
  const less = !isEmpty(subtract(was, is));
  if (more && less) return 'changed';
  return more ? 'widened' : less ? 'narrowed' : undefined;
}

/** Ids of VMs are the same in any case. */
function plainly(words: string[]): string {
  return words
    .map(word => word.toLowerCase())
    .toSorted()
    .join();
}

function setFrom(addresses: string[]): ReturnType<typeof setOf> | undefined {
  const cidrs = addresses.flatMap(one => (one === '*' ? ['0.0.0.0/0', '::/0'] : [one]));
  return cidrs.every(one => /^[\da-f.:]+(?:\/\d+)?$/i.test(one))
    ? setOf(...cidrs.map(canonicalCidr))
    : undefined;
}

function words(addresses: string[]): string {
  return addresses.length === 0 ? 'none' : addresses.join(', ');
}
