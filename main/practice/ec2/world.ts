/** The emulated AWS account as plain data: per region, everything by its id. Actions read and change it. */

/** Anything that has an id and tags. */
export interface Resource {
  readonly id: string;
  readonly tags: Map<string, string>;
}

export interface Vpc extends Resource {
  cidr: string;
  isDefault: boolean;
}

export interface Subnet extends Resource {
  vpcId: string;
  /** Absent in a subnet of IPv6 only. */
  cidr?: string | undefined;
  ipv6Cidr?: string | undefined;
  zone: string;
}

/** Rules are tried by their number; the first that fits decides. */
export interface NetworkAcl extends Resource {
  vpcId: string;
  subnetIds: string[];
  /** The one that AWS makes with a VPC. */
  isDefault: boolean;
  entries: AclEntry[];
}
export interface AclEntry {
  number: number;
  egress: boolean;
  allow: boolean;
  /** `-1` or a protocol number. */
  protocol: string;
  cidr: string;
  ports?: { from: number; to: number } | undefined;
}

export interface SecurityGroup extends Resource {
  name: string;
  description: string;
  vpcId: string;
  rules: Map<string, GroupRule>;
}

export type RulePeer =
  | { kind: 'ipv4' | 'ipv6'; cidr: string }
  /** Every interface that has this group. */
  | { kind: 'group'; groupId: string }
  | { kind: 'list'; listId: string };

/** A prefix list that customers manage. */
export interface PrefixList extends Resource {
  name: string;
  /** A rule for it counts as so many. */
  maxEntries: number;
  cidrs: string[];
}

export interface GroupRule extends Resource {
  egress: boolean;
  /** `tcp`, `udp`, `icmp`, `icmpv6`, a protocol number, or `-1` for all. */
  protocol: string;
  /** -1 where the protocol has no ports. */
  fromPort: number;
  toPort: number;
  peer: RulePeer;
  description?: string | undefined;
  /** Seen and enforced from this instant on (eventual consistency). */
  seenFrom: number;
  /** Set when it was revoked: seen and enforced until then. */
  seenUntil?: number | undefined;
}

export interface NetworkInterface extends Resource {
  instanceId: string;
  subnetId: string;
  vpcId: string;
  /** Absent in a subnet of IPv6 only. */
  privateAddress?: string | undefined;
  /** Its own as long as it lives, but only shown while the instance runs. */
  publicAddress?: string | undefined;
  /** Allocation of its public address where that is elastic: it then stays while the instance is stopped. */
  elasticId?: string | undefined;
  ipv6Addresses: string[];
  /** One that carries those of containers: the service that made it (ECS, EKS) manages it. */
  isTrunk?: boolean;
  mac: string;
  groupIds: string[];
  /** What was attached before the last change, which lists show until then. */
  before?: { groupIds: string[]; until: number } | undefined;
}

export interface Instance extends Resource {
  imageId: string;
  type: string;
  os: 'linux' | 'windows';
  launchedAt: number;
  keyName?: string | undefined;
  /** The role that its programs have. */
  profile?: string | undefined;
  zone: string;
  /** Its first interface (device 0). */
  interfaceId: string;
  /** Its others, in the order of their devices. */
  moreInterfaceIds?: string[] | undefined;
  /** Where it is going, and when it gets there; before that it is `pending` or `stopping`. */
  power: { goal: 'running' | 'stopped'; at: number };
  /** Since when it is no more; it stays listed for a while. */
  terminatedAt?: number | undefined;
}

export interface Region {
  readonly name: string;
  vpcs: Map<string, Vpc>;
  subnets: Map<string, Subnet>;
  acls: Map<string, NetworkAcl>;
  prefixLists: Map<string, PrefixList>;
  groups: Map<string, SecurityGroup>;
  interfaces: Map<string, NetworkInterface>;
  instances: Map<string, Instance>;
  /** EC2 Instance Connect Endpoints. */
  connectEndpoints: Map<string, ConnectEndpoint>;
}

export interface ConnectEndpoint extends Resource {
  vpcId: string;
  subnetId: string;
}

/** An access key and whose it is. `viewer` may read only. */
export interface AccessKey {
  id: string;
  secret: string;
  role: 'operator' | 'viewer';
  /** As GetCallerIdentity tells it. */
  arn: string;
  userId: string;
  /** Only of keys that STS and Identity Center made. */
  session?: Session | undefined;
  /** JSON texts: of a user with policies of their own, who may do what these allow and nothing else. */
  policies?: string[] | undefined;
}

/** What temporary keys have beside the others. */
export interface Session {
  token: string;
  /** Epoch milliseconds. */
  ends: number;
  /** A role's, not a user's: who has one is given an hour at most when taking another. */
  isRole: boolean;
  /** Its user has shown a code of an MFA device. */
  mfa: boolean;
  /** Who is behind it, as was said when the first role was taken; roles that are taken with it keep it. */
  source?: string | undefined;
}

/** `secret`: what its codes are made from; `usedStep`: the half minute whose code was used last. */
export interface MfaDevice {
  secret: Buffer;
  usedStep: number;
}

/** A public key that EC2 Instance Connect has put on an instance for a minute. */
export interface PushedKey {
  instance: string;
  user: string;
  /** As it was sent: `ssh-ed25519 AAAA… comment`. */
  key: string;
  endsAt: number;
}

/** An IAM role with its inline policies, as JSON texts. */
export interface Role extends Resource {
  name: string;
  description?: string | undefined;
  trust: string;
  policies: Map<string, string>;
  /** How long whoever takes it may keep it, seconds. */
  maxSeconds: number;
  createdAt: number;
}

/** An event of CloudTrail's history. `record` is the CloudTrailEvent as JSON has it. */
export interface TrailEvent {
  id: string;
  at: number;
  region: string;
  name: string;
  source: string;
  user: string;
  resources: { type: string; name: string }[];
  record: object;
}

/** A one-time schedule of EventBridge Scheduler. Instants are epoch milliseconds. */
export interface Schedule {
  name: string;
  region: string;
  at: number;
  expression: string;
  description?: string | undefined;
  enabled: boolean;
  deleteAfter: boolean;
  /** `input` is JSON text. */
  target: { arn: string; role: string; input: string };
  retry: { ageMs: number; attempts: number };
  createdAt: number;
  changedAt: number;
  tries: number;
  /** When it is tried (again); infinity when it is over. */
  nextTry: number;
}

export type Partition = 'aws' | 'aws-us-gov' | 'aws-cn';

export interface World {
  /** Which AWS it is: there are others for China and for the government of the United States. */
  readonly partition: Partition;
  /** 12 digits. */
  readonly account: string;
  /** What its organization calls it. */
  readonly name: string;
  /** Every account behind the endpoint, this one included. */
  readonly organization: World[];
  /** Regions that exist and are not enabled for the account (opt-in). */
  readonly offRegions: Set<string>;
  /** Regions where a policy of the organization denies everything. */
  readonly deniedRegions: Set<string>;
  /** MFA devices by their ARN. */
  readonly mfa: Map<string, MfaDevice>;
  /** Web identity tokens that are trusted, and the role each may take. */
  readonly webTokens: Map<string, string>;
  readonly pushedKeys: PushedKey[];
  /** CloudTrail's event history, oldest first. */
  readonly trail: TrailEvent[];
  /** How long after it happened an event is in the history, milliseconds. */
  trailLagMs: number;
  /** How many lookups of events a region answers in a second. */
  trailPerSecond: number;
  readonly regions: Map<string, Region>;
  readonly keys: Map<string, AccessKey>;
  /** IAM's, by name. */
  readonly roles: Map<string, Role>;
  /** By region and name (`scheduleKey`). */
  readonly schedules: Map<string, Schedule>;
  /** The cloud's clock, epoch milliseconds. */
  now(): number;
  /** How much later a change to a rule is seen and enforced, milliseconds. */
  lagMs: number;
  /** How long an instance takes to start and to stop, milliseconds. */
  powerMs: number;
  /** A new id, e.g. `newId('sgr')` → `sgr-0…` with 17 hex digits. */
  newId(prefix: string): string;
}

/** EC2's names and numbers of an instance's state, at this instant. */
export function instanceState(instance: Instance, now: number): { code: number; name: string } {
  if (instance.terminatedAt !== undefined) return { code: 48, name: 'terminated' };
  const there = now >= instance.power.at;
  if (instance.power.goal === 'running') {
    return there ? { code: 16, name: 'running' } : { code: 0, name: 'pending' };
  }
  return there ? { code: 80, name: 'stopped' } : { code: 64, name: 'stopping' };
}

/** The groups of an interface as lists show them and the network keeps them at this instant. */
export function seenGroups(nic: NetworkInterface, now: number): string[] {
  return nic.before !== undefined && now < nic.before.until ? nic.before.groupIds : nic.groupIds;
}

/** Is the rule listed and enforced at this instant? */
export function isSeen(rule: GroupRule, now: number): boolean {
  return rule.seenFrom <= now && (rule.seenUntil === undefined || now < rule.seenUntil);
}

/** The rules that stand for the next write: those nobody revoked, listed already or not. */
export function standingRules(group: SecurityGroup): GroupRule[] {
  return [...group.rules.values()].filter(rule => rule.seenUntil === undefined);
}

/** Forgets revoked rules whose time is over. */
export function forgetRevoked(group: SecurityGroup, now: number): void {
  for (const [id, rule] of group.rules) {
    if (rule.seenUntil !== undefined && rule.seenUntil <= now) group.rules.delete(id);
  }
}

/** The instance's ARN: what the broker calls it. */
export function instanceArn(world: World, region: Region, instance: Instance): string {
  return `arn:${world.partition}:ec2:${region.name}:${world.account}:instance/${instance.id}`;
}
