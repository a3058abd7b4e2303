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
    ...text('groupId', 'GroupId'),
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
    ...items(
      'tagSet',
      params.list('Tag').map(tag => ({ key: tag.text('Key'), value: tag.text('Value') })),
    ),
  };
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
