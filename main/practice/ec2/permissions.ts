/** Security group permissions: read from a request, compared, and written into answers. */
import ipaddr from 'ipaddr.js';
import { AwsError, badValue, missing } from './errors.ts';
import type { Params } from './query.ts';
import type { GroupRule, RulePeer } from './world.ts';

/** One rule as a request names it: an IpPermission with exactly one peer. */
export interface Permission {
  protocol: string;
  fromPort: number;
  toPort: number;
  peer: RulePeer;
  description?: string | undefined;
}

/**
 * All permissions of a request, one per peer: `IpPermissions.N`, or the old single form (`IpProtocol`, `CidrIp` …).
 * Throws InvalidPermission.Malformed, InvalidParameterValue, MissingParameter.
 */
export function readPermissions(params: Params): Permission[] {
  const listed = params.list('IpPermissions');
  if (listed.length > 0) return listed.flatMap(readPermission);
  if (!params.has('IpProtocol')) return [];
  const cidr = params.required('CidrIp');
  return [{ ...readPorts(params), peer: readCidr(cidr, cidr.includes(':') ? 'ipv6' : 'ipv4') }];
}

function readPermission(params: Params): Permission[] {
  const ports = readPorts(params);
  const peers: [Params, RulePeer][] = [
    ...params.list('IpRanges').map(at => [at, readCidr(at.required('CidrIp'), 'ipv4')] as [Params, RulePeer]),
    ...params
      .list('Ipv6Ranges')
      .map(at => [at, readCidr(at.required('CidrIpv6'), 'ipv6')] as [Params, RulePeer]),
    ...params.list('Groups').map(at => [at, readGroup(at)] as [Params, RulePeer]),
    ...params
      .list('PrefixListIds')
      .map(at => [at, { kind: 'list', listId: at.required('PrefixListId') }] as [Params, RulePeer]),
  ];
  if (peers.length === 0) {
    throw new AwsError('InvalidPermission.Malformed', 'The permission names no range, group or prefix list.');
  }
  return peers.map(([at, peer]) => ({ ...ports, peer, description: readDescription(at) }));
}

/** A rule as ModifySecurityGroupRules names it. */
export function readRuleRequest(params: Params): Permission {
  const [v4, v6, group] = ['CidrIpv4', 'CidrIpv6', 'ReferencedGroupId'].map(name => params.text(name));
  const ports = readPorts(params);
  const description = readDescription(params);
  if ([v4, v6, group].filter(value => value !== undefined).length !== 1) {
    throw badValue(
      'Exactly one of CidrIpv4, CidrIpv6, ReferencedGroupId and PrefixListId must be specified.',
    );
  }
  if (v4 !== undefined) return { ...ports, description, peer: readCidr(v4, 'ipv4') };
  if (v6 !== undefined) return { ...ports, description, peer: readCidr(v6, 'ipv6') };
  return { ...ports, description, peer: { kind: 'group', groupId: group ?? '' } };
}

function readGroup(params: Params): RulePeer {
  const groupId = params.text('GroupId');
  if (groupId === undefined) throw missing('IpPermissions.Groups.GroupId');
  return { kind: 'group', groupId };
}

const protocolNames: Record<string, string> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' };

function readPorts(params: Params): { protocol: string; fromPort: number; toPort: number } {
  const told = params.required('IpProtocol').toLowerCase();
  const protocol = protocolNames[told] ?? told;
  const known = ['tcp', 'udp', 'icmp', 'icmpv6', '-1'].includes(protocol);
  if (!known && !(/^\d{1,3}$/.test(protocol) && Number(protocol) <= 255)) {
    throw new AwsError(
      'InvalidPermission.Malformed',
      `Unsupported IP protocol "${told}" - supported: [tcp, udp, icmp]`,
    );
  }
  if (protocol === '-1' || /^\d/.test(protocol)) return { protocol, fromPort: -1, toPort: -1 };
  const fromPort = params.int('FromPort') ?? (protocol === 'icmpv6' ? -1 : undefined);
  const toPort = params.int('ToPort') ?? (protocol === 'icmpv6' ? -1 : undefined);
  if (fromPort === undefined || toPort === undefined) {
    throw badValue(
      `Invalid value 'Must specify both from and to ports with ${protocol.toUpperCase()}.' for portRange.`,
    );
  }
  const lowest = protocol.startsWith('icmp') ? -1 : 0;
  const highest = protocol.startsWith('icmp') ? 255 : 65535;
  if (fromPort < lowest || toPort > highest || (lowest === 0 && fromPort > toPort)) {
    throw badValue(`Invalid ${protocol.toUpperCase()} port range: ${fromPort}-${toPort}`);
  }
  return { protocol, fromPort, toPort };
}

/** A CIDR in canonical text, host bits off (`100.68.0.18/18` → `100.68.0.0/18`). */
function readCidr(text: string, family: 'ipv4' | 'ipv6'): RulePeer {
  const kind = family === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6;
  const plain = family === 'ipv4' ? /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/ : /^[0-9a-f:.]+\/\d{1,3}$/i;
  if (!plain.test(text) || !kind.isValidCIDR(text)) throw badValue(`CIDR block ${text} is malformed`);
  const [, bits] = kind.parseCIDR(text);
  return { kind: family, cidr: `${kind.networkAddressFromCIDR(text).toString()}/${bits}` };
}

const describable = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{0,255}$/;

function readDescription(params: Params): string | undefined {
  const text = params.text('Description');
  if (text !== undefined) checkDescription(text);
  return text === '' ? undefined : text;
}

/** Throws InvalidParameterValue unless the text is one AWS takes as a rule's or group's description. */
export function checkDescription(text: string): void {
  if (describable.test(text)) return;
  throw badValue(
    'Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*',
  );
}

/** Whom a rule is for, as text. */
export function peerText(peer: RulePeer): string {
  switch (peer.kind) {
    case 'group':
      return peer.groupId;
    case 'list':
      return peer.listId;
    case 'ipv4':
    case 'ipv6':
      return peer.cidr;
  }
}

/** What makes two rules the same one for AWS: everything but description and tags. */
export function ruleKey(rule: Permission): string {
  return [rule.protocol, rule.fromPort, rule.toPort, peerText(rule.peer)].join('|');
}

/** The rule in the words of InvalidPermission errors. */
export function ruleText(rule: Permission): string {
  const ports =
    rule.protocol === '-1'
      ? 'ALL'
      : `${rule.protocol.toUpperCase()}, from port: ${rule.fromPort}, to port: ${rule.toPort}`;
  return `peer: ${peerText(rule.peer)}, ${ports}, ALLOW`;
}

/** Does the rule count among those of this address family? A group or list counts in both. */
export function countsAs(rule: { peer: RulePeer }, family: 'ipv4' | 'ipv6'): boolean {
  return rule.peer.kind === 'group' || rule.peer.kind === 'list' || rule.peer.kind === family;
}

/** Rules as `ipPermissions` items: those with the same protocol and ports share one. */
export function permissionItems(rules: Pick<GroupRule, keyof Permission>[], account: string): unknown[] {
  const byPorts = Map.groupBy(rules, rule => [rule.protocol, rule.fromPort, rule.toPort].join('|'));
  return [...byPorts.values()].map(same => {
    const list = (kind: RulePeer['kind'], item: (peer: RulePeer) => Record<string, string>) => {
      const found = same.filter(rule => rule.peer.kind === kind);
      return found.length === 0
        ? ''
        : { item: found.map(rule => ({ ...item(rule.peer), description: rule.description })) };
    };
    const [first] = same;
    const ports = first && first.protocol !== '-1' ? { fromPort: first.fromPort, toPort: first.toPort } : {};
    return {
      ipProtocol: first?.protocol,
      ...ports,
      groups: list('group', peer => ({ userId: account, groupId: peerText(peer) })),
      ipRanges: list('ipv4', peer => ({ cidrIp: peerText(peer) })),
      ipv6Ranges: list('ipv6', peer => ({ cidrIpv6: peerText(peer) })),
      prefixListIds: list('list', peer => ({ prefixListId: peerText(peer) })),
    };
  });
}
