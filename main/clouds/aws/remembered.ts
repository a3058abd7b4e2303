/**
 * What a lock revoked, as tags `latchkey-revoked-1`, `-2` … of the VM's own group, one rule each, so that unlock (anybody's,
 * on any computer) puts it back:
 *
 *     sg-0a1b2c tcp 22 22 0.0.0.0/0 ssh=20for=20everybody team:web
 *
 * Group, protocol, ports, source, description (`-` for none), then the rule's own tags. Words are written like a URL's with
 * `=` for `%`: tag values take few characters (docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html). What is longer
 * than one value goes on in `latchkey-revoked-1-2`, `-1-3` …: nothing is cut.
 */
import type { IpPermission, SecurityGroupRule, Tag } from '@aws-sdk/client-ec2';

const keyPrefix = 'latchkey-revoked-';
const valueLength = 256;
/** A resource has 50 tags at most; some are for the group itself and whoever else tags it. */
const mostRemembered = 40;

export interface Remembered {
  /** The keys of its tags, and their values as one text. */
  keys: string[];
  text: string;
  group: string;
  protocol: string;
  from: number;
  to: number;
  /** A CIDR or a prefix list's id. */
  source: string;
  description?: string | undefined;
  tags: Record<string, string>;
}

/** The text of a rule. */
export function rememberText(rule: SecurityGroupRule): string {
  const head = [
    rule.GroupId,
    rule.IpProtocol,
    rule.FromPort ?? -1,
    rule.ToPort ?? -1,
    rule.CidrIpv4 || rule.CidrIpv6 || rule.PrefixListId,
  ];
  // Tags of AWS's own can't be written by anybody.
  const tags = (rule.Tags ?? []).filter(({ Key }) => !Key?.startsWith('aws:'));
  const words = tags.map(({ Key = '', Value = '' }) => `${encode(Key)}:${encode(Value)}`);
  return [...head, encode(rule.Description ?? '') || '-', ...words].join(' ');
}

/** The tags that remember one more text in a group with these tags: none if it does, undefined if there is no room. */
export function rememberTags(
  tags: Record<string, string>,
  rule: SecurityGroupRule | string,
): Record<string, string> | undefined {
  const text = typeof rule === 'string' ? rule : rememberText(rule);
  if (readRemembered(tags).rules.some(known => known.text === text)) return {};
  const pieces = split(text);
  const taken = Object.keys(tags).filter(key => key.startsWith(keyPrefix));
  if (taken.length + pieces.length > mostRemembered) return undefined;
  const isFree = (key: string) => !taken.some(other => other === key || other.startsWith(`${key}-`));
  let number = 1;
  while (!isFree(`${keyPrefix}${number}`)) number++;
  return Object.fromEntries(pieces.map((piece, i) => [pieceKey(`${keyPrefix}${number}`, i), piece]));
}

const pieceKey = (key: string, index: number): string => (index === 0 ? key : `${key}-${index + 1}`);

/** Pieces that fit in a value. None begins or ends with a space: AWS may take it off. */
function split(text: string): string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > valueLength) {
    let at = valueLength;
    while (rest[at] === ' ' || rest[at - 1] === ' ') at--;
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at);
  }
  return [...pieces, rest];
}

/** The rules remembered in a group's tags; what can't be read is left out and named. */
export function readRemembered(tags: Record<string, string>): { rules: Remembered[]; damaged: string[] } {
  const rules: Remembered[] = [];
  const damaged: string[] = [];
  const mine = Object.keys(tags).filter(key => key.startsWith(keyPrefix));
  const used = new Set<string>();
  for (const key of mine.filter(each => /^\d+$/.test(each.slice(keyPrefix.length)))) {
    const keys = [key];
    while (pieceKey(key, keys.length) in tags) keys.push(pieceKey(key, keys.length));
    for (const each of keys) used.add(each);
    const rule = parse(keys, keys.map(each => tags[each]).join(''));
    if (rule === undefined) damaged.push(key);
    else rules.push(rule);
  }
  return { rules, damaged: [...damaged, ...mine.filter(key => !used.has(key))] };
}

/** The permission and the tags that make a remembered rule again. */
export function permissionOf(rule: Remembered): { permission: IpPermission; tags: Tag[] } {
  const Description = rule.description;
  const ports = rule.protocol === '-1' ? {} : { FromPort: rule.from, ToPort: rule.to };
  const range = rule.source.startsWith('pl-')
    ? { PrefixListIds: [{ PrefixListId: rule.source, Description }] }
    : rule.source.includes(':')
      ? { Ipv6Ranges: [{ CidrIpv6: rule.source, Description }] }
      : { IpRanges: [{ CidrIp: rule.source, Description }] };
  const tags = Object.entries(rule.tags).map(([Key, Value]) => ({ Key, Value }));
  return { permission: { IpProtocol: rule.protocol, ...ports, ...range }, tags };
}

function parse(keys: string[], value: string): Remembered | undefined {
  const [group = '', protocol = '', from = '', to = '', source = '', description = '', ...words] =
    value.split(' ');
  const sound =
    /^sg-[0-9a-f]+$/.test(group) && [from, to].every(text => /^-?\d+$/.test(text)) && description !== '';
  if (!sound || protocol === '' || source === '') return undefined;
  try {
    const tags = words.map(word => word.split(':').map(decode));
    return {
      keys,
      text: value,
      group,
      protocol,
      from: Number(from),
      to: Number(to),
      source,
      ...(description === '-' ? {} : { description: decode(description) }),
      tags: Object.fromEntries(tags.map(([name = '', text = '']) => [name, text])),
    };
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function encode(text: string): string {
  const url = encodeURIComponent(text).replace(/[!'()*~]/g, c => `%${c.charCodeAt(0).toString(16)}`);
  // A lone "-" stands for nothing.
  return (url === '-' ? '%2d' : url).replaceAll('%', '=');
}

function decode(text: string): string {
  return decodeURIComponent(text.replaceAll('=', '%'));
}
