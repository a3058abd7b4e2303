/** EC2 Instance Connect: a public key that an instance's SSH server takes for a minute (reference 8.3). */
import { z } from 'zod';
import { AwsError } from '../errors.ts';
import { mustAllow } from '../iam/rights.ts';
import { instanceArn, instanceState } from '../world.ts';
import type { JsonCall } from './services.ts';

const input = z.object({
  InstanceId: z.string().regex(/^i-[0-9a-f]{8,17}$/),
  InstanceOSUser: z.string().regex(/^[A-Za-z_][A-Za-z0-9@._-]{0,30}[A-Za-z0-9$_-]?$/),
  SSHPublicKey: z.string().min(80).max(4096),
});
const keyMs = 60_000;

export function sendKey({ world, region, key, input: body }: JsonCall): object {
  const { data } = input.safeParse(body);
  if (!data || !/^ssh-(ed25519|rsa) [A-Za-z0-9+/=]+( .*)?\s*$/.test(data.SSHPublicKey))
    throw new AwsError('InvalidArgsException', 'A parameter is missing or invalid.');
  const place = world.regions.get(region);
  const instance = place?.instances.get(data.InstanceId);
  const action = 'ec2-instance-connect:SendSSHPublicKey';
  const resource = `arn:${world.partition}:ec2:${region}:${world.account}:instance/${data.InstanceId}`;
  mustAllow(key, [{ action, resource, context: { 'ec2:osuser': data.InstanceOSUser } }], 'other');
  if (key.role === 'viewer')
    throw new AwsError(
      'AccessDeniedException',
      `User: ${key.arn} is not authorized to perform: ${action} on resource: ${resource}`,
      403,
    );
  if (!place || !instance) throw new AwsError('EC2InstanceNotFoundException', 'The instance was not found.');
  if (instanceState(instance, world.now()).name !== 'running')
    throw new AwsError('EC2InstanceStateInvalidException', 'The instance is not running.');
  const now = world.now();
  const standing = world.pushedKeys.filter(one => one.endsAt > now);
  world.pushedKeys.splice(0, world.pushedKeys.length, ...standing, {
    instance: instanceArn(world, place, instance),
    user: data.InstanceOSUser,
    key: data.SSHPublicKey,
    endsAt: now + keyMs,
  });
  return { RequestId: world.newId('req'), Success: true };
}
