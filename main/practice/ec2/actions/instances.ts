/** Instances and interfaces: list, start, stop, read the console. */
import { AwsError, missing } from '../errors.ts';
import { chosen, filtered, page } from '../filters.ts';
import { type Instance, instanceArn, instanceState, type NetworkInterface, type Region } from '../world.ts';
import { items, tagSet } from '../xml.ts';
import {
  type Action,
  type Call,
  interfaceOf,
  isoTime,
  reads,
  unknownInstance,
  unknownInterface,
  writes,
} from './call.ts';
import { consoleText } from './consoleText.ts';

export const instanceActions: Record<string, Action> = {
  DescribeInstances: reads(describe),
  DescribeInstanceStatus: reads(status),
  DescribeNetworkInterfaces: reads(describeInterfaces),
  GetConsoleOutput: reads(consoleOutput),
  StartInstances: writes(call => setPower(call, 'running')),
  StopInstances: writes(call => setPower(call, 'stopped')),
};

function found(call: Call): Instance[] {
  const { region, params, now } = call;
  const nic = (instance: Instance) => interfaceOf(region, instance);
  return filtered(chosen(region.instances, params.texts('InstanceId'), unknownInstance), params, {
    'instance-id': instance => instance.id,
    'instance-state-name': instance => instanceState(instance, now).name,
    'instance-state-code': instance => String(instanceState(instance, now).code),
    'instance-type': instance => instance.type,
    'image-id': instance => instance.imageId,
    'availability-zone': instance => instance.zone,
    platform: instance => (instance.os === 'windows' ? 'windows' : undefined),
    'vpc-id': instance => nic(instance).vpcId,
    'subnet-id': instance => nic(instance).subnetId,
    'ip-address': instance => publicAddress(call, instance),
    'private-ip-address': instance => nic(instance).privateAddress,
    'network-interface.network-interface-id': instance => instance.interfaceId,
    ...groupFilters(region, nic),
  });
}

function groupFilters<T>(region: Region, nic: (thing: T) => NetworkInterface) {
  const ids = (thing: T) => nic(thing).groupIds;
  const names = (thing: T) => ids(thing).map(id => region.groups.get(id)?.name);
  return {
    'instance.group-id': ids,
    'instance.group-name': names,
    'network-interface.group-id': ids,
    'group-id': ids,
    'group-name': names,
  };
}

function describe(call: Call) {
  const { params, world } = call;
  if (params.has('InstanceId') && params.has('MaxResults')) {
    throw new AwsError(
      'InvalidParameterCombination',
      'The parameter instancesSet cannot be used with the parameter maxResults',
    );
  }
  const { page: instances, nextToken } = page(found(call), params);
  return {
    reservationSet: items(
      instances.map(instance => ({
        reservationId: `r-${instance.id.slice(2)}`,
        ownerId: world.account,
        groupSet: '',
        instancesSet: items([instanceItem(call, instance)]),
      })),
    ),
    nextToken,
  };
}

function instanceItem(call: Call, instance: Instance) {
  const { region, now } = call;
  const nic = interfaceOf(region, instance);
  const windows = instance.os === 'windows';
  return {
    instanceId: instance.id,
    imageId: instance.imageId,
    instanceState: instanceState(instance, now),
    privateDnsName: privateName(region, nic),
    dnsName: publicName(call, instance),
    reason: '',
    keyName: instance.keyName,
    amiLaunchIndex: 0,
    productCodes: '',
    instanceType: instance.type,
    launchTime: isoTime(instance.launchedAt),
    placement: { availabilityZone: instance.zone, groupName: '', tenancy: 'default' },
    platform: windows ? 'windows' : undefined,
    monitoring: { state: 'disabled' },
    subnetId: nic.subnetId,
    vpcId: nic.vpcId,
    privateIpAddress: nic.privateAddress,
    ipAddress: publicAddress(call, instance),
    ipv6Address: nic.ipv6Addresses[0],
    sourceDestCheck: true,
    groupSet: groupSet(region, nic),
    architecture: 'x86_64',
    rootDeviceType: 'ebs',
    rootDeviceName: windows ? '/dev/sda1' : '/dev/xvda',
    blockDeviceMapping: '',
    virtualizationType: 'hvm',
    tagSet: tagSet(instance.tags),
    hypervisor: 'xen',
    networkInterfaceSet: items([interfaceItem(call, nic, instance)]),
    ebsOptimized: false,
    enaSupport: true,
    platformDetails: windows ? 'Windows' : 'Linux/UNIX',
    usageOperation: windows ? 'RunInstances:0002' : 'RunInstances',
  };
}

/** The part that DescribeInstances and DescribeNetworkInterfaces have in common. */
function interfaceItem(call: Call, nic: NetworkInterface, instance: Instance) {
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
    groupSet: groupSet(region, nic),
    attachment: {
      attachmentId: `eni-attach-${nic.id.slice(4)}`,
      deviceIndex: 0,
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

function groupSet(region: Region, nic: NetworkInterface): unknown {
  return items(nic.groupIds.map(groupId => ({ groupId, groupName: region.groups.get(groupId)?.name })));
}

/** A stopped instance has none. */
function publicAddress({ region, now }: Call, instance: Instance): string | undefined {
  const running = instanceState(instance, now).name !== 'stopped';
  return running ? interfaceOf(region, instance).publicAddress : undefined;
}

function publicName(call: Call, instance: Instance): string {
  const address = publicAddress(call, instance);
  if (address === undefined) return '';
  return `ec2-${address.replaceAll('.', '-')}.${call.region.name}.compute.amazonaws.com`;
}

function privateName(region: Region, nic: NetworkInterface): string {
  if (nic.privateAddress === undefined) return `i-${nic.instanceId.slice(2)}.${region.name}.compute.internal`;
  return `ip-${nic.privateAddress.replaceAll('.', '-')}.${region.name}.compute.internal`;
}

function status(call: Call) {
  const { params, now } = call;
  const all = params.flag('IncludeAllInstances');
  const shown = found(call).filter(instance => all || instanceState(instance, now).name === 'running');
  const { page: instances, nextToken } = page(shown, params);
  return {
    instanceStatusSet: items(
      instances.map(instance => {
        const state = instanceState(instance, now);
        const health = { status: state.name === 'running' ? 'ok' : 'not-applicable' };
        return {
          instanceId: instance.id,
          availabilityZone: instance.zone,
          instanceState: state,
          systemStatus: health,
          instanceStatus: health,
        };
      }),
    ),
    nextToken,
  };
}

function describeInterfaces(call: Call) {
  const { region, params, world } = call;
  const all = chosen(region.interfaces, params.texts('NetworkInterfaceId'), unknownInterface);
  const matching = filtered(all, params, {
    ...groupFilters(region, (nic: NetworkInterface) => nic),
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

function consoleOutput(call: Call) {
  const { world, region, params, now } = call;
  const id = params.required('InstanceId');
  const instance = region.instances.get(id);
  if (!instance) throw unknownInstance(id);
  const text = consoleText(instance, call.hostKeys(instanceArn(world, region, instance)));
  return { instanceId: id, timestamp: isoTime(now), output: Buffer.from(text).toString('base64') };
}

function setPower({ world, region, params, now }: Call, goal: 'running' | 'stopped') {
  const ids = params.texts('InstanceId');
  if (ids.length === 0) throw missing('InstanceId');
  const changes = chosen(region.instances, ids, unknownInstance).map(instance => {
    const previousState = instanceState(instance, now);
    if (instance.power.goal !== goal) {
      if (now < instance.power.at) {
        throw new AwsError(
          'IncorrectInstanceState',
          `The instance '${instance.id}' is not in a state from which it can be ${goal === 'running' ? 'started' : 'stopped'}.`,
        );
      }
    }
    return { instance, previousState };
  });
  return {
    instancesSet: items(
      changes.map(({ instance, previousState }) => {
        if (instance.power.goal !== goal) instance.power = { goal, at: now + world.powerMs };
        return { instanceId: instance.id, currentState: instanceState(instance, now), previousState };
      }),
    ),
  };
}
