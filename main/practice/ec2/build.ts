/** Puts things into a world: what the seed and the crowd are made with. Ids come from names, so they never change. */
import { createHash } from 'node:crypto';
import type {
  AclEntry,
  GroupRule,
  Instance,
  NetworkInterface,
  Region,
  RulePeer,
  SecurityGroup,
  Subnet,
  Vpc,
} from './world.ts';

/** An id that follows from a name: `stableId('i', 'pay-db')`. */
function stableId(prefix: string, name: string): string {
  return `${prefix}-0${createHash('sha256').update(`${prefix}/${name}`).digest('hex').slice(0, 16)}`;
}

export interface Network {
  vpc: Vpc;
  v4: Subnet;
  v6: Subnet;
}

/** An empty region with one VPC (10.<octet>.0.0/16), a subnet, one of IPv6 only, and an ACL that lets all through. */
export function buildRegion(
  name: string,
  octet: number,
  isDefault: boolean,
): { region: Region; network: Network } {
  const vpc: Vpc = {
    id: stableId('vpc', name),
    cidr: `10.${octet}.0.0/16`,
    isDefault,
    tags: named('payments'),
  };
  const v4: Subnet = {
    id: stableId('subnet', `${name}/v4`),
    vpcId: vpc.id,
    cidr: `10.${octet}.0.0/17`,
    zone: `${name}a`,
    tags: named('machines'),
  };
  const v6: Subnet = {
    id: stableId('subnet', `${name}/v6`),
    vpcId: vpc.id,
    ipv6Cidr: `2001:db8:${octet}:6::/64`,
    zone: `${name}b`,
    tags: named('machines-6'),
  };
  const open = { number: 100, allow: true, protocol: '-1' };
  const region: Region = {
    name,
    vpcs: new Map([[vpc.id, vpc]]),
    subnets: new Map([v4, v6].map(subnet => [subnet.id, subnet])),
    acls: new Map(),
    prefixLists: new Map(),
    groups: new Map(),
    interfaces: new Map(),
    instances: new Map(),
    connectEndpoints: new Map(),
  };
  const acl = stableId('acl', name);
  region.acls.set(acl, {
    id: acl,
    vpcId: vpc.id,
    subnetIds: [v4.id, v6.id],
    isDefault: true,
    tags: new Map(),
    entries: [true, false].flatMap(egress => [
      { ...open, egress, cidr: '0.0.0.0/0' },
      { ...open, egress, number: 101, cidr: '::/0' },
    ]),
  });
  buildGroup(region, network(vpc, v4, v6), 'default', 'default VPC security group', []);
  return { region, network: network(vpc, v4, v6) };
}

const network = (vpc: Vpc, v4: Subnet, v6: Subnet): Network => ({ vpc, v4, v6 });
const named = (name: string) => new Map([['Name', name]]);

/** An ACL of a subnet's own, instead of the one it had. */
export function buildAcl(region: Region, subnet: Subnet, name: string, entries: AclEntry[]): void {
  for (const acl of region.acls.values()) acl.subnetIds = acl.subnetIds.filter(id => id !== subnet.id);
  const id = stableId('acl', `${region.name}/${name}`);
  const { vpcId } = subnet;
  region.acls.set(id, { id, vpcId, subnetIds: [subnet.id], isDefault: false, tags: named(name), entries });
}

/** Leads to instances of the VPC that have no public address. */
export function buildConnectEndpoint(region: Region, { vpc, v4 }: Network): void {
  const id = stableId('eice', region.name);
  region.connectEndpoints.set(id, { id, vpcId: vpc.id, subnetId: v4.id, tags: new Map() });
}

export function buildPrefixList(region: Region, name: string, cidrs: string[]): void {
  const id = stableId('pl', `${region.name}/${name}`);
  region.prefixLists.set(id, { id, name, maxEntries: 5, cidrs, tags: named(name) });
}

export interface SeedRule {
  port: number;
  from: string | SecurityGroup;
  description?: string;
}

/** A group with TCP rules inwards, everything outwards. */
export function buildGroup(
  region: Region,
  { vpc }: Network,
  name: string,
  description: string,
  rules: SeedRule[],
): SecurityGroup {
  const key = `${region.name}/${name}`;
  const rule = (index: number, fields: Partial<GroupRule> & { peer: RulePeer }): GroupRule => ({
    id: stableId('sgr', `${key}/${index}`),
    egress: false,
    protocol: 'tcp',
    fromPort: -1,
    toPort: -1,
    tags: new Map(),
    seenFrom: 0,
    ...fields,
  });
  const all = [
    rule(-1, { egress: true, protocol: '-1', peer: { kind: 'ipv4', cidr: '0.0.0.0/0' } }),
    ...rules.map(({ port, from, description: text }, index) =>
      rule(index, { fromPort: port, toPort: port, peer: peer(from), description: text }),
    ),
  ];
  const group: SecurityGroup = {
    id: stableId('sg', key),
    name,
    description,
    vpcId: vpc.id,
    tags: new Map(),
    rules: new Map(all.map(each => [each.id, each])),
  };
  region.groups.set(group.id, group);
  return group;
}

function peer(from: string | SecurityGroup): RulePeer {
  if (typeof from !== 'string') return { kind: 'group', groupId: from.id };
  return { kind: from.includes(':') ? 'ipv6' : 'ipv4', cidr: from };
}

export interface SeedInstance {
  /** What its ids are made from; its Name tag too, unless `tags` says otherwise. */
  key: string;
  tags?: Record<string, string>;
  os?: 'linux' | 'windows';
  type?: string;
  groups: SecurityGroup[];
  /** In the subnet of IPv6 only. */
  ipv6?: boolean;
  stopped?: boolean;
  /** Without a public address. */
  inside?: boolean;
  /** The role that its programs have. */
  profile?: string;
  /** Its public address is the account's own. */
  elastic?: boolean;
  launchedAt: number;
}

/** An instance with its interface. The n-th of a region has the n-th address. */
export function buildInstance(region: Region, { vpc, v4, v6 }: Network, seed: SeedInstance): Instance {
  const key = `${region.name}/${seed.key}`;
  const number = region.instances.size + 10;
  const octets = `${number >> 8}.${number & 255}`;
  const subnet = seed.ipv6 ? v6 : v4;
  const id = stableId('i', key);
  const nic: NetworkInterface = {
    id: stableId('eni', key),
    instanceId: id,
    subnetId: subnet.id,
    vpcId: vpc.id,
    ipv6Addresses: seed.ipv6 ? [`2001:db8:${vpc.cidr.split('.')[1]}:6::${number.toString(16)}`] : [],
    mac: `06:00:${[24, 16, 8, 0].map(shift => hex((number >> shift) & 255)).join(':')}`,
    groupIds: seed.groups.map(group => group.id),
    tags: new Map(),
    ...(seed.elastic ? { elasticId: stableId('eipalloc', key) } : {}),
    ...(seed.ipv6
      ? {}
      : {
          privateAddress: `${vpc.cidr.split('.').slice(0, 2).join('.')}.${octets}`,
          // RFC 2544: addresses that lead nowhere.
          ...(seed.inside ? {} : { publicAddress: `198.${vpc.isDefault ? 19 : 18}.${octets}` }),
        }),
  };
  const instance: Instance = {
    id,
    tags: new Map(Object.entries(seed.tags ?? { Name: seed.key })),
    imageId: stableId('ami', seed.os ?? 'linux'),
    type: seed.type ?? 't3.medium',
    os: seed.os ?? 'linux',
    launchedAt: seed.launchedAt,
    keyName: 'payments',
    profile: seed.profile,
    zone: subnet.zone,
    interfaceId: nic.id,
    power: { goal: seed.stopped ? 'stopped' : 'running', at: 0 },
  };
  region.interfaces.set(nic.id, nic);
  region.instances.set(id, instance);
  return instance;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

/** A group of the instance's own, named as a lock names it, attached to it. */
export function buildOwnGroup(region: Region, network: Network, instance: Instance): void {
  const own = buildGroup(
    region,
    network,
    `latchkey-${instance.id}`,
    `Latchkey: opens ${instance.id} only`,
    [],
  );
  own.tags.set('latchkey-vm', instance.id);
  region.interfaces.get(instance.interfaceId)?.groupIds.push(own.id);
}
