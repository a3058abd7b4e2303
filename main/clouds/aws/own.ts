/**
 * The groups that grants for one VM go to: one in each VPC that the instance has an interface in, because a group belongs
 * to a VPC. Usually Latchkey makes it, `latchkey-<instance>`. Where an interface has no room for one more, a group that
 * only this VM has is used in its place: the instance's tag `latchkey-group` says which, and the group's own tag that it is.
 */
import type { Instance, SecurityGroup } from '@aws-sdk/client-ec2';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Connection } from './connection.ts';
import { chosenGroups, type InstanceRef, ownGroupName, ownGroupTag, tagRecord } from './names.ts';
import { listGroups } from './ours.ts';
import { byGroup, listPages } from './rules.ts';

export interface OwnGroup {
  vpc: string;
  /** Undefined while there is none; known from its creation on while a draft is carried out. */
  id: string | undefined;
  name: string;
  tags: Record<string, string>;
  /** Ids of its outbound rules. */
  outbound: string[];
  /** It was there before, and was chosen because there was no room for another one. */
  chosen: boolean;
}

/** For each VPC of these interfaces its own group. Throws CLOUD_CONFLICT where one has the name and is not Latchkey's. */
export async function ownGroups(
  aws: Connection,
  ref: InstanceRef,
  instance: Instance,
  vpcs: string[],
  signal?: AbortSignal,
): Promise<OwnGroup[]> {
  const { region } = ref;
  const attached = groupsOf(instance);
  const [made, tagged] = await Promise.all([
    listGroups(aws, region, { Name: 'group-name', Values: [ownGroupName(ref.instance)] }, signal),
    listGroups(aws, region, { Name: `tag:${ownGroupTag}`, Values: [ref.instance] }, signal),
  ]);
  return await Promise.all(
    vpcs.map(async (vpc): Promise<OwnGroup> => {
      // Of servers that tell no VPC there is but one.
      const here = (group: SecurityGroup) => group.VpcId === undefined || group.VpcId === vpc;
      const picked = tagged.find(group => here(group) && attached.has(group.GroupId ?? ''));
      const group = made.find(here) ?? picked;
      const name = ownGroupName(ref.instance);
      if (group?.GroupId === undefined) {
        return { vpc, id: undefined, name, tags: {}, outbound: [], chosen: false };
      }
      const tags = tagRecord(group.Tags);
      if (tags[ownGroupTag] !== ref.instance) throw notOurs(group.GroupId, ref.instance);
      return {
        vpc,
        id: group.GroupId,
        name: group.GroupName ?? name,
        tags,
        outbound: await outboundOf(aws, region, group.GroupId, signal),
        chosen: group === picked && group.GroupName !== name,
      };
    }),
  );
}

/** Ids of a group's outbound rules. */
export async function outboundOf(aws: Connection, region: string, group: string, signal?: AbortSignal) {
  const rules = await listPages(aws, region, byGroup([group]), signal);
  return rules.filter(rule => rule.IsEgress).flatMap(rule => rule.SecurityGroupRuleId ?? []);
}

/** Ids and names of all groups on the instance's interfaces. */
export function groupsOf(instance: Instance): Map<string, string> {
  const groups = (instance.NetworkInterfaces ?? []).flatMap(nic => nic.Groups ?? []);
  return new Map(groups.map(group => [group.GroupId ?? '', group.GroupName ?? '']));
}

/** Ids of the instance's groups that are its own: by name, or chosen. */
export function ownIdsOf(instance: Instance): string[] {
  const name = ownGroupName(instance.InstanceId ?? '');
  const chosen = chosenGroups(tagRecord(instance.Tags));
  const groups = (instance.NetworkInterfaces ?? []).flatMap(nic => nic.Groups ?? []);
  const own = groups.filter(({ GroupId = '', GroupName }) => GroupName === name || chosen.includes(GroupId));
  return [...new Set(own.flatMap(({ GroupId }) => GroupId ?? []))];
}

function notOurs(group: string, instance: string): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_CONFLICT',
    message: `The security group ${group} is called ${ownGroupName(instance)}, but Latchkey did not make it.`,
    fix: `If it is meant for Latchkey, give it the tag ${ownGroupTag} = ${instance}; else rename or remove it.`,
    detail: { group },
  });
}

/** AWS's usual limit of groups on an interface (reference 8.1), and the attribute that tells this account's. */
const usualGroups = 5;
const groupsAttribute = 'vpc-max-security-groups-per-interface';

/** How many groups an interface of this account may have; the usual number where AWS does not tell us. */
export async function groupsPerInterface(
  aws: Connection,
  region: string,
  signal?: AbortSignal,
): Promise<number> {
  try {
    const answer = await aws.ec2(
      region,
      'DescribeAccountAttributes',
      (ec2, options) => ec2.describeAccountAttributes({}, options),
      signal,
    );
    const found = answer.AccountAttributes?.find(({ AttributeName }) => AttributeName === groupsAttribute);
    return Number(found?.AttributeValues?.[0]?.AttributeValue) || usualGroups;
  } catch (error) {
    if (!(error instanceof LatchkeyError) || !['CLOUD_FORBIDDEN', 'CLOUD_FAILED'].includes(error.code))
      throw error;
    return usualGroups;
  }
}
