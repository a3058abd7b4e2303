/**
 * Network ACLs: the lists of a subnet that packets meet before any security group, on their way in and, because they know
 * no connections, once more on the way of the answers (docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html).
 * Latchkey only reads them: a grant can't open what one of them shuts, so it has to be named.
 */
import type { InstanceNetworkInterface, NetworkAcl, NetworkAclEntry } from '@aws-sdk/client-ec2';
import { cidrFamily, type Family } from '../../../shared/domain/cidr.ts';
import type { Gate, GateLayer, GateRule, PortRange } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Connection } from './connection.ts';
import { gateOf, tagRecord } from './names.ts';

/** The ACL of each subnet, by the subnet's id. */
export type Acls = Map<string, NetworkAcl>;

/** The ports that answers go to: whatever port a client chose for its end (reference: 1024-65535 covers all clients). */
const answered: PortRange = { from: 1024, to: 65_535 };
const lastEntry = 32_767;

/**
 * The ACLs of a region, or of these subnets. None where we may not read them, or a server has none: then they are taken to
 * let everything through, as the one does that AWS makes by itself.
 */
export async function readAcls(
  aws: Connection,
  region: string,
  subnets: string[] | 'all',
  signal?: AbortSignal,
): Promise<Acls> {
  const acls: Acls = new Map();
  if (subnets.length === 0) return acls;
  const Filters = subnets === 'all' ? undefined : [{ Name: 'association.subnet-id', Values: subnets }];
  let NextToken: string | undefined;
  try {
    do {
      const input = { MaxResults: 1000, Filters, NextToken };
      const answer = await aws.ec2(
        region,
        'DescribeNetworkAcls',
        (ec2, options) => ec2.describeNetworkAcls(input, options),
        signal,
      );
      for (const acl of answer.NetworkAcls ?? []) {
        for (const { SubnetId } of acl.Associations ?? []) if (SubnetId) acls.set(SubnetId, acl);
      }
      NextToken = answer.NextToken || undefined;
    } while (NextToken !== undefined);
  } catch (error) {
    if (!mayBeMissing(error)) throw error;
    aws.log.info({ region, error: error.toData() }, 'network ACLs can not be read');
  }
  return acls;
}

/** Refused, or a server that does not know the question; not one that is busy or gone. */
function mayBeMissing(error: unknown): error is LatchkeyError {
  if (!(error instanceof LatchkeyError)) return false;
  if (error.code === 'CLOUD_FORBIDDEN') return true;
  return error.code === 'CLOUD_FAILED' && Number(error.detail?.['status']) < 500;
}

/** What the ACL of an interface's subnet puts in a packet's way; nothing if it lets all through. Outermost first. */
export function aclLayers(region: string, nic: InstanceNetworkInterface, acls: Acls): GateLayer[] {
  const acl = acls.get(nic.SubnetId ?? '');
  if (acl === undefined) return [];
  const entries = (acl.Entries ?? []).toSorted((a, b) => (a.RuleNumber ?? 0) - (b.RuleNumber ?? 0));
  const id = acl.NetworkAclId ?? '';
  const name = tagRecord(acl.Tags)['Name'];
  const label = name ? `${name} (${id})` : id;
  const families = new Set<Family>([
    ...((nic.PrivateIpAddresses ?? []).length > 0 ? (['ipv4'] as const) : []),
    ...((nic.Ipv6Addresses ?? []).length > 0 ? (['ipv6'] as const) : []),
  ]);
  const layer = (egress: boolean): GateLayer[] => {
    const way = entries.filter(entry => (entry.Egress ?? false) === egress);
    if ([...families].every(family => letsAllThrough(way, family))) return [];
    const gate: Gate = {
      id: gateOf(region, egress ? `${id}/answers` : id),
      name: egress ? `${label}, answers` : label,
      kind: 'network-acl',
      rules: way.flatMap(entry => aclRule(id, entry, egress)),
    };
    return [{ place: 'subnet', mode: 'first-match', gates: [gate] }];
  };
  return [...layer(false), ...layer(true)];
}

/** Is the first entry that this family meets one that allows everything? */
function letsAllThrough(entries: NetworkAclEntry[], family: Family): boolean {
  const first = entries.find(entry => {
    const cidr = entry.CidrBlock || entry.Ipv6CidrBlock;
    return cidr !== undefined && cidrFamily(cidr) === family;
  });
  const everywhere = family === 'ipv4' ? first?.CidrBlock === '0.0.0.0/0' : first?.Ipv6CidrBlock === '::/0';
  return first?.RuleAction === 'allow' && first.Protocol === '-1' && everywhere;
}

/**
 * An entry as a rule of the packet's way in. One for answers says of the client what it says of a destination: its address
 * is where the packet came from, its port the one it was sent from.
 */
function aclRule(acl: string, entry: NetworkAclEntry, egress: boolean): GateRule[] {
  const cidr = entry.CidrBlock || entry.Ipv6CidrBlock;
  const number = entry.RuleNumber ?? lastEntry;
  const ports = portsOf(entry);
  const back = egress ? answerPorts(ports) : undefined;
  if (cidr === undefined || back === 'none') return [];
  return [
    {
      id: `${acl}/${egress ? 'out' : 'in'}/${number}`,
      name: entry.RuleAction === 'allow' ? 'allow' : 'deny',
      priority: number,
      access: entry.RuleAction === 'allow' ? 'allow' : 'deny',
      protocol: protocolOf(entry.Protocol),
      sources: [{ kind: 'cidr', cidr }],
      destinations: [{ kind: 'any' }],
      ports: [egress ? all : ports],
      ...(Array.isArray(back) ? { sourcePorts: back } : {}),
      by: number === lastEntry ? 'default' : 'foreign',
    },
  ];
}

const all: PortRange = { from: 0, to: 65_535 };

/** The part that answers can meet: undefined if it is any answer's port. */
function answerPorts(ports: PortRange): PortRange[] | 'none' | undefined {
  if (ports.from <= answered.from && ports.to >= answered.to) return undefined;
  const from = Math.max(ports.from, answered.from);
  const to = Math.min(ports.to, answered.to);
  return from > to ? 'none' : [{ from, to }];
}

/** ACLs tell protocols by number only. */
function protocolOf(protocol: string | undefined): GateRule['protocol'] {
  switch (protocol) {
    case '-1':
      return 'any';
    case '6':
      return 'tcp';
    case '17':
      return 'udp';
    case '1':
    case '58':
      return 'icmp';
    case undefined:
    default:
      return 'other';
  }
}

function portsOf({ PortRange: range }: NetworkAclEntry): PortRange {
  return range?.From === undefined || range.To === undefined ? all : { from: range.From, to: range.To };
}
