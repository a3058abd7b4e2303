/** A fresh look at everything a lock or unlock of one VM depends on. */
import type { Instance, SecurityGroup, SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Connection } from './connection.ts';
import { groupsOf, nameOf, readInstance, readInstances } from './instances.ts';
import { type InstanceRef, instanceRef, ownGroupName, ownGroupTag, tagRecord } from './names.ts';
import { listGroups } from './ours.ts';
import { byGroup, listPages, listRules } from './rules.ts';

export interface Fresh {
  ref: InstanceRef;
  instance: Instance;
  /** The instance's own tags. */
  tags: Record<string, string>;
  interfaces: { id: string; groups: string[] }[];
  /** Names of all attached groups. */
  names: Map<string, string>;
  /** Inbound rules of all attached groups and of the own one. */
  rules: SecurityGroupRule[];
  /** The VM's own group, whether attached or not. */
  own: { id: string; tags: Record<string, string>; outbound: string[] } | undefined;
}

/** Reads. Throws VM_NOT_FOUND, and CLOUD_CONFLICT where a group has the own group's name and is not Latchkey's. */
export async function lookAt(aws: Connection, vm: Vm, signal?: AbortSignal): Promise<Fresh> {
  const ref = instanceRef(vm.id);
  const named = { Name: 'group-name', Values: [ownGroupName(ref.instance)] };
  const [instance, groups] = await Promise.all([
    readInstance(aws, vm.id, signal),
    listGroups(aws, ref.region, named, signal),
  ]);
  if (instance === undefined) {
    throw new LatchkeyError({
      code: 'VM_NOT_FOUND',
      message: `${vm.name} is not there any more.`,
      fix: 'Refresh the list.',
    });
  }
  const found = ownGroup(ref.instance, groups);
  const own = found && { ...found, outbound: await outboundOf(aws, ref.region, found.id, signal) };
  const names = groupsOf(instance);
  const ids = [...new Set([...names.keys(), ...(own ? [own.id] : [])])];
  return {
    ref,
    instance,
    tags: tagRecord(instance.Tags),
    interfaces: (instance.NetworkInterfaces ?? []).map(nic => ({
      id: nic.NetworkInterfaceId ?? '',
      groups: (nic.Groups ?? []).flatMap(group => group.GroupId ?? []),
    })),
    names,
    rules: ids.length === 0 ? [] : await listRules(aws, ref.region, ids, signal),
    own,
  };
}

/** Ids of a group's outbound rules. */
export async function outboundOf(aws: Connection, region: string, group: string, signal?: AbortSignal) {
  const rules = await listPages(aws, region, byGroup([group]), signal);
  return rules.filter(rule => rule.IsEgress).flatMap(rule => rule.SecurityGroupRuleId ?? []);
}

function ownGroup(instance: string, groups: SecurityGroup[]) {
  const [group] = groups;
  if (group?.GroupId === undefined) return undefined;
  const tags = tagRecord(group.Tags);
  if (tags[ownGroupTag] === instance) return { id: group.GroupId, tags };
  throw new LatchkeyError({
    code: 'CLOUD_CONFLICT',
    message: `The security group ${group.GroupId} is called ${ownGroupName(instance)}, but Latchkey did not make it.`,
    fix: `If it is meant for Latchkey, give it the tag ${ownGroupTag} = ${instance}; else rename or remove it.`,
    detail: { group: group.GroupId },
  });
}

export interface Others {
  instances: Instance[];
  /** Names of the instances, and of other things' interfaces, in order. */
  names: string[];
}

/** What else has one of these groups. */
export async function alsoBehind(
  aws: Connection,
  { region, instance }: InstanceRef,
  groups: string[],
  signal?: AbortSignal,
): Promise<Others> {
  const ids = new Set<string>();
  const things = new Set<string>();
  let NextToken: string | undefined;
  do {
    if (groups.length === 0) break;
    const input = { Filters: byGroup(groups), MaxResults: 1000, NextToken };
    const answer = await aws.ec2(
      region,
      'DescribeNetworkInterfaces',
      (ec2, options) => ec2.describeNetworkInterfaces(input, options),
      signal,
    );
    for (const nic of answer.NetworkInterfaces ?? []) {
      const id = nic.Attachment?.InstanceId;
      if (id) ids.add(id);
      else things.add(nic.Description || nic.NetworkInterfaceId || '');
    }
    NextToken = answer.NextToken || undefined;
  } while (NextToken !== undefined);
  ids.delete(instance);
  const instances = await readInstances(aws, region, [...ids], signal);
  return { instances, names: [...instances.map(nameOf), ...things].sort() };
}
