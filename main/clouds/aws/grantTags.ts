/**
 * How a security group rule says that it carries grants. Its description is the mark of the grant it was made for; a tag
 * `latchkey:<grant>` per grant says until when and for whom, because AWS lets a rule stand only once and several
 * people's Latchkeys may need the same one. A rule is provably ours when it has both.
 *
 * A tag's value is the end in epoch seconds (rounded up, so that it is never short of the promised time), then the
 * owner. End 0: that grant does not need the rule any more. Such a tag stays: it is what proves the rule to be ours
 * if whoever was about to remove it dies first.
 *
 * `latchkey:closing-<random>` is the flag of one attempt to remove the rule, see close.ts.
 */
import type { SecurityGroupRule, Tag } from '@aws-sdk/client-ec2';
import { type GrantId, parseGrantId } from '../../../shared/domain/ids.ts';
import { markWord, parseMark, type RuleMark } from '../../../shared/domain/ruleMark.ts';
import { tagRecord } from './names.ts';

const prefix = 'latchkey:';
const flagPrefix = `${prefix}closing-`;
const grantKey = /^latchkey:([a-z2-7]{12})$/;
const grantValue = /^(\d{1,12}) (\S+)$/;
/** Tag values hold 256 characters (docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html). */
const valueLength = 256;

export interface RuleMarks {
  /** The mark in the description; its end may be older than the tag's. */
  described: RuleMark;
  /** One per grant tag; `end` 0 where that grant has ended. */
  grants: RuleMark[];
  /** Attempts to remove the rule: key and the cloud's time (epoch ms) at which they began. */
  flags: { key: string; since: number }[];
}

/** The tag of a grant that needs the rule until its end. */
export function grantTag(mark: RuleMark): Tag {
  return tagOf(mark.grant, Math.ceil(mark.end / 1000), mark.owner);
}

/** The tag of a grant that needs the rule no more. */
export function endedTag(mark: RuleMark): Tag {
  return tagOf(mark.grant, 0, mark.owner);
}

/** The flag of one attempt to remove the rule; `now`: the cloud's time, epoch milliseconds. */
export function flagTag(id: string, now: number): Tag {
  return { Key: flagPrefix + id, Value: String(Math.floor(now / 1000)) };
}

/** The marks of a rule; undefined unless it is provably ours. */
export function readMarks(rule: SecurityGroupRule): RuleMarks | undefined {
  const described = parseMark(rule.Description);
  if (described === undefined) return undefined;
  const grants: RuleMark[] = [];
  const flags: RuleMarks['flags'] = [];
  for (const [key, value] of Object.entries(tagRecord(rule.Tags))) {
    const grant = grantKey.exec(key)?.[1];
    const found = grantValue.exec(value);
    if (grant !== undefined && found !== null) {
      const [, end = '', owner = ''] = found;
      grants.push({ grant: parseGrantId(grant), owner, end: Number(end) * 1000, vmName: described.vmName });
    } else if (key.startsWith(flagPrefix) && /^\d+$/.test(value)) {
      flags.push({ key, since: Number(value) * 1000 });
    }
  }
  return grants.length === 0 ? undefined : { described, grants, flags };
}

/** Of a rule's grants the one that ends last, and all that have not said they are over. */
export function lasting(marks: RuleMarks): { mark: RuleMark; marks: RuleMark[] } {
  const open = marks.grants.filter(mark => mark.end > 0);
  const known = open.length > 0 ? open : marks.grants;
  const mark = known.reduce((last, next) => (next.end > last.end ? next : last));
  return { mark, marks: known };
}

function tagOf(grant: GrantId, seconds: number, owner: string): Tag {
  return { Key: prefix + grant, Value: `${seconds} ${markWord(owner)}`.slice(0, valueLength) };
}
