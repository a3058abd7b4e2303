/** Where security groups can be used: from other VPCs, and on the interfaces of a VPC. */
import { notFound } from '../errors.ts';
import { chosen, filtered, page } from '../filters.ts';
import { items, tagSet } from '../xml.ts';
import { type Action, type Call, reads, unknownGroup } from './call.ts';

export const groupUseActions: Record<string, Action> = {
  DescribeSecurityGroupReferences: reads(references),
  GetSecurityGroupsForVpc: reads(forVpc),
};

/** AWS tells of groups in VPCs that are peers, and no VPC here has one. */
function references({ region, params }: Call) {
  chosen(region.groups, params.texts('GroupId'), unknownGroup);
  return { securityGroupReferenceSet: '' };
}

function forVpc({ region, params, world }: Call) {
  const vpcId = params.required('VpcId');
  if (!region.vpcs.has(vpcId)) throw notFound('InvalidVpcID', 'vpc ID', vpcId);
  const here = [...region.groups.values()].filter(group => group.vpcId === vpcId);
  const found = filtered(here, params, {
    'group-id': group => group.id,
    'group-name': group => group.name,
    description: group => group.description,
    'owner-id': () => world.account,
    'primary-vpc-id': group => group.vpcId,
  });
  const { page: shown, nextToken } = page(found, params);
  return {
    securityGroupForVpcSet: items(
      shown.map(group => ({
        groupId: group.id,
        groupName: group.name,
        description: group.description,
        ownerId: world.account,
        primaryVpcId: vpcId,
        tagSet: tagSet(group.tags),
      })),
    ),
    nextToken,
  };
}
