/** Rules of security groups, both ways: list, allow, revoke, change. */
import { AwsError, badValue, missing } from '../errors.ts';
import { filtered, page } from '../filters.ts';
import {
  checkDescription,
  countsAs,
  type Permission,
  permissionItems,
  readPermissions,
  readRuleRequest,
  ruleKey,
  ruleText,
} from '../permissions.ts';
import { readTagSpecification } from '../tags.ts';
import {
  forgetRevoked,
  type GroupRule,
  isSeen,
  type RulePeer,
  type SecurityGroup,
  standingRules,
  type World,
} from '../world.ts';
import { items, tagSet } from '../xml.ts';
import {
  type Action,
  type Call,
  groupOf,
  reads,
  unknownGroup,
  unknownList,
  unknownRule,
  writes,
} from './call.ts';

/** "60 inbound rules per security group, counted separately for IPv4 and IPv6" (VPC quotas). */
const mostRules = 60;

export const ruleActions: Record<string, Action> = {
  DescribeSecurityGroupRules: reads(describe),
  AuthorizeSecurityGroupIngress: writes(call => authorize(call, false)),
  AuthorizeSecurityGroupEgress: writes(call => authorize(call, true)),
  RevokeSecurityGroupIngress: writes(call => revoke(call, false)),
  RevokeSecurityGroupEgress: writes(call => revoke(call, true)),
  ModifySecurityGroupRules: writes(modify),
  UpdateSecurityGroupRuleDescriptionsIngress: writes(call => updateDescriptions(call, false)),
  UpdateSecurityGroupRuleDescriptionsEgress: writes(call => updateDescriptions(call, true)),
};

interface Placed extends GroupRule {
  group: SecurityGroup;
}

function describe(call: Call) {
  const { region, params, world, now } = call;
  const ids = new Set(params.texts('SecurityGroupRuleId'));
  const all: Placed[] = [...region.groups.values()].flatMap(group =>
    [...group.rules.values()].filter(rule => isSeen(rule, now)).map(rule => ({ ...rule, group })),
  );
  const named = ids.size === 0 ? all : all.filter(rule => ids.has(rule.id));
  if (ids.size > 0 && named.length < ids.size) {
    const found = new Set(named.map(rule => rule.id));
    throw unknownRule([...ids].find(id => !found.has(id)) ?? '');
  }
  const found = filtered(named, params, {
    'group-id': rule => rule.group.id,
    'security-group-rule-id': rule => rule.id,
  });
  const { page: rules, nextToken } = page(found, params);
  return {
    securityGroupRuleSet: items(rules.map(rule => ruleItem(world, region.name, rule.group, rule))),
    nextToken,
  };
}

function authorize(call: Call, egress: boolean) {
  const { world, region, params, now } = call;
  const group = groupOf(call);
  const wanted = readPermissions(params);
  if (wanted.length === 0) throw missing('ipPermissions');
  const tags = readTagSpecification(params, 'security-group-rule');
  forgetRevoked(group, now);
  checkNew(call, group, wanted, standing(group, egress));
  const added = wanted.map(
    (permission): GroupRule => ({
      ...permission,
      id: world.newId('sgr'),
      egress,
      tags: new Map(tags),
      seenFrom: now + world.lagMs,
    }),
  );
  for (const rule of added) group.rules.set(rule.id, rule);
  const set = added.map(rule => ruleItem(world, region.name, group, rule));
  return { return: true, securityGroupRuleSet: items(set) };
}

function standing(group: SecurityGroup, egress: boolean): GroupRule[] {
  return standingRules(group).filter(rule => rule.egress === egress);
}

/** All or nothing: throws before anything is changed. `others` are the rules that stay beside the new ones. */
function checkNew({ region }: Call, group: SecurityGroup, wanted: Permission[], others: GroupRule[]): void {
  const known = new Set(others.map(ruleKey));
  const fresh = new Set<string>();
  for (const permission of wanted) {
    const { peer } = permission;
    if (peer.kind === 'group' && !region.groups.has(peer.groupId)) throw unknownGroup(peer.groupId);
    if (peer.kind === 'list' && !region.prefixLists.has(peer.listId)) throw unknownList(peer.listId);
    const key = ruleKey(permission);
    if (fresh.has(key)) throw badValue('The same permission must not appear multiple times');
    if (known.has(key)) {
      throw new AwsError(
        'InvalidPermission.Duplicate',
        `the specified rule "${ruleText(permission)}" already exists`,
      );
    }
    fresh.add(key);
  }
  for (const family of ['ipv4', 'ipv6'] as const) {
    const weight = ({ peer }: { peer: RulePeer }) =>
      peer.kind === 'list' ? (region.prefixLists.get(peer.listId)?.maxEntries ?? 1) : 1;
    const counted = [...others, ...wanted].filter(rule => countsAs(rule, family));
    if (counted.reduce((sum, rule) => sum + weight(rule), 0) > mostRules) {
      throw new AwsError(
        'RulesPerSecurityGroupLimitExceeded',
        `The maximum number of rules per security group has been reached: ${group.id}`,
      );
    }
  }
}

function revoke(call: Call, egress: boolean) {
  const { region, params, now, world } = call;
  const group = groupOf(call);
  const ids = params.texts('SecurityGroupRuleId');
  const wanted = readPermissions(params);
  if (ids.length > 0 && wanted.length > 0) {
    throw new AwsError('InvalidParameterCombination', 'Specify either rule IDs or IP permissions, not both.');
  }
  if (ids.length === 0 && wanted.length === 0) throw missing('ipPermissions');

  const all = standing(group, egress);
  const found = ids.map(id => {
    const rule = all.find(candidate => candidate.id === id);
    if (!rule) throw unknownRule(id);
    return rule;
  });
  const unknown: Permission[] = [];
  for (const permission of wanted) {
    const rule = all.find(candidate => ruleKey(candidate) === ruleKey(permission));
    if (rule) found.push(rule);
    else unknown.push(permission);
  }
  // The default VPC takes it in silence, any other one refuses (API reference of RevokeSecurityGroupIngress).
  if (unknown.length > 0 && region.vpcs.get(group.vpcId)?.isDefault !== true) {
    throw new AwsError(
      'InvalidPermission.NotFound',
      'The specified rule does not exist in this security group.',
    );
  }
  for (const rule of found) rule.seenUntil = now + world.lagMs;
  forgetRevoked(group, now);
  return {
    return: true,
    unknownIpPermissionSet: items(permissionItems(unknown, world.account)),
    revokedSecurityGroupRuleSet: items(
      found.map(rule => {
        const {
          tagSet: _tags,
          securityGroupRuleArn: _arn,
          groupOwnerId: _owner,
          ...item
        } = ruleItem(world, region.name, group, rule);
        return item;
      }),
    ),
  };
}

function modify(call: Call) {
  const { params } = call;
  const group = groupOf(call);
  const changes = params.list('SecurityGroupRule').map(change => ({
    rule: standingRule(standingRules(group), change.required('SecurityGroupRuleId')),
    permission: readRuleRequest(change.under('SecurityGroupRule')),
  }));
  if (changes.length === 0) throw missing('SecurityGroupRule');
  const changed = new Set(changes.map(change => change.rule.id));
  for (const egress of [false, true]) {
    const others = standing(group, egress).filter(rule => !changed.has(rule.id));
    const wanted = changes.filter(change => change.rule.egress === egress);
    checkNew(
      call,
      group,
      wanted.map(change => change.permission),
      others,
    );
  }
  for (const { rule, permission } of changes) {
    if (rule.peer.kind !== permission.peer.kind) {
      throw badValue('You may not change the type of the source of a rule.');
    }
    group.rules.set(rule.id, { ...rule, ...permission });
  }
  return { return: true };
}

function standingRule(all: GroupRule[], id: string): GroupRule {
  const rule = all.find(candidate => candidate.id === id);
  if (!rule) throw unknownRule(id);
  return rule;
}

function updateDescriptions(call: Call, egress: boolean) {
  const all = standing(groupOf(call), egress);
  const byId = call.params.list('SecurityGroupRuleDescription').map(params => {
    const description = params.text('Description') ?? '';
    checkDescription(description);
    return { rule: standingRule(all, params.required('SecurityGroupRuleId')), description };
  });
  const byPermission = readPermissions(call.params).map(permission => {
    const rule = all.find(candidate => ruleKey(candidate) === ruleKey(permission));
    if (!rule) {
      throw new AwsError(
        'InvalidPermission.NotFound',
        'The specified rule does not exist in this security group.',
      );
    }
    return { rule, description: permission.description ?? '' };
  });
  const changes = [...byId, ...byPermission];
  if (changes.length === 0) throw missing('ipPermissions');
  for (const { rule, description } of changes)
    rule.description = description === '' ? undefined : description;
  return { return: true };
}

function ruleItem(world: World, region: string, group: SecurityGroup, rule: GroupRule) {
  const { peer } = rule;
  return {
    securityGroupRuleId: rule.id,
    groupId: group.id,
    groupOwnerId: world.account,
    isEgress: rule.egress,
    ipProtocol: rule.protocol,
    fromPort: rule.fromPort,
    toPort: rule.toPort,
    cidrIpv4: peer.kind === 'ipv4' ? peer.cidr : undefined,
    cidrIpv6: peer.kind === 'ipv6' ? peer.cidr : undefined,
    prefixListId: peer.kind === 'list' ? peer.listId : undefined,
    referencedGroupInfo: peer.kind === 'group' ? { groupId: peer.groupId, userId: world.account } : undefined,
    description: rule.description,
    tagSet: tagSet(rule.tags),
    securityGroupRuleArn: `arn:${world.partition}:ec2:${region}:${world.account}:security-group-rule/${rule.id}`,
  };
}
