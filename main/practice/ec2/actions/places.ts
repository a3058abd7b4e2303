/** Regions, zones and networks. */
import { AwsError, notFound } from '../errors.ts';
import { chosen, filtered, page } from '../filters.ts';
import type { NetworkAcl } from '../world.ts';
import { items, tagSet } from '../xml.ts';
import { type Action, type Call, reads, unknownList } from './call.ts';

export const placeActions: Record<string, Action> = {
  DescribeRegions: reads(regions),
  DescribeAvailabilityZones: reads(zones),
  DescribeVpcs: reads(vpcs),
  DescribeSubnets: reads(subnets),
  DescribeNetworkAcls: reads(acls),
  DescribeManagedPrefixLists: reads(prefixLists),
  GetManagedPrefixListEntries: reads(prefixListEntries),
  DescribeInstanceConnectEndpoints: reads(connectEndpoints),
};

const noTags = new Map<string, string>();

function regions({ world, params }: Call) {
  const endpointOf = (id: string) =>
    `ec2.${id}.${world.partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
  const optIn = (name: string) => (world.offRegions.has(name) ? 'not-opted-in' : 'opt-in-not-required');
  const known = [...world.regions.keys()].map(id => ({ id, tags: noTags }));
  const all = params.flag('AllRegions') ? known : known.filter(({ id }) => !world.offRegions.has(id));
  const names = params.texts('RegionName');
  const unknown = names.find(name => !world.regions.has(name));
  if (unknown !== undefined) {
    throw new AwsError('InvalidParameterValue', `Invalid region name '${unknown}'`);
  }
  const wanted = names.length === 0 ? all : known.filter(region => names.includes(region.id));
  const found = filtered(wanted, params, {
    'region-name': region => region.id,
    'opt-in-status': region => optIn(region.id),
    endpoint: region => endpointOf(region.id),
  });
  return {
    regionInfo: items(
      found.map(({ id }) => ({
        regionName: id,
        regionEndpoint: endpointOf(id),
        optInStatus: optIn(id),
      })),
    ),
  };
}

function zones({ region, params }: Call) {
  const names = new Set([...region.subnets.values()].map(subnet => subnet.zone));
  const all = [...names].map(id => ({ id, tags: noTags }));
  const wanted = params.texts('ZoneName');
  const found = filtered(
    all.filter(zone => wanted.length === 0 || wanted.includes(zone.id)),
    params,
    { 'zone-name': zone => zone.id, 'region-name': () => region.name, state: () => 'available' },
  );
  return {
    availabilityZoneInfo: items(
      found.map(({ id }, index) => ({
        zoneName: id,
        zoneId: `${region.name.replace(/[^a-z0-9]/g, '')}-az${index + 1}`,
        zoneState: 'available',
        zoneType: 'availability-zone',
        regionName: region.name,
        groupName: region.name,
        optInStatus: 'opt-in-not-required',
        messageSet: '',
      })),
    ),
  };
}

function vpcs({ region, params, world }: Call) {
  const all = chosen(region.vpcs, params.texts('VpcId'), id => notFound('InvalidVpcID', 'vpc ID', id));
  const found = filtered(all, params, {
    'vpc-id': vpc => vpc.id,
    cidr: vpc => vpc.cidr,
    'cidr-block-association.cidr-block': vpc => vpc.cidr,
    'is-default': vpc => String(vpc.isDefault),
    'owner-id': () => world.account,
    state: () => 'available',
  });
  const { page: shown, nextToken } = page(found, params);
  return {
    vpcSet: items(
      shown.map(vpc => ({
        vpcId: vpc.id,
        ownerId: world.account,
        state: 'available',
        cidrBlock: vpc.cidr,
        dhcpOptionsId: 'dopt-0',
        instanceTenancy: 'default',
        isDefault: vpc.isDefault,
        tagSet: tagSet(vpc.tags),
      })),
    ),
    nextToken,
  };
}

function subnets({ region, params, world }: Call) {
  const all = chosen(region.subnets, params.texts('SubnetId'), id =>
    notFound('InvalidSubnetID', 'subnet ID', id),
  );
  const found = filtered(all, params, {
    'subnet-id': subnet => subnet.id,
    'vpc-id': subnet => subnet.vpcId,
    'cidr-block': subnet => subnet.cidr,
    'ipv6-cidr-block-association.ipv6-cidr-block': subnet => subnet.ipv6Cidr,
    'ipv6-native': subnet => String(subnet.cidr === undefined),
    'map-public-ip-on-launch': () => 'true',
    'availability-zone': subnet => subnet.zone,
    'owner-id': () => world.account,
    state: () => 'available',
  });
  const { page: shown, nextToken } = page(found, params);
  return {
    subnetSet: items(
      shown.map(subnet => ({
        subnetId: subnet.id,
        vpcId: subnet.vpcId,
        ownerId: world.account,
        state: 'available',
        cidrBlock: subnet.cidr,
        ipv6CidrBlockAssociationSet: items(
          subnet.ipv6Cidr === undefined
            ? []
            : [{ ipv6CidrBlock: subnet.ipv6Cidr, ipv6CidrBlockState: { state: 'associated' } }],
        ),
        ipv6Native: subnet.cidr === undefined,
        availabilityZone: subnet.zone,
        mapPublicIpOnLaunch: true,
        tagSet: tagSet(subnet.tags),
      })),
    ),
    nextToken,
  };
}

function prefixLists({ region, params, world }: Call) {
  const all = chosen(region.prefixLists, params.texts('PrefixListId'), unknownList);
  const found = filtered(all, params, {
    'prefix-list-id': list => list.id,
    'prefix-list-name': list => list.name,
  });
  const { page: shown, nextToken } = page(found, params, 1);
  return {
    prefixListSet: items(
      shown.map(({ id, name, maxEntries, tags }) => ({
        prefixListId: id,
        prefixListName: name,
        addressFamily: 'IPv4',
        maxEntries,
        state: 'create-complete',
        ownerId: world.account,
        tagSet: tagSet(tags),
      })),
    ),
    nextToken,
  };
}

function prefixListEntries({ region, params }: Call) {
  const id = params.required('PrefixListId');
  const list = region.prefixLists.get(id);
  if (!list) throw unknownList(id);
  return { entrySet: items(list.cidrs.map(cidr => ({ cidr }))) };
}

function acls({ region, params, world }: Call) {
  const all = chosen(region.acls, params.texts('NetworkAclId'), id =>
    notFound('InvalidNetworkAclID', 'networkAcl ID', id),
  );
  const found = filtered(all, params, {
    'network-acl-id': acl => acl.id,
    'vpc-id': acl => acl.vpcId,
    'association.subnet-id': acl => acl.subnetIds,
    default: acl => String(acl.isDefault),
    'entry.cidr': acl => acl.entries.map(({ cidr }) => (cidr.includes(':') ? undefined : cidr)),
    'entry.ipv6-cidr': acl => acl.entries.map(({ cidr }) => (cidr.includes(':') ? cidr : undefined)),
    'entry.egress': acl => acl.entries.map(({ egress }) => String(egress)),
    'entry.protocol': acl => acl.entries.map(({ protocol }) => protocol),
    'entry.rule-action': acl => acl.entries.map(({ allow }) => (allow ? 'allow' : 'deny')),
    'entry.rule-number': acl => acl.entries.map(entry => String(entry.number)),
    'owner-id': () => world.account,
  });
  const { page: shown, nextToken } = page(found, params);
  return { networkAclSet: items(shown.map(acl => aclItem(acl, world.account))), nextToken };
}

function aclItem(acl: NetworkAcl, account: string) {
  return {
    networkAclId: acl.id,
    vpcId: acl.vpcId,
    ownerId: account,
    default: acl.isDefault,
    entrySet: items(
      acl.entries.map(entry => ({
        ruleNumber: entry.number,
        protocol: entry.protocol,
        ruleAction: entry.allow ? 'allow' : 'deny',
        egress: entry.egress,
        cidrBlock: entry.cidr.includes(':') ? undefined : entry.cidr,
        ipv6CidrBlock: entry.cidr.includes(':') ? entry.cidr : undefined,
        portRange: entry.ports,
      })),
    ),
    associationSet: items(
      acl.subnetIds.map(subnetId => ({
        networkAclAssociationId: `aclassoc-${subnetId.slice(7)}`,
        networkAclId: acl.id,
        subnetId,
      })),
    ),
    tagSet: tagSet(acl.tags),
  };
}

function connectEndpoints({ region, params, world }: Call) {
  const all = chosen(region.connectEndpoints, params.texts('InstanceConnectEndpointId'), id =>
    notFound('InvalidInstanceConnectEndpointId', 'instance connect endpoint ID', id),
  );
  const found = filtered(all, params, {
    'instance-connect-endpoint-id': endpoint => endpoint.id,
    'vpc-id': endpoint => endpoint.vpcId,
    'subnet-id': endpoint => endpoint.subnetId,
    state: () => 'create-complete',
  });
  const { page: shown, nextToken } = page(found, params);
  return {
    instanceConnectEndpointSet: items(
      shown.map(({ id, vpcId, subnetId }) => ({
        ownerId: world.account,
        instanceConnectEndpointId: id,
        instanceConnectEndpointArn: `arn:${world.partition}:ec2:${region.name}:${world.account}:instance-connect-endpoint/${id}`,
        state: 'create-complete',
        vpcId,
        subnetId,
        preserveClientIp: false,
      })),
    ),
    nextToken,
  };
}
