/**
 * Putting a grant's rules into a security group, and keeping them there.
 *
 * AWS lets a rule (protocol, port, source) stand only once in a group, so two people's Latchkeys may need the very same
 * one. Who opens and who closes must not miss each other, and AWS has no lock to take. Both therefore raise a flag
 * before they look at the other's: opening writes its grant's tag and then reads; closing writes its closing flag and
 * then reads (close.ts). However the two interleave, at least one sees the other: closing sees a live grant and leaves
 * the rule, or opening sees the flag (or no rule) and comes again until the matter is settled. A flag whose owner died
 * counts for `flagLifeMs` only; who closes gives up its flag well before.
 */
import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import { canonicalCidr } from '../../../shared/domain/cidr.ts';
import { formatMark } from '../../../shared/domain/ruleMark.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { cloudCode, isNotFound } from '../calls.ts';
import type { RuleOrder, StandingRule } from '../cloud.ts';
import type { Connection } from './connection.ts';
import type { EndedBy, Ends } from './ends.ts';
import { endedTag, grantTag, readMarks } from './grantTags.ts';
import { gateRef } from './names.ts';
import { type Entry, entryKey, listRules, permissions, ruleEntry, settled as until, waits } from './rules.ts';
import { writeTags } from './tags.ts';

/** How long a closing flag counts. */
export const flagLifeMs = 120_000;
/** Security group rules' descriptions hold 255 characters (reference 8.1). */
const descriptionLength = 255;

/** Carries out an order: one write on the good path, then looks until the rules are listed while their end is arranged. */
export async function openOrder(
  aws: Connection,
  ends: Ends,
  order: RuleOrder,
  signal?: AbortSignal,
): Promise<StandingRule> {
  const settling = aws.queue.run(order.gate, () => settle(aws, order, { blind: true }, signal));
  ends.prepare();
  const settled = await settling;
  const ending = () => {
    const what = toEnd(order, settled);
    return settled.anew ? ends.begin(what, signal) : ends.settle(what, false, signal);
  };
  return await whenListed(aws, order, settled, ending, signal);
}

/** Moves the end of a standing order, and puts back what is gone. */
export async function extendOrder(
  aws: Connection,
  ends: Ends,
  order: RuleOrder,
  endedBy: EndedBy | undefined,
  signal?: AbortSignal,
): Promise<StandingRule> {
  const settled = await aws.queue.run(order.gate, async () => {
    const found = await settle(aws, order, { blind: false }, signal);
    await describeAnew(aws, order, signal);
    return found;
  });
  // Where the cloud was told an end it must be told the new one, or it shuts the port at the old one.
  const ending = () => ends.settle(toEnd(order, settled), endedBy === 'cloud', signal);
  return await whenListed(aws, order, settled, ending, signal);
}

function toEnd(order: RuleOrder, { names }: Settled) {
  const { gate, mark } = order;
  return { gate, rules: [...names.keys()], grants: [mark.grant], end: mark.end };
}

interface Settled {
  /** All of the rules were made just now, by us. */
  anew: boolean;
  names: Map<string, Entry>;
  foreign: Map<string, Entry>;
  correlation?: string | undefined;
}

/**
 * Brings about that every entry of the order stands with our grant's tag, or stands as somebody else's rule. `blind`:
 * write first, look only if AWS says that something stands already (its answer is all or nothing).
 */
async function settle(
  aws: Connection,
  order: RuleOrder,
  { blind }: { blind: boolean },
  signal?: AbortSignal,
): Promise<Settled> {
  const { region, group } = gateRef(order.gate);
  const done: Settled = { anew: false, names: new Map(), foreign: new Map() };
  let open = entries(order);
  if (blind && (await authorize(aws, order, open, done, signal))) return { ...done, anew: true };

  // The second look comes at once: it is the one after our tags were written.
  for (const wait of [0, 0, ...waits]) {
    if (wait > 0) await aws.pause(wait, signal);
    const look = sort(aws, order, open, await listRules(aws, region, [group], signal));
    for (const [id, entry] of look.foreign) done.foreign.set(id, entry);
    for (const [id, entry] of look.standing) done.names.set(id, entry);
    const written = look.absent.length === 0 || (await authorize(aws, order, look.absent, done, signal));
    open = [...look.untagged.values(), ...look.closing, ...(written ? [] : look.absent)];
    if (open.length === 0) return done;
    if (look.untagged.size > 0) await claim(aws, order, [...look.untagged.keys()], signal);
  }
  await giveBack(aws, order, open, signal);
  throw new LatchkeyError({
    code: 'CLOUD_CONFLICT',
    message: `Another Latchkey is changing the same rule of ${order.gateName} right now.`,
    fix: 'Try again in a minute.',
    detail: { rules: open.map(entryKey) },
  });
}

interface Look {
  foreign: Map<string, Entry>;
  /** Ours, with this grant's tag as it must be, and nobody is closing it. */
  standing: Map<string, Entry>;
  /** Ours, without this grant's tag as it must be. */
  untagged: Map<string, Entry>;
  closing: Entry[];
  absent: Entry[];
}

function sort(aws: Connection, order: RuleOrder, wanted: Entry[], rules: SecurityGroupRule[]): Look {
  const look: Look = {
    foreign: new Map(),
    standing: new Map(),
    untagged: new Map(),
    closing: [],
    absent: [],
  };
  const tag = grantTag(order.mark);
  const text = formatMark(order.mark, descriptionLength);
  const byEntry = new Map(
    rules.flatMap(rule => {
      const entry = ruleEntry(rule);
      return entry === undefined || rule.IsEgress ? [] : [[entryKey(entry), rule] as const];
    }),
  );
  for (const entry of wanted) {
    const rule = byEntry.get(entryKey(entry));
    const id = rule?.SecurityGroupRuleId ?? '';
    const marks = rule && readMarks(rule);
    const mine = rule?.Tags?.some(({ Key, Value }) => Key === tag.Key && Value === tag.Value);
    if (rule === undefined) look.absent.push(entry);
    // Our very description without a tag: a server that left the tags out of a new rule.
    else if (marks === undefined && rule.Description !== text) look.foreign.set(id, entry);
    else if (!mine || marks === undefined) look.untagged.set(id, entry);
    else if (marks.flags.some(flag => flag.since + flagLifeMs > aws.now())) look.closing.push(entry);
    else look.standing.set(id, entry);
  }
  return look;
}

/** Writes rules in one call. False: one of them stands already, so none was written. */
async function authorize(
  aws: Connection,
  order: RuleOrder,
  wanted: Entry[],
  done: Settled,
  signal?: AbortSignal,
): Promise<boolean> {
  const { region, group } = gateRef(order.gate);
  try {
    const answer = await aws.ec2(
      region,
      'AuthorizeSecurityGroupIngress',
      (ec2, options) =>
        ec2.authorizeSecurityGroupIngress(
          {
            GroupId: group,
            IpPermissions: permissions(wanted, formatMark(order.mark, descriptionLength)),
            TagSpecifications: [{ ResourceType: 'security-group-rule', Tags: [grantTag(order.mark)] }],
          },
          options,
        ),
      signal,
    );
    for (const rule of answer.SecurityGroupRules ?? []) {
      const entry = ruleEntry(rule);
      if (entry && rule.SecurityGroupRuleId) done.names.set(rule.SecurityGroupRuleId, entry);
    }
    done.correlation = answer.$metadata.requestId;
    return true;
  } catch (error) {
    if (cloudCode(error) === 'InvalidPermission.Duplicate') return false;
    throw error;
  }
}

/** Puts our grant's tag on rules of ours. One that has just gone is found out by the next look. */
async function claim(aws: Connection, order: RuleOrder, ids: string[], signal?: AbortSignal): Promise<void> {
  try {
    await writeTags(aws, gateRef(order.gate).region, ids, [grantTag(order.mark)], signal);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Takes our claim off rules that we could not settle for. */
async function giveBack(aws: Connection, order: RuleOrder, open: Entry[], signal?: AbortSignal) {
  const { region, group } = gateRef(order.gate);
  const rules = await listRules(aws, region, [group], signal);
  const keys = new Set(open.map(entryKey));
  const ids = rules.flatMap(rule => {
    const entry = ruleEntry(rule);
    const mine = readMarks(rule)?.grants.some(({ grant }) => grant === order.mark.grant);
    return entry && mine && keys.has(entryKey(entry)) ? (rule.SecurityGroupRuleId ?? []) : [];
  });
  if (ids.length > 0) await writeTags(aws, region, ids, [endedTag(order.mark)], signal);
}

/** Writes the new end into the descriptions of the rules that this grant was the first to need. */
async function describeAnew(aws: Connection, order: RuleOrder, signal?: AbortSignal): Promise<void> {
  const { region, group } = gateRef(order.gate);
  const keys = new Set(entries(order).map(entryKey));
  const rules = await listRules(aws, region, [group], signal);
  const text = formatMark(order.mark, descriptionLength);
  const stale = rules.flatMap(rule => {
    const entry = ruleEntry(rule);
    const first = readMarks(rule)?.described.grant === order.mark.grant && rule.Description !== text;
    return entry && first && keys.has(entryKey(entry)) ? [entry] : [];
  });
  if (stale.length === 0) return;
  // By permission, not by rule id: not every EC2-compatible server knows the latter.
  const input = { GroupId: group, IpPermissions: permissions(stale, text) };
  await aws.ec2(
    region,
    'UpdateSecurityGroupRuleDescriptionsIngress',
    (ec2, options) => ec2.updateSecurityGroupRuleDescriptionsIngress(input, options),
    signal,
  );
}

/** Looks again until the group's list has the rules: AWS's reads lag behind its writes. */
async function whenListed(
  aws: Connection,
  order: RuleOrder,
  settled: Settled,
  ending: () => ReturnType<Ends['settle']>,
  signal?: AbortSignal,
): Promise<StandingRule> {
  const { region, group } = gateRef(order.gate);
  const wanted = entries(order);
  const { names, foreign } = settled;
  /** Written by us and without a tag: a server that leaves out the tags of new rules. Nobody could prove them to be ours. */
  let bare: string[] = [];
  const listing = until(
    aws,
    region,
    group,
    rules => {
      const look = sort(aws, order, wanted, rules);
      bare = rules
        .filter(rule => look.untagged.has(rule.SecurityGroupRuleId ?? '') && readMarks(rule) === undefined)
        .flatMap(rule => rule.SecurityGroupRuleId ?? []);
      // A server that does not tell the ids of new rules: they are those that carry our tag, or our description.
      if (names.size + foreign.size < wanted.length) {
        for (const [id, entry] of look.standing) names.set(id, entry);
        for (const [id, entry] of look.untagged) if (bare.includes(id)) names.set(id, entry);
      }
      const ids = new Set(rules.map(rule => rule.SecurityGroupRuleId));
      return names.size + foreign.size >= wanted.length && [...names.keys()].every(id => ids.has(id));
    },
    signal,
  );
  // A server that does not tell the ids of new rules: they are known once they are listed.
  const known = names.size + foreign.size >= wanted.length;
  const [listed, { endedBy, notes: endNotes }] = await Promise.all([
    listing,
    known ? ending() : listing.then(ending),
  ]);
  const notes = [...foreign].map(
    ([id, { protocol, port, cidr }]) =>
      `The rule ${id} (${protocol} ${port} from ${cidr}) stood there already and is not ours: the grant uses it and leaves it.`,
  );
  if (bare.length > 0) await claim(aws, order, bare, signal);
  if (!listed) notes.push('AWS has taken the rule but does not list it yet.');
  return {
    gate: order.gate,
    names: [...names.keys()],
    foreign: [...foreign.keys()],
    notes: [...notes, ...endNotes],
    endedBy: names.size === 0 ? 'this-computer' : endedBy,
    correlation: settled.correlation,
  };
}

/** The rules an order means. AWS's protocol -1 opens every port, so “any” is TCP and UDP. */
function entries(order: RuleOrder): Entry[] {
  const protocols = order.protocol === 'any' ? (['tcp', 'udp'] as const) : [order.protocol];
  const all = protocols.flatMap(protocol =>
    order.ports.flatMap(port =>
      order.sources.map((source): Entry => ({ protocol, port, cidr: canonicalCidr(source) })),
    ),
  );
  return [...new Map(all.map(entry => [entryKey(entry), entry])).values()];
}
