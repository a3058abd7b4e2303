/**
 * What a lock revoked, as tags `latchkey-revoked-1`, `-2` … of the VM's own group, one rule each, so that unlock (anybody's,
 * on any computer) puts it back:
 *
 *     sg-0a1b2c tcp 22 22 0.0.0.0/0 ssh=20for=20everybody team:web
 *
 * Group, protocol, ports, source, description (`-` for none), then the rule's own tags. Words are written like a URL's with
 * `=` for `%`: tag values take few characters (docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html).
 */
import type { IpPermission, SecurityGroupRule, Tag } from '@aws-sdk/client-ec2';

const keyPrefix = 'latchkey-revoked-';
const valueLength = 256;
/** A resource has 50 tags at most; some are for the group itself and whoever else tags it. */
const mostRemembered = 40;

export interface Remembered {
  /** The tag's key and value. */
  key: string;
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

/** The text of a rule, and whether all of it fitted: tags go first, then the end of the description. */
export function rememberText(rule: SecurityGroupRule): { text: string; whole: boolean } {
  const head = [
    rule.GroupId,
    rule.IpProtocol,
    rule.FromPort ?? -1,
    rule.ToPort ?? -1,
    rule.CidrIpv4 || rule.CidrIpv6 || rule.PrefixListId,
  ].join(' ');
  // Tags of AWS's own can't be written by anybody.
  const tags = (rule.Tags ?? []).filter(({ Key }) => !Key?.startsWith('aws:'));
  const words = tags.map(({ Key = '', Value = '' }) => `${encode(Key)}:${encode(Value)}`);
  const description = Array.from(rule.Description ?? '');
  let whole = true;
  for (;;) {
    const text = [head, encode(description.join('')) || '-', ...words].join(' ');
    if (text.length <= valueLength) return { text, whole };
    whole = false;
    if (words.pop() === undefined) description.pop();
  }
}

/** The rules remembered in a group's tags; what can't be read is left out and named. */
export function readRemembered(tags: Record<string, string>): { rules: Remembered[]; damaged: string[] } {
  const rules: Remembered[] = [];
  const damaged: string[] = [];
  for (const [key, value] of Object.entries(tags)) {
    if (!key.startsWith(keyPrefix)) continue;
    const rule = parse(key, value);
    if (rule === undefined) damaged.push(key);
    else rules.push(rule);
  }
  return { rules, damaged };
}

/** A key that is free for one more rule; undefined when the group has no room. */
export function freeKey(tags: Record<string, string>): string | undefined {
  for (let number = 1; number <= mostRemembered; number++) {
    if (!(`${keyPrefix}${number}` in tags)) return `${keyPrefix}${number}`;
  }
  return undefined;
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

function parse(key: string, value: string): Remembered | undefined {
  const [group = '', protocol = '', from = '', to = '', source = '', description = '', ...words] =
    value.split(' ');
  const sound =
    /^sg-[0-9a-f]+$/.test(group) && [from, to].every(text => /^-?\d+$/.test(text)) && description !== '';
  if (!sound || protocol === '' || source === '') return undefined;
  try {
    const tags = words.map(word => word.split(':').map(decode));
    return {
      key,
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
