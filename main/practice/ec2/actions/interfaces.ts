/** Network interfaces: as their own list, and as the part of an instance. */
import { badValue } from '../errors.ts';
import { chosen, filtered, page } from '../filters.ts';
import {
  type Instance,
  instanceState,
  type NetworkInterface,
  type Region,
  seenGroups,
  type World,
} from '../world.ts';
import { items, tagSet } from '../xml.ts';
import { type Action, type Call, interfaceOf, isoTime, reads, unknownInterface } from './call.ts';

export const interfaceActions: Record<string, Action> = {
  DescribeNetworkInterfaces: reads(describeInterfaces),
  DescribeNetworkInterfaceAttribute: reads(interfaceAttribute),
};

function describeInterfaces(call: Call) {
  const { region, params, world } = call;
  const all = chosen(region.interfaces, params.texts('NetworkInterfaceId'), unknownInterface);
  const shown = (nic: NetworkInterface) => {
    const instance = region.instances.get(nic.instanceId);
    return instance && publicOf(call, nic, instance);
  };
  const matching = filtered(all, params, {
    ...groupFilters(region, (nic: NetworkInterface) => [nic]),
    'network-interface-id': nic => nic.id,
    'attachment.instance-id': nic => nic.instanceId,
    'attachment.instance-owner-id': () => world.account,
    'attachment.status': () => 'attached',
    'attachment.device-index': nic => {
      const instance = region.instances.get(nic.instanceId);
      return instance && String(deviceIndex(nic, instance));
    },
    'subnet-id': nic => nic.subnetId,
    'vpc-id': nic => nic.vpcId,
    'availability-zone': nic => region.instances.get(nic.instanceId)?.zone,
    'private-ip-address': nic => nic.privateAddress,
    'addresses.private-ip-address': nic => nic.privateAddress,
    'private-dns-name': nic => privateName(region, nic),
    'ipv6-addresses.ipv6-address': nic => nic.ipv6Addresses,
    'association.public-ip': shown,
    'addresses.association.public-ip': shown,
    'association.allocation-id': nic => nic.elasticId,
    'association.ip-owner-id': nic => shown(nic) && addressOwner(world, nic),
    'mac-address': nic => nic.mac,
    'owner-id': () => world.account,
    'interface-type': typeOf,
    description: () => '',
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
          requesterManaged: nic.isTrunk === true,
          attachment: { ...attachment, instanceId: instance.id, instanceOwnerId: world.account },
          tagSet: tagSet(nic.tags),
        };
      }),
    ),
    nextToken,
  };
}

/** What DescribeNetworkInterfaceAttribute tells of one attribute. Throws InvalidParameterValue for one there is not. */
function interfaceAttribute(call: Call) {
  const { region, params, world } = call;
  const id = params.required('NetworkInterfaceId');
  const nic = region.interfaces.get(id);
  const instance = region.instances.get(nic?.instanceId ?? '');
  if (!nic || !instance) throw unknownInterface(id);
  const { attachment } = interfaceItem(call, nic, instance);
  const attribute = params.required('Attribute');
  const told: Record<string, unknown> = {
    groupSet: groupSet(region, nic, call.now),
    description: { value: '' },
    sourceDestCheck: { value: true },
    attachment: { ...attachment, instanceId: instance.id, instanceOwnerId: world.account },
  };
  if (!Object.hasOwn(told, attribute)) throw badValue(`Value (${attribute}) for attribute is invalid.`);
  return { networkInterfaceId: id, [attribute]: told[attribute] };
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
  const publicIp = publicOf(call, nic, instance);
  const association =
    publicIp === undefined
      ? undefined
      : {
          publicIp,
          publicDnsName: nameOf(region, publicIp),
          ipOwnerId: addressOwner(world, nic),
          ...elasticIds(nic),
        };
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
    interfaceType: typeOf(nic),
    groupSet: groupSet(region, nic, call.now),
    attachment: {
      attachmentId: `eni-attach-${nic.id.slice(4)}`,
      deviceIndex: deviceIndex(nic, instance),
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

const typeOf = ({ isTrunk }: NetworkInterface) => (isTrunk ? 'trunk' : 'interface');

function deviceIndex(nic: NetworkInterface, instance: Instance): number {
  return 1 + (instance.moreInterfaceIds ?? []).indexOf(nic.id);
}

/** Ids of an elastic address, which all follow from that of its allocation. */
export function elasticIds({ elasticId }: NetworkInterface) {
  if (elasticId === undefined) return {};
  return { allocationId: elasticId, associationId: elasticId.replace('eipalloc', 'eipassoc') };
}

/** Whose a public address is: the account's if elastic, else Amazon's. */
function addressOwner(world: World, nic: NetworkInterface): string {
  return nic.elasticId === undefined ? 'amazon' : world.account;
}

/** The public address of an interface. A stopped instance has only elastic ones. */
function publicOf({ now }: Call, nic: NetworkInterface, instance: Instance): string | undefined {
  const running = instanceState(instance, now).name !== 'stopped';
  return running || nic.elasticId !== undefined ? nic.publicAddress : undefined;
}

/** The public address of an instance: its first interface's. */
export function publicAddress(call: Call, instance: Instance): string | undefined {
  return publicOf(call, interfaceOf(call.region, instance), instance);
}

export function publicName(call: Call, instance: Instance): string {
  const address = publicAddress(call, instance);
  return address === undefined ? '' : nameOf(call.region, address);
}

function nameOf(region: Region, address: string): string {
  return `ec2-${address.replaceAll('.', '-')}.${region.name}.compute.amazonaws.com`;
}

export function privateName(region: Region, nic: NetworkInterface): string {
  if (nic.privateAddress === undefined) return `i-${nic.instanceId.slice(2)}.${region.name}.compute.internal`;
  return `ip-${nic.privateAddress.replaceAll('.', '-')}.${region.name}.compute.internal`;
}
