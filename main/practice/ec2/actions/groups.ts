/** Security groups, and which interfaces they are attached to. */
import { AwsError, badValue, missing } from '../errors.ts';
import { chosen, type Fields, filtered, page } from '../filters.ts';
import { checkDescription, peerText, permissionItems } from '../permissions.ts';
import { readTagSpecification } from '../tags.ts';
import {
  type GroupRule,
  isSeen,
  type NetworkInterface,
  type RulePeer,
  type SecurityGroup,
  seenGroups,
  standingRules,
} from '../world.ts';
import { items, tagSet } from '../xml.ts';
import {
  type Action,
  type Call,
  groupOf,
  interfaceOf,
  reads,
  unknownGroup,
  unknownGroupName,
  unknownInstance,
  unknownInterface,
  writes,
} from './call.ts';

/** "5 security groups per network interface" (VPC quotas). */
const mostGroups = 5;

export const groupActions: Record<string, Action> = {
  DescribeAccountAttributes: reads(accountAttributes),
  DescribeSecurityGroups: reads(describe),
  CreateSecurityGroup: writes(create),
  DeleteSecurityGroup: writes(remove),
  ModifyNetworkInterfaceAttribute: writes(modifyInterface),
  ModifyInstanceAttribute: writes(modifyInstance),
};

function accountAttributes() {
  const told: [string, string][] = [
    ['supported-platforms', 'VPC'],
    ['vpc-max-security-groups-per-interface', String(mostGroups)],
  ];
  return {
    accountAttributeSet: items(
      told.map(([attributeName, attributeValue]) => ({
        attributeName,
        attributeValueSet: items([{ attributeValue }]),
      })),
    ),
  };
}

function describe(call: Call) {
  const { region, params, world, now } = call;
  const names = params.texts('GroupName');
  const byId = chosen(region.groups, params.texts('GroupId'), unknownGroup);
  const byName = names.length === 0 ? byId : byId.filter(group => names.includes(group.name));
  const unknownName = names.find(name => !byName.some(group => group.name === name));
  if (unknownName !== undefined) throw unknownGroupName(unknownName);

  const ingress = (group: SecurityGroup) => seen(group, false, now);
  const found = filtered(byName, params, {
    'group-id': group => group.id,
    'group-name': group => group.name,
    'vpc-id': group => group.vpcId,
    description: group => group.description,
    'owner-id': () => world.account,
    ...ruleFilters('ip-permission', ingress),
    ...ruleFilters('egress.ip-permission', group => seen(group, true, now)),
  });
  const { page: groups, nextToken } = page(found, params);
  return {
    securityGroupInfo: items(
      groups.map(group => ({
        ownerId: world.account,
        groupName: group.name,
        groupDescription: group.description,
        groupId: group.id,
        vpcId: group.vpcId,
        ipPermissions: items(permissionItems(ingress(group), world.account)),
        ipPermissionsEgress: items(permissionItems(seen(group, true, now), world.account)),
        tagSet: tagSet(group.tags),
        securityGroupArn: arn(call, group.id),
      })),
    ),
    nextToken,
  };
}

/** Filters by the rules of a group; `from` says which of them. */
function ruleFilters(prefix: string, from: (group: SecurityGroup) => GroupRule[]): Fields<SecurityGroup> {
  const peers = (kind: RulePeer['kind']) => (group: SecurityGroup) =>
    from(group).map(rule => (rule.peer.kind === kind ? peerText(rule.peer) : undefined));
  return {
    [`${prefix}.cidr`]: peers('ipv4'),
    [`${prefix}.ipv6-cidr`]: peers('ipv6'),
    [`${prefix}.group-id`]: peers('group'),
    [`${prefix}.prefix-list-id`]: peers('list'),
    [`${prefix}.protocol`]: group => from(group).map(rule => rule.protocol),
    [`${prefix}.from-port`]: group => from(group).map(rule => String(rule.fromPort)),
    [`${prefix}.to-port`]: group => from(group).map(rule => String(rule.toPort)),
  };
}

function seen(group: SecurityGroup, egress: boolean, now: number): GroupRule[] {
  return [...group.rules.values()].filter(rule => rule.egress === egress && isSeen(rule, now));
}

function create(call: Call) {
  const { region, params, world, now } = call;
  const name = params.required('GroupName');
  const description = params.required('GroupDescription');
  checkDescription(description);
  checkDescription(name);
  if (name.length > 255)
    throw badValue('Character sets beyond 255 characters are not supported for GroupName.');
  if (name.startsWith('sg-'))
    throw badValue(`Invalid value '${name}' for GroupName. It may not start with sg-`);
  if (name.toLowerCase() === 'default') {
    throw new AwsError('InvalidGroup.Reserved', `The security group name 'default' is reserved`);
  }
  const vpcId = params.text('VpcId') ?? [...region.vpcs.values()].find(vpc => vpc.isDefault)?.id;
  if (vpcId === undefined || !region.vpcs.has(vpcId)) {
    throw new AwsError('InvalidVpcID.NotFound', `The vpc ID '${vpcId ?? ''}' does not exist`);
  }
  if ([...region.groups.values()].some(group => group.vpcId === vpcId && group.name === name)) {
    throw new AwsError(
      'InvalidGroup.Duplicate',
      `The security group '${name}' already exists for VPC '${vpcId}'`,
    );
  }
  const tags = readTagSpecification(params, 'security-group');
  const id = world.newId('sg');
  const out: GroupRule = {
    id: world.newId('sgr'),
    tags: new Map(),
    egress: true,
    protocol: '-1',
    fromPort: -1,
    toPort: -1,
    peer: { kind: 'ipv4', cidr: '0.0.0.0/0' },
    seenFrom: now,
  };
  region.groups.set(id, { id, name, description, vpcId, tags, rules: new Map([[out.id, out]]) });
  return { return: true, groupId: id, tagSet: tagSet(tags), securityGroupArn: arn(call, id) };
}

function remove(call: Call) {
  const { region } = call;
  const group = groupOf(call);
  if (group.name === 'default') {
    throw new AwsError(
      'CannotDelete',
      `the specified group: "${group.id}" name: "default" cannot be deleted by a user`,
    );
  }
  const attached = [...region.interfaces.values()].some(nic => nic.groupIds.includes(group.id));
  const referenced = [...region.groups.values()].some(
    other =>
      other !== group &&
      standingRules(other).some(rule => rule.peer.kind === 'group' && rule.peer.groupId === group.id),
  );
  if (attached || referenced) {
    throw new AwsError('DependencyViolation', `resource ${group.id} has a dependent object`);
  }
  region.groups.delete(group.id);
  return { return: true, groupId: group.id };
}

function modifyInterface(call: Call) {
  const { region, params } = call;
  const id = params.required('NetworkInterfaceId');
  const nic = region.interfaces.get(id);
  if (!nic) throw unknownInterface(id);
  if (nic.isTrunk) {
    throw new AwsError('AuthFailure', 'You do not have permission to access the specified resource.', 403);
  }
  if (params.has('SecurityGroupId')) attach(call, nic, params.texts('SecurityGroupId'));
  return { return: true };
}

function modifyInstance(call: Call) {
  const { region, params } = call;
  const id = params.required('InstanceId');
  const instance = region.instances.get(id);
  if (!instance) throw unknownInstance(id);
  if (!params.has('GroupId')) throw missing('GroupId');
  if ((instance.moreInterfaceIds ?? []).length > 0) {
    throw new AwsError(
      'InvalidInstanceID',
      `There are multiple interfaces attached to instance '${id}'. Please specify an interface ID for the operation instead.`,
    );
  }
  attach(call, interfaceOf(region, instance), params.texts('GroupId'));
  return { return: true };
}

/** The given groups are the interface's from now on, and no others. */
function attach({ region, world, now }: Call, nic: NetworkInterface, ids: string[]): void {
  const groups = chosen(region.groups, ids, unknownGroup);
  if (ids.length === 0) throw missing('SecurityGroupId');
  if (groups.length > mostGroups) {
    throw new AwsError(
      'SecurityGroupsPerInterfaceLimitExceeded',
      `The maximum number of security groups per interface (${mostGroups}) has been reached.`,
    );
  }
  const stranger = groups.find(group => group.vpcId !== nic.vpcId);
  if (stranger) {
    throw new AwsError(
      'InvalidGroup.NotFound',
      `You have specified two resources that belong to different networks: ${stranger.id}, ${nic.id}`,
    );
  }
  nic.before = { groupIds: seenGroups(nic, now), until: now + world.lagMs };
  nic.groupIds = groups.map(group => group.id);
}

function arn({ world, region }: Call, id: string): string {
  return `arn:${world.partition}:ec2:${region.name}:${world.account}:security-group/${id}`;
}
