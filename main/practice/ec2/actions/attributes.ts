/** One attribute of an instance at a time, as DescribeInstanceAttribute tells it. */
import { badValue } from '../errors.ts';
import { items } from '../xml.ts';
import { type Action, type Call, interfaceOf, reads, unknownInstance } from './call.ts';
import { groupSet } from './interfaces.ts';

export const attributeActions: Record<string, Action> = { DescribeInstanceAttribute: reads(describe) };

function describe(call: Call) {
  const { region, params } = call;
  const id = params.required('InstanceId');
  const instance = region.instances.get(id);
  if (!instance) throw unknownInstance(id);
  const attribute = params.required('Attribute');
  const told: Record<string, unknown> = {
    groupSet: groupSet(region, interfaceOf(region, instance), call.now),
    instanceType: { value: instance.type },
    disableApiTermination: { value: false },
    disableApiStop: { value: false },
    ebsOptimized: { value: false },
    enaSupport: { value: true },
    sourceDestCheck: { value: true },
    instanceInitiatedShutdownBehavior: { value: 'stop' },
    rootDeviceName: { value: instance.os === 'windows' ? '/dev/sda1' : '/dev/xvda' },
    userData: '',
    blockDeviceMapping: items([]),
    productCodes: items([]),
  };
  if (!Object.hasOwn(told, attribute)) throw badValue(`Value (${attribute}) for attribute is invalid.`);
  return { instanceId: id, [attribute]: told[attribute] };
}
