/** What an EC2 request asked, as CloudTrail logs it: names in camelCase, lists as `{ items: […] }`. */
import type { Params } from '../query.ts';

/** The parameters of the actions that change something. */
export function requestParameters(params: Params): Record<string, unknown> {
  const text = (key: string, name: string) => {
    const value = params.text(name);
    return value === undefined ? {} : { [key]: value };
  };
  const items = (key: string, list: unknown[]) => (list.length === 0 ? {} : { [key]: { items: list } });
  return {
    ...(params.has('SecurityGroupRule') ? {} : text('groupId', 'GroupId')),
    ...text('groupName', 'GroupName'),
    ...text('vpcId', 'VpcId'),
    ...text('networkInterfaceId', 'NetworkInterfaceId'),
    ...items('ipPermissions', params.list('IpPermissions').map(permission)),
    ...items(
      'securityGroupRuleIds',
      params.texts('SecurityGroupRuleId').map(securityGroupRuleId => ({ securityGroupRuleId })),
    ),
    ...items(
      'groupSet',
      params.texts('SecurityGroupId').map(groupId => ({ groupId })),
    ),
    ...items(
      'resourcesSet',
      params.texts('ResourceId').map(resourceId => ({ resourceId })),
    ),
    ...items('tagSpecificationSet', params.list('TagSpecification').map(specification)),
    ...changedRules(params),
    ...items(
      'tagSet',
      params.list('Tag').map(tag => ({ key: tag.text('Key'), value: tag.text('Value') })),
    ),
  };
}

function specification(one: Params): object {
  const tags = one.list('Tag').map(tag => ({ key: tag.text('Key'), value: tag.text('Value') }));
  return { resourceType: one.text('ResourceType'), tags };
}

/** ModifySecurityGroupRules is of the newer kind, which EC2 logs as it was sent. */
function changedRules(params: Params): Record<string, unknown> {
  const changes = params.list('SecurityGroupRule');
  if (changes.length === 0) return {};
  const SecurityGroupRule = changes.map((change, index) => {
    const rule = change.under('SecurityGroupRule');
    const fields = ['IpProtocol', 'FromPort', 'ToPort', 'CidrIpv4', 'CidrIpv6', 'Description'];
    const told = fields.flatMap(field => (rule.has(field) ? [[field, rule.text(field)]] : []));
    const SecurityGroupRuleId = change.text('SecurityGroupRuleId');
    return { tag: index + 1, SecurityGroupRuleId, SecurityGroupRule: Object.fromEntries(told) };
  });
  return { ModifySecurityGroupRulesRequest: { GroupId: params.text('GroupId'), SecurityGroupRule } };
}

function permission(one: Params): object {
  const ranges = (list: Params[], key: string, name: string) => ({
    items: list.map(range => ({ [key]: range.text(name), description: range.text('Description') })),
  });
  return {
    ipProtocol: one.text('IpProtocol'),
    fromPort: one.int('FromPort'),
    toPort: one.int('ToPort'),
    groups: {},
    ipRanges: ranges(one.list('IpRanges'), 'cidrIp', 'CidrIp'),
    ipv6Ranges: ranges(one.list('Ipv6Ranges'), 'cidrIpv6', 'CidrIpv6'),
    prefixListIds: {},
  };
}
