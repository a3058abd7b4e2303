/** A fresh look at everything a lock or unlock of one VM depends on. */
import type { Instance, SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Connection } from './connection.ts';
import { nameOf, readInstance, readInstances } from './instances.ts';
import { type InstanceRef, instanceRef, tagRecord } from './names.ts';
import { groupsOf, type OwnGroup, ownGroups } from './own.ts';
import { byGroup, listRules } from './rules.ts';

export interface Fresh {
  ref: InstanceRef;
  instance: Instance;
  /** The instance's own tags. */
  tags: Record<string, string>;
  interfaces: { id: string; vpc: string; groups: string[] }[];
  /** Names of all attached groups. */
  names: Map<string, string>;
  /** Inbound rules of all attached groups and of the own ones. */
  rules: SecurityGroupRule[];
  /** The VM's own group in each VPC it has an interface in, whether there is one yet, and attached, or not. */
  own: OwnGroup[];
}

/** Reads. Throws VM_NOT_FOUND, and CLOUD_CONFLICT where a group has the own group's name and is not Latchkey's. */
export async function lookAt(aws: Connection, vm: Vm, signal?: AbortSignal): Promise<Fresh> {
  const ref = instanceRef(vm.id);
  const instance = await readInstance(aws, vm.id, signal);
  if (instance === undefined) {
    throw new LatchkeyError({
      code: 'VM_NOT_FOUND',
      message: `${vm.name} is not there any more.`,
      fix: 'Refresh the list.',
    });
  }
  const interfaces = (instance.NetworkInterfaces ?? []).map(nic => ({
    id: nic.NetworkInterfaceId ?? '',
    vpc: nic.VpcId ?? instance.VpcId ?? '',
    groups: (nic.Groups ?? []).flatMap(group => group.GroupId ?? []),
  }));
  const vpcs = [...new Set(interfaces.map(({ vpc }) => vpc))];
  const own = await ownGroups(aws, ref, instance, vpcs, signal);
  const names = groupsOf(instance);
  const ids = [...new Set([...names.keys(), ...own.flatMap(({ id }) => id ?? [])])];
  return {
    ref,
    instance,
    tags: tagRecord(instance.Tags),
    interfaces,
    names,
    rules: ids.length === 0 ? [] : await listRules(aws, ref.region, ids, signal),
    own,
  };
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
