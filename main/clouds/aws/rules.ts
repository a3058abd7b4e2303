/** Security group rules: reading them, in AWS's words and in ours, and the permissions that make them. */
import type { Filter, IpPermission, SecurityGroupRule } from '@aws-sdk/client-ec2';
import { cidrText, parseCidr } from '../../../shared/domain/cidr.ts';
import type { AddressSpec, GateRule, PortRange } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { isNotFound } from '../calls.ts';
import type { Connection } from './connection.ts';
import { lasting, readMarks } from './grantTags.ts';
import type { PrefixLists } from './prefixLists.ts';

/** A filter takes 200 values (docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html). */
const filterValues = 200;

/** Inbound rules of these groups, or of all in the region, as listed now. */
export async function listRules(
  aws: Connection,
  region: string,
  groups: string[] | 'all',
  signal?: AbortSignal,
): Promise<SecurityGroupRule[]> {
  const filters: (Filter[] | undefined)[] = groups === 'all' ? [undefined] : chunks(groups).map(byGroup);
  const pages = await Promise.all(filters.map(filter => listPages(aws, region, filter, signal)));
  return pages.flat().filter(rule => rule.IsEgress !== true);
}

/** Every rule, outbound ones too, that fits the filter. */
export async function listPages(
  aws: Connection,
  region: string,
  Filters: Filter[] | undefined,
  signal?: AbortSignal,
): Promise<SecurityGroupRule[]> {
  const rules: SecurityGroupRule[] = [];
  let NextToken: string | undefined;
  do {
    const input = { MaxResults: 1000, Filters, NextToken };
    const answer = await aws.ec2(
      region,
      'DescribeSecurityGroupRules',
      (ec2, options) => ec2.describeSecurityGroupRules(input, options),
      signal,
    );
    rules.push(...(answer.SecurityGroupRules ?? []));
    NextToken = answer.NextToken || undefined;
  } while (NextToken !== undefined);
  return rules;
}

/** Waits between looks at something that is not settled or not listed yet, milliseconds: 12 s in all. */
export const waits = [100, 200, 400, 800, 1500, 2000, 3000, 4000];

/**
 * Looks at a group until its rules, outbound ones too, are as they should be: AWS's reads lag behind its writes. False if
 * they are not after the longest wait. A group that is gone has no rules.
 */
export async function settled(
  aws: Connection,
  region: string,
  group: string,
  test: (rules: SecurityGroupRule[]) => boolean,
  signal?: AbortSignal,
): Promise<boolean> {
  for (const wait of [0, ...waits]) {
    if (wait > 0) await aws.pause(wait, signal);
    const rules = await listPages(aws, region, byGroup([group]), signal).catch(error => {
      if (isNotFound(error)) return [];
      throw error;
    });
    if (test(rules)) return true;
  }
  return false;
}

/** For `settled`: none of these is listed any more. */
export function without(ids: string[]): (rules: SecurityGroupRule[]) => boolean {
  return rules => !rules.some(rule => ids.includes(rule.SecurityGroupRuleId ?? ''));
}

/** At most 200 ids fit (`chunks`). */
export function byGroup(ids: string[]): Filter[] {
  return [{ Name: 'group-id', Values: ids }];
}

/** Pieces that fit in one filter, or one list of ids. */
export function chunks<T>(all: T[]): T[][] {
  const pieces: T[][] = [];
  for (let at = 0; at < all.length; at += filterValues) pieces.push(all.slice(at, at + filterValues));
  return pieces;
}

/** One port from one CIDR: what AWS lets stand once in a group. */
export interface Entry {
  protocol: 'tcp' | 'udp';
  port: number;
  cidr: string;
}

/** Text that two entries share exactly when AWS calls them duplicates. */
export function entryKey(entry: Entry): string {
  return `${entry.protocol} ${entry.port} ${entry.cidr}`;
}

/** The entry a rule is; undefined for ranges, other protocols, groups. */
export function ruleEntry(rule: SecurityGroupRule): Entry | undefined {
  const cidr = cidrOf(rule);
  const protocol = protocolOf(rule);
  if (cidr === undefined || (protocol !== 'tcp' && protocol !== 'udp')) return undefined;
  if (rule.FromPort === undefined || rule.FromPort !== rule.ToPort) return undefined;
  return { protocol, port: rule.FromPort, cidr };
}

/** Permissions that make one rule per entry, each with this description. */
export function permissions(entries: Entry[], Description: string): IpPermission[] {
  const byPort = Map.groupBy(entries, entry => `${entry.protocol} ${entry.port}`);
  return [...byPort.values()].map(same => {
    const IpRanges = same.filter(isIpv4).map(({ cidr }) => ({ CidrIp: cidr, Description }));
    const Ipv6Ranges = same.filter(e => !isIpv4(e)).map(({ cidr }) => ({ CidrIpv6: cidr, Description }));
    return {
      IpProtocol: same[0]?.protocol,
      FromPort: same[0]?.port,
      ToPort: same[0]?.port,
      ...(IpRanges.length === 0 ? {} : { IpRanges }),
      ...(Ipv6Ranges.length === 0 ? {} : { Ipv6Ranges }),
    };
  });
}

function isIpv4(entry: Entry): boolean {
  return !entry.cidr.includes(':');
}

/** A rule in the normal form that shared/domain evaluates; `lists`: what is known of prefix lists. */
export function gateRule(rule: SecurityGroupRule, lists?: PrefixLists): GateRule {
  const marks = readMarks(rule);
  return {
    id: rule.SecurityGroupRuleId ?? '',
    name: rule.SecurityGroupRuleId ?? '',
    access: 'allow',
    protocol: protocolOf(rule),
    sources: [sourceOf(rule, lists)],
    destinations: [{ kind: 'any' }],
    ports: [portsOf(rule)],
    description: rule.Description,
    ...(marks === undefined ? { by: 'foreign' } : { by: 'grant', mark: lasting(marks).mark }),
  };
}

function protocolOf(rule: SecurityGroupRule): GateRule['protocol'] {
  switch (rule.IpProtocol) {
    case '-1':
      return 'any';
    case 'tcp':
    case '6':
      return 'tcp';
    case 'udp':
    case '17':
      return 'udp';
    case 'icmp':
    case 'icmpv6':
    case '1':
    case '58':
      return 'icmp';
    case undefined:
    default:
      return 'other';
  }
}

/** `-1` stands for every port, and for ICMP type and code, which are no ports at all. */
function portsOf(rule: SecurityGroupRule): PortRange {
  const protocol = protocolOf(rule);
  const { FromPort: from = -1, ToPort: to = -1 } = rule;
  return (protocol === 'tcp' || protocol === 'udp') && from >= 0 ? { from, to } : { from: 0, to: 65_535 };
}

/** Canonical, where we can read it: AWS canonicalises itself, other servers keep what they were given. */
function cidrOf(rule: SecurityGroupRule): string | undefined {
  const text = rule.CidrIpv4 || rule.CidrIpv6 || undefined;
  try {
    return text && cidrText(parseCidr(text));
  } catch (error) {
    if (error instanceof LatchkeyError) return text;
    throw error;
  }
}

function sourceOf(rule: SecurityGroupRule, lists?: PrefixLists): AddressSpec {
  const cidr = cidrOf(rule);
  if (cidr !== undefined) return { kind: 'cidr', cidr };
  const id = rule.ReferencedGroupInfo?.GroupId ?? rule.PrefixListId ?? '';
  const memberAddresses = lists?.get(id);
  return { kind: 'group', id, ...(memberAddresses === undefined ? {} : { memberAddresses }) };
}

/** The rule in a sentence's words: `TCP 22 from 0.0.0.0/0`. */
export function ruleText(rule: SecurityGroupRule): string {
  const { from, to } = portsOf(rule);
  const protocol = protocolOf(rule);
  const source = sourceOf(rule);
  const who = source.kind === 'cidr' ? source.cidr : source.kind === 'group' ? source.id : 'anywhere';
  const ports = from === to ? `${from}` : from === 0 && to === 65_535 ? 'all ports' : `${from}-${to}`;
  const name =
    protocol === 'any' ? 'every protocol' : protocol === 'other' ? rule.IpProtocol : protocol.toUpperCase();
  return protocol === 'tcp' || protocol === 'udp' ? `${name} ${ports} from ${who}` : `${name} from ${who}`;
}
