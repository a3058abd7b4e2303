/** The AWS account that every practice cloud starts with: "payments", two regions, eleven instances. */
import { randomBytes } from 'node:crypto';
import { type Policy, type PolicyPort } from '../../../shared/contract/policies.ts';
import { policyTags } from '../../../shared/domain/policyTag.ts';
import {
  buildAcl,
  buildConnectEndpoint,
  buildGroup,
  buildInstance,
  buildOwnGroup,
  buildPrefixList,
  buildRegion,
  type Network,
  type SeedInstance,
} from './build.ts';
import { addCrowd } from './crowd.ts';
import type { AccessKey, AclEntry, Partition, Region, World } from './world.ts';

const payments = '467201983345';
const anywhere = '0.0.0.0/0';

export interface WorldOptions {
  /** The cloud's clock, epoch milliseconds. */
  now(): number;
  /** How many instances there are in all; eleven and fewer: the named ones. */
  size?: number;
  /** How much later a change to a rule is seen and enforced, milliseconds. */
  lagMs?: number;
  /** How long an instance takes to start or stop, milliseconds. */
  powerMs?: number;
  /** How long after it happened an event is in CloudTrail's history, milliseconds; default 0. */
  trailLagMs?: number;
  /** Default `aws`. */
  partition?: Partition;
}

/** The two regions of a partition, with the names of those here. */
const places: Record<Partition, { north: string; east: string }> = {
  aws: { north: 'eu-north-1', east: 'us-east-1' },
  'aws-us-gov': { north: 'us-gov-west-1', east: 'us-gov-east-1' },
  'aws-cn': { north: 'cn-north-1', east: 'cn-northwest-1' },
};

/** Further accounts of the same organization, each with a crowd of its own and nothing else. */
export interface CrowdOptions {
  account: string;
  name: string;
  regions: string[];
  perRegion: number;
}

/** A new world with an operator's and a viewer's access key (`world.keys`), made anew each time. */
export function createAwsWorld(options: WorldOptions): World {
  const since = options.now() - 40 * 86_400_000;
  const names = places[options.partition ?? 'aws'];
  const north = buildRegion(names.north, 20, false);
  const east = buildRegion(names.east, 31, true);
  seedNorth(north.region, north.network, since);
  seedEast(east.region, east.network, since);
  const world = newWorld(payments, 'payments', [north.region, east.region], options, []);
  addCrowd(
    [north, east],
    (options.size ?? 0) - north.region.instances.size - east.region.instances.size,
    since,
  );
  return world;
}

/** One more account beside `first`, behind the same endpoint. */
export function addAccount(first: World, { account, name, regions, perRegion }: CrowdOptions): World {
  const built = regions.map((region, index) => buildRegion(region, 40 + index, false));
  const { lagMs, powerMs, partition, organization } = first;
  const now = () => first.now();
  const world = newWorld(
    account,
    name,
    built.map(({ region }) => region),
    { now, lagMs, powerMs, partition },
    organization,
  );
  addCrowd(built, perRegion * built.length, now() - 40 * 86_400_000);
  return world;
}

function newWorld(
  account: string,
  name: string,
  regions: Region[],
  options: WorldOptions,
  organization: World[],
): World {
  const { partition = 'aws' } = options;
  const within = { partition, account };
  const keys = [newKey('operator', 'lena', undefined, within), newKey('viewer', 'audit', undefined, within)];
  const world: World = {
    partition,
    account,
    name,
    organization,
    offRegions: new Set(),
    deniedRegions: new Set(),
    mfa: new Map([[`arn:${partition}:iam::${account}:mfa/lena`, { secret: randomBytes(20), usedStep: 0 }]]),
    webTokens: new Map(),
    pushedKeys: [],
    trail: [],
    trailLagMs: options.trailLagMs ?? 0,
    trailPerSecond: 2,
    regions: new Map(regions.map(region => [region.name, region])),
    keys: new Map(keys.map(key => [key.id, key])),
    roles: new Map(),
    schedules: new Map(),
    now: () => options.now(),
    lagMs: options.lagMs ?? 200,
    powerMs: options.powerMs ?? 1500,
    newId: prefix => `${prefix}-0${randomBytes(8).toString('hex')}`,
  };
  organization.push(world);
  return world;
}

function seedNorth(region: Region, network: Network, launchedAt: number) {
  buildPrefixList(region, 'offices', ['192.0.2.0/25', '192.0.2.192/26']);
  const add = adder(region, network, launchedAt);
  const shared = buildGroup(region, network, 'pay-shared', 'Payment services', [
    { port: 22, from: anywhere, description: 'ssh for everybody - TODO close' },
    { port: 443, from: anywhere },
  ]);
  const data = buildGroup(region, network, 'pay-data', 'Databases', [
    { port: 5432, from: shared, description: 'payment services' },
  ]);
  add({ key: 'pay-api-1', groups: [shared], type: 'm7i.large' });
  add({ key: 'pay-api-2', groups: [shared], type: 'm7i.large' });
  add({ key: 'pay-batch', groups: [shared], type: 'c7i.xlarge' });
  add({ key: 'pay-db', groups: [data], type: 'r7i.xlarge' }, [port(22)]);
  add({ key: 'pay-report', groups: [shared], stopped: true });
  add({ key: 'nameless', groups: [data], tags: { team: 'payments' }, inside: true, profile: 'payments-ssm' });
  buildConnectEndpoint(region, network);
}

/** Of the subnet of IPv6: what a security department adds, and what comes of it. Answers go to any port of a client. */
const edgeAcl: AclEntry[] = [
  { number: 90, egress: false, allow: false, protocol: '6', cidr: '::/0', ports: { from: 5985, to: 5986 } },
  { number: 95, egress: false, allow: false, protocol: '-1', cidr: '2001:db8:bad::/48' },
  { number: 100, egress: false, allow: true, protocol: '-1', cidr: '::/0' },
  {
    number: 95,
    egress: true,
    allow: false,
    protocol: '6',
    cidr: '2001:db8:dead::/48',
    ports: { from: 1024, to: 65_535 },
  },
  { number: 100, egress: true, allow: true, protocol: '-1', cidr: '::/0' },
];

function seedEast(region: Region, network: Network, launchedAt: number) {
  buildAcl(region, network.v6, 'edge', edgeAcl);
  const add = adder(region, network, launchedAt);
  const inside = buildGroup(region, network, 'pay-inside', 'Inside only', [
    { port: 443, from: '10.0.0.0/8' },
  ]);
  const web = [1, 2, 3, 4].map(n =>
    buildGroup(region, network, `pay-hub-${n}`, `Partner network ${n}`, [
      { port: 8440 + n, from: `192.0.2.${n * 16}/28` },
    ]),
  );
  const ssh = buildGroup(region, network, 'pay-hub-ssh', 'Administration', [{ port: 22, from: anywhere }]);
  add({ key: 'pay-desk', groups: [inside], os: 'windows', type: 'm7i.large' }, [port(3389), port(5986)]);
  add({ key: 'pay-edge6', groups: [inside], ipv6: true }, [port(22)]);
  add({ key: 'pay-hub', groups: [...web, ssh], elastic: true });
  // Names are whatever somebody typed: these look for a page, a spreadsheet and a terminal that believe them.
  add({ key: 'hostile-html', groups: [inside], tags: { Name: '<img src=x onerror=alert(1)>' } });
  add({ key: 'hostile-cell', groups: [inside], tags: { Name: `=cmd|' /C calc'!A0` } });
}

/** Adds instances; one with a policy is configured as a lock leaves it: tag and own group. */
function adder(region: Region, network: Network, launchedAt: number) {
  return (seed: Omit<SeedInstance, 'launchedAt'>, ports?: Policy['ports']) => {
    const instance = buildInstance(region, network, { ...seed, launchedAt });
    if (!ports) return;
    for (const [key, value] of Object.entries(policyTags({ ports }))) instance.tags.set(key, value);
    buildOwnGroup(region, network, instance);
  };
}

function port(number: number): PolicyPort {
  return { port: number, protocol: 'tcp', sources: [], maxMs: 3 * 3_600_000 };
}

/** A new user's key. `policies`: JSON texts of what they may do; without any an operator may do all. */
export function newKey(
  role: AccessKey['role'],
  user: string,
  policies?: string[],
  { partition, account }: Pick<World, 'partition' | 'account'> = { partition: 'aws', account: payments },
): AccessKey {
  return {
    id: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secret: randomBytes(30).toString('base64url'),
    role,
    arn: `arn:${partition}:iam::${account}:user/${user}`,
    userId: `AIDA${randomBytes(8).toString('hex').toUpperCase()}`,
    policies,
  };
}
