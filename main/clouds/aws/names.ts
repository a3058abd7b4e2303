/** Names AWS gives and takes: ARNs, gates, tags, the VM's own group. */
import type { Tag } from '@aws-sdk/client-ec2';
import { type GateId, gateId, parseVmId, type VmId } from '../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../shared/errors.ts';

/** China and GovCloud are partitions of their own (docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html). */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** The id of an instance: its ARN. Throws BAD_INPUT for what is no instance id. */
export function vmIdOf(region: string, account: string, instance: string): VmId {
  return parseVmId(`arn:${partitionOf(region)}:ec2:${region}:${account}:instance/${instance}`);
}

export interface InstanceRef {
  region: string;
  account: string;
  instance: string;
}

/** The parts of an instance's ARN. Throws UNSUPPORTED for another cloud's VM. */
export function instanceRef(id: VmId): InstanceRef {
  const [, , , region, account, resource] = id.split(':');
  const instance = resource?.split('/')[1];
  if (region === undefined || account === undefined || instance === undefined) {
    throw new LatchkeyError({ code: 'UNSUPPORTED', message: `${id} is not a VM of AWS.` });
  }
  return { region, account, instance };
}

/** The gate that a security group is: `<region>/sg-…`. */
export function gateOf(region: string, group: string): GateId {
  return gateId(`${region}/${group}`);
}

/** The parts that `gateOf` joined. */
export function gateRef(gate: GateId): { region: string; group: string } {
  const [region = '', group = ''] = gate.split('/');
  return { region, group };
}

/** The user, or the session of a role, that an identity's ARN ends with: `…:user/path/alice`, `…:assumed-role/Role/session`. */
export function userOfArn(arn: string): string | undefined {
  return arn.split(/[/:]/).at(-1) || undefined;
}

const ownPrefix = 'latchkey-';
/** The tag on a VM's own group that proves it to be made by Latchkey; its value is the instance id. */
export const ownGroupTag = 'latchkey-vm';

/** The tag on an instance that names groups used in place of one of its own (own.ts): ids, with a space between. */
export const chosenGroupTag = 'latchkey-group';

/** The groups that an instance's tags choose. */
export function chosenGroups(tags: Record<string, string>): string[] {
  return (tags[chosenGroupTag] ?? '').split(' ').filter(id => /^sg-[0-9a-f]+$/.test(id));
}

/** The VM's own group: grants open this VM and none that shares another group with it. */
export function ownGroupName(instance: string): string {
  return ownPrefix + instance;
}

/** The instance whose own group this is, by its name or its tag; undefined for other groups. */
export function instanceOfGroup(name: string | undefined, tags: Tag[] | undefined): string | undefined {
  const told = tagRecord(tags)[ownGroupTag] ?? '';
  return /^latchkey-(i-[0-9a-f]+)$/.exec(name ?? '')?.[1] ?? /^i-[0-9a-f]+$/.exec(told)?.[0];
}
export const ownGroupPattern = `${ownPrefix}i-*`;

/** Tags as a record; the last of a key wins. */
export function tagRecord(tags: Tag[] | undefined): Record<string, string> {
  return Object.fromEntries((tags ?? []).map(tag => [tag.Key ?? '', tag.Value ?? '']));
}

/** A record as the SDK's list of tags. */
export function tagList(tags: Record<string, string>): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
