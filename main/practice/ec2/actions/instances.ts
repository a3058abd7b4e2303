/** Instances: list, start, stop, read the console. */
import { AwsError, missing } from '../errors.ts';
import { chosen, filtered, page } from '../filters.ts';
import { type Instance, instanceArn, instanceState } from '../world.ts';
import { items, tagSet } from '../xml.ts';
import {
  type Action,
  type Call,
  interfaceOf,
  interfacesOf,
  isoTime,
  reads,
  unknownInstance,
  writes,
} from './call.ts';
import { consoleText } from './consoleText.ts';
import {
  groupFilters,
  groupSet,
  interfaceItem,
  privateName,
  publicAddress,
  publicName,
} from './interfaces.ts';

export const instanceActions: Record<string, Action> = {
  DescribeInstances: reads(describe),
  DescribeInstanceStatus: reads(status),
  GetConsoleOutput: reads(consoleOutput),
  StartInstances: writes(call => setPower(call, 'running')),
  StopInstances: writes(call => setPower(call, 'stopped')),
  RebootInstances: writes(reboot),
  TerminateInstances: writes(terminate),
};

function found(call: Call): Instance[] {
  const { region, params, now } = call;
  const nic = (instance: Instance) => interfaceOf(region, instance);
  const all = (instance: Instance) => interfacesOf(region, instance);
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
    'key-name': instance => instance.keyName,
    'owner-id': () => call.world.account,
    'reservation-id': instance => `r-${instance.id.slice(2)}`,
    'dns-name': instance => publicName(call, instance),
    'private-dns-name': instance => privateName(region, nic(instance)),
    'network-interface.network-interface-id': instance => all(instance).map(each => each.id),
    'network-interface.subnet-id': instance => all(instance).map(each => each.subnetId),
    'network-interface.vpc-id': instance => all(instance).map(each => each.vpcId),
    'network-interface.addresses.private-ip-address': instance =>
      all(instance).map(each => each.privateAddress),
    'network-interface.addresses.association.public-ip': instance => publicAddress(call, instance),
    'network-interface.ipv6-addresses.ipv6-address': instance =>
      all(instance).flatMap(each => each.ipv6Addresses),
    ...groupFilters(region, all),
  });
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
    iamInstanceProfile:
      instance.profile === undefined
        ? undefined
        : {
            arn: `arn:${call.world.partition}:iam::${call.world.account}:instance-profile/${instance.profile}`,
            id: `AIPA${instance.id.slice(2).toUpperCase()}`,
          },
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
    groupSet: groupSet(region, nic, now),
    architecture: 'x86_64',
    rootDeviceType: 'ebs',
    rootDeviceName: windows ? '/dev/sda1' : '/dev/xvda',
    blockDeviceMapping: '',
    virtualizationType: 'hvm',
    tagSet: tagSet(instance.tags),
    hypervisor: 'xen',
    networkInterfaceSet: items(
      interfacesOf(region, instance).map(each => interfaceItem(call, each, instance)),
    ),
    ebsOptimized: false,
    enaSupport: true,
    platformDetails: windows ? 'Windows' : 'Linux/UNIX',
    usageOperation: windows ? 'RunInstances:0002' : 'RunInstances',
  };
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

function consoleOutput(call: Call) {
  const { world, region, params, now } = call;
  const id = params.required('InstanceId');
  const instance = region.instances.get(id);
  if (!instance) throw unknownInstance(id);
  const text = consoleText(instance, call.hostKeys(instanceArn(world, region, instance)));
  return { instanceId: id, timestamp: isoTime(now), output: Buffer.from(text).toString('base64') };
}

/** Nobody sees it happen: it runs before and after. Throws IncorrectState unless it runs. */
function reboot({ region, params, now }: Call) {
  const ids = params.texts('InstanceId');
  if (ids.length === 0) throw missing('InstanceId');
  for (const instance of chosen(region.instances, ids, unknownInstance)) {
    if (instanceState(instance, now).name === 'running') continue;
    throw new AwsError('IncorrectState', `Instance '${instance.id}' is not in a state to be rebooted.`);
  }
  return { return: true };
}

/** For good: its interfaces go with it, and it stays listed as terminated. */
function terminate({ region, params, now }: Call) {
  const ids = params.texts('InstanceId');
  if (ids.length === 0) throw missing('InstanceId');
  return {
    instancesSet: items(
      chosen(region.instances, ids, unknownInstance).map(instance => {
        const previousState = instanceState(instance, now);
        instance.terminatedAt ??= now;
        for (const id of [instance.interfaceId, ...(instance.moreInterfaceIds ?? [])])
          region.interfaces.delete(id);
        instance.moreInterfaceIds = [];
        return { instanceId: instance.id, currentState: instanceState(instance, now), previousState };
      }),
    ),
  };
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
