/** What an action is given, and how it is put into the table. */
import { AwsError, notFound } from '../errors.ts';
import type { Params } from '../query.ts';
import type { Instance, NetworkInterface, Region, SecurityGroup, World } from '../world.ts';
import type { Elements } from '../xml.ts';

export interface Call {
  world: World;
  region: Region;
  params: Params;
  /** The cloud's clock at this request, epoch milliseconds. */
  now: number;
  /** Public host keys of a machine by its ARN, as `ssh-ed25519 AAAA…`. */
  hostKeys: (machine: string) => string[];
}

export interface Action {
  /** A viewer may not call it, and it knows DryRun as a question about rights. */
  writes: boolean;
  run(call: Call): Elements;
}

export const reads = (run: Action['run']): Action => ({ writes: false, run });
export const writes = (run: Action['run']): Action => ({ writes: true, run });

export const unknownGroup = (id: string): AwsError =>
  notFound('InvalidGroup', 'security group', id, 'InvalidGroupId');
export const unknownGroupName = (name: string): AwsError =>
  new AwsError('InvalidGroup.NotFound', `The security group '${name}' does not exist in default VPC`);
export const unknownInstance = (id: string): AwsError => notFound('InvalidInstanceID', 'instance ID', id);
export const unknownInterface = (id: string): AwsError =>
  notFound('InvalidNetworkInterfaceID', 'networkInterface ID', id);
export const unknownList = (id: string): AwsError => notFound('InvalidPrefixListID', 'prefix list ID', id);
export const unknownRule = (id: string): AwsError =>
  notFound('InvalidSecurityGroupRuleId', 'security group rule ID', id);

/** The group a request names, by id or (in the default VPC) by name. Throws InvalidGroup.NotFound. */
export function groupOf({ region, params }: Call): SecurityGroup {
  const name = params.text('GroupName');
  const id = params.text('GroupId');
  if (id === undefined && name !== undefined) {
    const named = [...region.groups.values()].find(
      group => group.name === name && region.vpcs.get(group.vpcId)?.isDefault === true,
    );
    if (!named) throw unknownGroupName(name);
    return named;
  }
  const group = region.groups.get(params.required('GroupId'));
  if (!group) throw unknownGroup(id ?? '');
  return group;
}

/** The first interface of an instance. */
export function interfaceOf(region: Region, instance: Instance): NetworkInterface {
  const found = region.interfaces.get(instance.interfaceId) ?? noneLeft(instance);
  if (!found) throw unknownInterface(instance.interfaceId);
  return found;
}

/** What is told of a terminated instance: it has no address and no group any more. */
function noneLeft(instance: Instance): NetworkInterface | undefined {
  if (instance.terminatedAt === undefined) return undefined;
  const { id: instanceId, interfaceId: id } = instance;
  const tags = new Map<string, string>();
  return { id, instanceId, subnetId: '', vpcId: '', ipv6Addresses: [], mac: '', groupIds: [], tags };
}

/** All interfaces of an instance, the first one first. */
export function interfacesOf(region: Region, instance: Instance): NetworkInterface[] {
  return [instance.interfaceId, ...(instance.moreInterfaceIds ?? [])].flatMap(
    id => region.interfaces.get(id) ?? [],
  );
}

/** A time as EC2 writes it. */
export function isoTime(instant: number): string {
  return new Date(instant).toISOString();
}
