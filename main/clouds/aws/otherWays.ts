/**
 * Ways to a VM that need no open port and no public address: an EC2 Instance Connect Endpoint in its VPC, and Session
 * Manager (reference 8.3). Latchkey goes neither: it says that they are there, and how one goes them.
 */
import type { Instance } from '@aws-sdk/client-ec2';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { OtherWay } from '../cloud.ts';
import type { Connection } from './connection.ts';
import { readInstance } from './instances.ts';
import { instanceRef } from './names.ts';

/** Empty for a VM that has a public address. What may not be looked at is left out: these are hints. */
export async function otherWays(aws: Connection, vm: Vm, signal?: AbortSignal): Promise<OtherWay[]> {
  if (vm.interfaces.some(nic => nic.publicAddresses.length > 0)) return [];
  const instance = await readInstance(aws, vm.id, signal);
  if (!instance) return [];
  const endpoint = await endpointOf(aws, vm, instance, signal);
  return [...(endpoint === undefined ? [] : [byEndpoint(vm, endpoint)]), ...bySessionManager(vm, instance)];
}

async function endpointOf(
  aws: Connection,
  vm: Vm,
  { VpcId }: Instance,
  signal?: AbortSignal,
): Promise<string | undefined> {
  if (VpcId === undefined) return undefined;
  const Filters = [
    { Name: 'vpc-id', Values: [VpcId] },
    { Name: 'state', Values: ['create-complete'] },
  ];
  try {
    const answer = await aws.ec2(
      instanceRef(vm.id).region,
      'DescribeInstanceConnectEndpoints',
      (ec2, options) => ec2.describeInstanceConnectEndpoints({ Filters }, options),
      signal,
    );
    return answer.InstanceConnectEndpoints?.[0]?.InstanceConnectEndpointId;
  } catch (error) {
    // Not ours to see, or a server that has no such thing.
    if (error instanceof LatchkeyError && ['CLOUD_FORBIDDEN', 'CLOUD_FAILED'].includes(error.code)) {
      aws.log.info({ vm: vm.id, error }, 'it is not known whether there is an Instance Connect Endpoint');
      return undefined;
    }
    throw error;
  }
}

function byEndpoint(vm: Vm, endpoint: string): OtherWay {
  const { region, instance } = instanceRef(vm.id);
  const where = ['--instance-id', instance, '--region', region];
  const windows = ['open-tunnel', ...where, '--remote-port', '3389', '--local-port', '13389'];
  const linux = ['ssh', ...where, '--connection-type', 'eice'];
  return {
    name: 'EC2 Instance Connect Endpoint',
    text: `The Instance Connect Endpoint ${endpoint} in its VPC leads to its ports 22 and 3389, for an hour at most, where its security groups let the endpoint in.`,
    command: ['aws', 'ec2-instance-connect', ...(vm.os === 'windows' ? windows : linux)],
  };
}

/** Whether its agent runs is known to Systems Manager alone; without a role it can't. */
function bySessionManager(vm: Vm, { IamInstanceProfile }: Instance): OtherWay[] {
  const role = IamInstanceProfile?.Arn?.split('/').at(-1);
  if (role === undefined) return [];
  const { region, instance } = instanceRef(vm.id);
  return [
    {
      name: 'Session Manager',
      text: `Session Manager leads to it without any open port, where its agent runs and its role ${role} lets it.`,
      command: ['aws', 'ssm', 'start-session', '--target', instance, '--region', region],
    },
  ];
}
