/** EC2 instances as VMs of the model. */
import type { Instance, InstanceNetworkInterface, Reservation, SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { Power } from '../../../shared/contract/vms.ts';
import type { AccountId, VmId } from '../../../shared/domain/ids.ts';
import { readPolicy } from '../../../shared/domain/policyTag.ts';
import type { Gate, NetworkInterface, Vm } from '../../../shared/domain/vm.ts';
import { type ErrorData, LatchkeyError } from '../../../shared/errors.ts';
import { cloudCode } from '../calls.ts';
import { type Acls, aclLayers, readAcls } from './acls.ts';
import type { Connection } from './connection.ts';
import { gateOf, instanceRef, tagRecord, vmIdOf } from './names.ts';
import { groupsOf, ownIdsOf } from './own.ts';
import { type PrefixLists, readPrefixLists } from './prefixLists.ts';
import { chunks, gateRule, listRules } from './rules.ts';

/** Everything in a region that a VM is made of. */
interface Region {
  name: string;
  owner: string;
  account: AccountId;
  rules: Map<string, SecurityGroupRule[]>;
  acls: Acls;
  prefixLists?: PrefixLists | undefined;
}

/** All VMs of a region, page by page. The rules and network ACLs of the region are read once, beside the first page. */
export async function* listVms(
  aws: Connection,
  where: { region: string; owner: string; account: AccountId },
  signal?: AbortSignal,
): AsyncGenerator<Vm[]> {
  const inTurn = { ...aws, ec2: aws.ec2InTurn };
  const reading = Promise.all([
    rulesWithLists(inTurn, where.region, 'all', signal),
    readAcls(inTurn, where.region, 'all', signal),
  ]);
  // A failure is thrown where it is awaited; this keeps Node from calling it unhandled until then.
  reading.catch(() => undefined);
  let NextToken: string | undefined;
  do {
    const input = { MaxResults: 1000, NextToken };
    const answer = await inTurn.ec2(
      where.region,
      'DescribeInstances',
      (ec2, options) => ec2.describeInstances(input, options),
      signal,
    );
    const region = regionOf(where, ...(await reading));
    yield instancesOf(answer.Reservations).map(instance => toVm(instance, region));
    NextToken = answer.NextToken || undefined;
  } while (NextToken !== undefined);
}

/** One instance as AWS tells it now; undefined if there is none (any more). */
export async function readInstance(
  aws: Connection,
  id: VmId,
  signal?: AbortSignal,
): Promise<Instance | undefined> {
  const { region, instance } = instanceRef(id);
  try {
    return (await readInstances(aws, region, [instance], signal))[0];
  } catch (error) {
    if (cloudCode(error)?.startsWith('InvalidInstanceID')) return undefined;
    throw error;
  }
}

/** The instances with these ids. Throws CLOUD_NOT_FOUND if one is gone. */
export async function readInstances(
  aws: Connection,
  region: string,
  InstanceIds: string[],
  signal?: AbortSignal,
): Promise<Instance[]> {
  // Thousands may share a group, and a request has an end.
  const answers = await Promise.all(
    chunks(InstanceIds).map(ids =>
      aws.ec2(
        region,
        'DescribeInstances',
        (ec2, options) => ec2.describeInstances({ InstanceIds: ids }, options),
        signal,
      ),
    ),
  );
  return answers.flatMap(answer => instancesOf(answer.Reservations));
}

/** One VM with its groups' rules, all read now. */
export async function readVm(
  aws: Connection,
  account: AccountId,
  id: VmId,
  signal?: AbortSignal,
): Promise<Vm | undefined> {
  const { region: name, account: owner } = instanceRef(id);
  const instance = await readInstance(aws, id, signal);
  if (instance === undefined) return undefined;
  const groups = [...groupsOf(instance).keys()];
  const subnets = (instance.NetworkInterfaces ?? []).flatMap(nic => nic.SubnetId ?? []);
  const [rules, acls] = await Promise.all([
    rulesWithLists(aws, name, groups, signal),
    readAcls(aws, name, [...new Set(subnets)], signal),
  ]);
  return toVm(instance, regionOf({ region: name, owner, account }, rules, acls));
}

/**
 * Terminated instances stay listed for an hour; they are no VMs any more. Trunks are left out: ECS and EKS attach such an
 * interface to carry those of containers, the VM itself does not answer there, and nobody else may change its groups.
 */
function instancesOf(reservations: Reservation[] | undefined): Instance[] {
  const all = (reservations ?? []).flatMap(reservation => reservation.Instances ?? []);
  return all
    .filter(instance => instance.State?.Name !== 'terminated')
    .map(instance => {
      const own = instance.NetworkInterfaces?.filter(({ InterfaceType }) => InterfaceType !== 'trunk');
      return own === undefined ? instance : { ...instance, NetworkInterfaces: own };
    });
}

/** The Name tag, or the instance's id. */
export function nameOf(instance: Instance): string {
  return tagRecord(instance.Tags)['Name'] || (instance.InstanceId ?? '');
}

/** Rules, and after them the prefix lists they are for, if any. */
async function rulesWithLists(
  aws: Connection,
  region: string,
  groups: string[] | 'all',
  signal?: AbortSignal,
): Promise<{ rules: SecurityGroupRule[]; prefixLists: PrefixLists }> {
  const rules = groups.length === 0 ? [] : await listRules(aws, region, groups, signal);
  return { rules, prefixLists: await readPrefixLists(aws, region, rules, signal) };
}

function regionOf(
  where: { region: string; owner: string; account: AccountId },
  { rules, prefixLists }: { rules: SecurityGroupRule[]; prefixLists: PrefixLists },
  acls: Acls,
): Region {
  const byGroup = Map.groupBy(rules, rule => rule.GroupId ?? '');
  return {
    name: where.region,
    owner: where.owner,
    account: where.account,
    rules: byGroup,
    acls,
    prefixLists,
  };
}

/** The model of an instance; pure. */
export function toVm(instance: Instance, region: Region): Vm {
  const id = instance.InstanceId ?? '';
  const own = ownIdsOf(instance);
  return {
    id: vmIdOf(region.name, region.owner, id),
    name: nameOf(instance),
    cloud: 'aws',
    account: region.account,
    scope: `${region.owner}/${region.name}`,
    location: region.name,
    kind: 'ec2',
    os: osOf(instance),
    image: instance.ImageId,
    size: instance.InstanceType,
    power: powerOf(instance.State?.Name),
    interfaces: (instance.NetworkInterfaces ?? []).map(nic => toInterface(nic, own, region)),
    ...policyOf(instance),
  };
}

function toInterface(nic: InstanceNetworkInterface, own: string[], region: Region): NetworkInterface {
  const ipv4 = nic.PrivateIpAddresses ?? [];
  const ipv6 = (nic.Ipv6Addresses ?? []).flatMap(found => found.Ipv6Address ?? []);
  const gates = (nic.Groups ?? []).map((group): Gate => {
    const id = group.GroupId ?? '';
    return {
      id: gateOf(region.name, id),
      name: group.GroupName ?? id,
      kind: 'security-group',
      own: own.includes(id),
      rules: (region.rules.get(id) ?? []).map(rule => gateRule(rule, region.prefixLists)),
    };
  });
  return {
    id: nic.NetworkInterfaceId ?? '',
    primary: nic.Attachment?.DeviceIndex === 0,
    privateAddresses: [...ipv4.flatMap(found => found.PrivateIpAddress ?? []), ...ipv6],
    // An IPv6 address of a VPC is the same inside and outside.
    publicAddresses: [...ipv4.flatMap(found => found.Association?.PublicIp ?? []), ...ipv6],
    layers: [...aclLayers(region.name, nic, region.acls), { place: 'instance', mode: 'any-allow', gates }],
  };
}

/** EC2 tells `platform` for Windows only; `PlatformDetails` says it longer (`Windows with SQL Server …`). */
function osOf(instance: Instance): Vm['os'] {
  const text = `${instance.Platform ?? ''} ${instance.PlatformDetails ?? ''}`;
  return /windows/i.test(text) ? 'windows' : 'linux';
}

function powerOf(state: string | undefined): Power {
  switch (state) {
    case 'pending':
      return 'starting';
    case 'running':
      return 'running';
    case 'stopping':
    case 'shutting-down':
      return 'stopping';
    case 'stopped':
      return 'stopped';
    case undefined:
    default:
      return 'unknown';
  }
}

function policyOf(instance: Instance): Pick<Vm, 'policy'> | { policyError: ErrorData } {
  try {
    const policy = readPolicy(tagRecord(instance.Tags));
    return policy === undefined ? {} : { policy };
  } catch (error) {
    if (error instanceof LatchkeyError) return { policyError: error.toData() };
    throw error;
  }
}
