/** Network interfaces: as their own list, and as the part of an instance. */
import { chosen, filtered, page } from '../filters.ts';
import { type Instance, instanceState, type NetworkInterface, type Region, seenGroups } from '../world.ts';
import { items, tagSet } from '../xml.ts';
import { type Action, type Call, interfaceOf, isoTime, reads, unknownInterface } from './call.ts';

export const interfaceActions: Record<string, Action> = {
  DescribeNetworkInterfaces: reads(describeInterfaces),
};

function describeInterfaces(call: Call) {
  const { region, params, world } = call;
  const all = chosen(region.interfaces, params.texts('NetworkInterfaceId'), unknownInterface);
  const matching = filtered(all, params, {
    ...groupFilters(region, (nic: NetworkInterface) => [nic]),
    'network-interface-id': nic => nic.id,
    'attachment.instance-id': nic => nic.instanceId,
    'subnet-id': nic => nic.subnetId,
    'vpc-id': nic => nic.vpcId,
    'private-ip-address': nic => nic.privateAddress,
    'association.public-ip': nic => {
      const instance = region.instances.get(nic.instanceId);
      return instance && publicAddress(call, instance);
    },
    status: () => 'in-use',
  });
  const { page: interfaces, nextToken } = page(matching, params);
  return {
    networkInterfaceSet: items(
      interfaces.flatMap(nic => {
        const instance = region.instances.get(nic.instanceId);
        if (!instance) return [];
        const { attachment, ...item } = interfaceItem(call, nic, instance);
        return {
          ...item,
          availabilityZone: instance.zone,
          requesterManaged: false,
          attachment: { ...attachment, instanceId: instance.id, instanceOwnerId: world.account },
          tagSet: tagSet(nic.tags),
        };
      }),
    ),
    nextToken,
  };
}

/** Filters by the groups of a thing's interfaces. */
export function groupFilters<T>(region: Region, nics: (thing: T) => NetworkInterface[]) {
  const ids = (thing: T) => nics(thing).flatMap(nic => nic.groupIds);
  const names = (thing: T) => ids(thing).map(id => region.groups.get(id)?.name);
  return {
    'instance.group-id': ids,
    'instance.group-name': names,
    'network-interface.group-id': ids,
    'group-id': ids,
    'group-name': names,
  };
}

/** The part that DescribeInstances and DescribeNetworkInterfaces have in common. */
export function interfaceItem(call: Call, nic: NetworkInterface, instance: Instance) {
  const { world, region } = call;
  const publicIp = publicAddress(call, instance);
  const association =
    publicIp === undefined
      ? undefined
      : { publicIp, publicDnsName: publicName(call, instance), ipOwnerId: 'amazon' };
  const address = {
    privateIpAddress: nic.privateAddress,
    privateDnsName: privateName(region, nic),
    primary: true,
    association,
  };
  return {
    networkInterfaceId: nic.id,
    subnetId: nic.subnetId,
    vpcId: nic.vpcId,
    description: '',
    ownerId: world.account,
    status: 'in-use',
    macAddress: nic.mac,
    privateIpAddress: nic.privateAddress,
    privateDnsName: privateName(region, nic),
    sourceDestCheck: true,
    interfaceType: 'interface',
    groupSet: groupSet(region, nic, call.now),
    attachment: {
      attachmentId: `eni-attach-${nic.id.slice(4)}`,
      deviceIndex: 1 + (instance.moreInterfaceIds ?? []).indexOf(nic.id),
      networkCardIndex: 0,
      status: 'attached',
      attachTime: isoTime(instance.launchedAt),
      deleteOnTermination: true,
    },
    association,
    privateIpAddressesSet: items(nic.privateAddress === undefined ? [] : [address]),
    ipv6AddressesSet: items(nic.ipv6Addresses.map(ipv6Address => ({ ipv6Address, isPrimaryIpv6: false }))),
  };
}

export function groupSet(region: Region, nic: NetworkInterface, now: number): unknown {
  return items(
    seenGroups(nic, now).map(groupId => ({ groupId, groupName: region.groups.get(groupId)?.name })),
  );
}

/** A stopped instance has none. */
export function publicAddress({ region, now }: Call, instance: Instance): string | undefined {
  const running = instanceState(instance, now).name !== 'stopped';
  return running ? interfaceOf(region, instance).publicAddress : undefined;
}

export function publicName(call: Call, instance: Instance): string {
  const address = publicAddress(call, instance);
  if (address === undefined) return '';
  return `ec2-${address.replaceAll('.', '-')}.${call.region.name}.compute.amazonaws.com`;
}

export function privateName(region: Region, nic: NetworkInterface): string {
  if (nic.privateAddress === undefined) return `i-${nic.instanceId.slice(2)}.${region.name}.compute.internal`;
  return `ip-${nic.privateAddress.replaceAll('.', '-')}.${region.name}.compute.internal`;
}
