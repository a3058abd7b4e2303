/**
 * Taking rules out of a security group, in four calls for any number of them: look, raise a flag, look again, revoke.
 * The second look is what keeps a colleague's grant: see open.ts for the handshake.
 *
 * The flag has a key of its own per attempt, so that two who close at once can't take each other's away, and it comes
 * together with the end of our own grants' tags, so that of two who end their grants on one rule at once at least one
 * sees that nobody is left.
 */
import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { GateId, GrantId } from '../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { isNotFound } from '../calls.ts';
import type { Closed } from '../cloud.ts';
import type { Connection } from './connection.ts';
import type { Ends } from './ends.ts';
import { endedTag, flagTag, readMarks } from './grantTags.ts';
import { gateRef } from './names.ts';
import { flagLifeMs } from './open.ts';
import { listRules, settled, without } from './rules.ts';
import { removeTags, writeTags } from './tags.ts';

/** A rule that was just written may not be listed yet; one that stays away this long is gone. */
const looks = [0, 250, 750];
const attempts = 5;

/** See Cloud.close. What the cloud was told of the rules' ends is set right with it. */
export async function closeRules(
  aws: Connection,
  ends: Ends,
  gate: GateId,
  names: string[],
  grants: GrantId[],
  signal?: AbortSignal,
): Promise<Closed[]> {
  const closed = await takeOut(aws, gate, names, grants, signal);
  const of = (outcome: Closed['outcome']) =>
    closed.filter(one => one.outcome === outcome).map(({ name }) => name);
  await Promise.all([
    ends.over({ gate, rules: of('gone') }),
    // Fires for those who still need it, no later.
    ends.settle({ gate, rules: of('kept'), grants, end: 0 }, false, signal),
  ]);
  return closed;
}

function takeOut(
  aws: Connection,
  gate: GateId,
  names: string[],
  grants: GrantId[],
  signal?: AbortSignal,
): Promise<Closed[]> {
  return aws.queue.run(gate, async () => {
    const closed = new Map<string, Closed>();
    for (let attempt = 0; attempt < attempts; attempt++) {
      const rules = await look(aws, gate, names, attempt === 0 ? looks : [0], signal);
      const there = new Set(rules.map(rule => rule.SecurityGroupRuleId));
      const open = names.filter(name => closed.get(name)?.outcome !== 'kept');
      for (const name of open)
        if (!there.has(name))
          closed.set(name, { ...closed.get(name), ...(await revokeUnseen(aws, gate, name, signal)) });
      const rest = rules.filter(rule => open.includes(rule.SecurityGroupRuleId ?? ''));
      if (rest.length === 0) return names.flatMap(name => closed.get(name) ?? []);
      refuseForeign(rest, gate);
      for (const one of await flagAndRevoke(aws, gate, rest, grants, signal)) closed.set(one.name, one);
      if (names.every(name => closed.has(name))) return names.flatMap(name => closed.get(name) ?? []);
    }
    throw new LatchkeyError({
      code: 'CLOUD_CONFLICT',
      message: 'Others keep changing the same security group rules.',
      fix: 'Latchkey goes on trying.',
      detail: { gate, names },
    });
  });
}

/** One attempt: what was closed or kept for certain. What is missing in the result is to be looked at again. */
async function flagAndRevoke(
  aws: Connection,
  gate: GateId,
  rules: SecurityGroupRule[],
  grants: GrantId[],
  signal?: AbortSignal,
): Promise<Closed[]> {
  const { region } = gateRef(gate);
  const flag = flagTag(Buffer.from(aws.random.bytes(6)).toString('hex'), aws.now());
  const begun = aws.clock.now();
  for (const same of Map.groupBy(rules, rule => tagsText(rule, grants)).values()) {
    const Tags = [flag, ...endedTags(same[0], grants)];
    try {
      await writeTags(aws, region, same.map(idOf), Tags, signal);
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  }
  const now = await look(aws, gate, rules.map(idOf), [0], signal);
  refuseForeign(now, gate);
  const [kept, go] = partition(now, rule => readMarks(rule)?.grants.some(({ end }) => end > aws.now()));
  const closed: Closed[] = [];
  for (const rule of kept) {
    await removeTags(aws, region, [idOf(rule)], [{ Key: flag.Key }, ...spent(rule, grants)], signal);
    closed.push({ name: idOf(rule), outcome: 'kept' });
  }
  // Others believe in our flag for flagLifeMs; after a pause (sleep, a slow network) nobody may count on it.
  if (go.length > 0 && aws.clock.now() - begun < flagLifeMs / 4) {
    closed.push(...(await revoke(aws, gate, go.map(idOf), signal)));
  }
  return closed;
}

/**
 * A rule that is not listed is gone, or is so young that AWS does not list it yet and lets packets through by it all the same.
 * Only a revoke tells the two apart; of one that young nobody else's mark is lost who could have seen it.
 */
async function revokeUnseen(
  aws: Connection,
  gate: GateId,
  name: string,
  signal?: AbortSignal,
): Promise<Closed> {
  const [closed] = await revoke(aws, gate, [name], signal);
  return closed ?? { name, outcome: 'gone' };
}

/** Revokes by id, all in one call. A rule that is gone in between makes AWS refuse the whole call: then nothing is told. */
async function revoke(
  aws: Connection,
  gate: GateId,
  names: string[],
  signal?: AbortSignal,
): Promise<Closed[]> {
  const { region, group } = gateRef(gate);
  try {
    const answer = await aws.ec2(
      region,
      'RevokeSecurityGroupIngress',
      (ec2, options) =>
        ec2.revokeSecurityGroupIngress({ GroupId: group, SecurityGroupRuleIds: names }, options),
      signal,
    );
    const correlation = answer.$metadata.requestId;
    // What is still listed is still enforced. If it stays so for long, the next sweep finds it again.
    await settled(aws, region, group, without(names), signal);
    return names.map(name => ({ name, outcome: 'gone', correlation }));
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return names.length === 1 ? names.map(name => ({ name, outcome: 'gone' })) : [];
  }
}

/** The named rules as listed; looks again while some are missing. None if the whole group is gone. */
async function look(
  aws: Connection,
  gate: GateId,
  names: string[],
  pauses: number[],
  signal?: AbortSignal,
): Promise<SecurityGroupRule[]> {
  const { region, group } = gateRef(gate);
  let found: SecurityGroupRule[] = [];
  for (const wait of pauses) {
    if (wait > 0) await aws.pause(wait, signal);
    try {
      const rules = await listRules(aws, region, [group], signal);
      found = rules.filter(rule => names.includes(rule.SecurityGroupRuleId ?? ''));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return [];
    }
    if (found.length === names.length) break;
  }
  return found;
}

function refuseForeign(rules: SecurityGroupRule[], gate: GateId): void {
  const foreign = rules.filter(rule => readMarks(rule) === undefined).map(idOf);
  if (foreign.length === 0) return;
  throw new LatchkeyError({
    code: 'CLOUD_CONFLICT',
    message: `${foreign.join(', ')} does not prove to be a rule of Latchkey (any more), so it was not touched.`,
    fix: 'Look at the rule in the AWS console; remove it there if nobody needs it.',
    detail: { gate, foreign },
  });
}

function idOf(rule: SecurityGroupRule): string {
  return rule.SecurityGroupRuleId ?? '';
}

function endedTags(rule: SecurityGroupRule | undefined, grants: GrantId[]) {
  const mine = (rule && readMarks(rule)?.grants.filter(({ grant }) => grants.includes(grant))) ?? [];
  return mine.map(endedTag);
}

/**
 * Tags of other grants that have ended, on a rule that stays: a rule takes 50 tags and may be shared for years. By value,
 * lest we take one that was just opened again. Our own stays, so that whoever is last finds the rule to be ours.
 */
function spent(rule: SecurityGroupRule, grants: GrantId[]) {
  const others =
    readMarks(rule)?.grants.filter(({ end, grant }) => end === 0 && !grants.includes(grant)) ?? [];
  return others.map(endedTag);
}

function tagsText(rule: SecurityGroupRule, grants: GrantId[]): string {
  return JSON.stringify(endedTags(rule, grants));
}

function partition<T>(all: T[], test: (one: T) => boolean | undefined): [T[], T[]] {
  return [all.filter(test), all.filter(one => !test(one))];
}
