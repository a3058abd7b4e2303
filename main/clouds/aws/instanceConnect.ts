/** EC2 Instance Connect: a public key that the instance's SSH server takes for 60 seconds (reference 8.3). */
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Connection } from './connection.ts';
import { instanceRef } from './names.ts';

/** Who may be meant by a key: as the service takes it, which is narrower than what Linux does. */
const osUser = /^[A-Za-z_][A-Za-z0-9._-]{0,30}[A-Za-z0-9_-]?$/;

/** Sends it. Throws BAD_INPUT for a user the service does not take, UNSUPPORTED for a VM that has no such thing. */
export async function sendKey(
  aws: Connection,
  vm: Vm,
  { user, publicKey }: { user: string; publicKey: string },
  signal?: AbortSignal,
): Promise<void> {
  if (vm.os === 'windows')
    throw new LatchkeyError({
      code: 'UNSUPPORTED',
      message: `EC2 Instance Connect puts keys on Linux machines, and ${vm.name} is Windows.`,
      fix: 'Sign in to it with RDP.',
    });
  if (!osUser.test(user))
    throw new LatchkeyError({
      code: 'BAD_INPUT',
      message: `EC2 Instance Connect takes no user “${user.slice(0, 40)}”.`,
      fix: 'Name one that exists on the machine in its connection settings: ec2-user, ubuntu, admin …',
    });
  const { region, instance } = instanceRef(vm.id);
  const input = { InstanceId: instance, InstanceOSUser: user, SSHPublicKey: publicKey };
  const answer = await aws.instanceConnect(
    region,
    'ec2-instance-connect:SendSSHPublicKey',
    (sdk, options) => sdk.sendSSHPublicKey(input, options),
    signal,
  );
  if (answer.Success === false)
    throw new LatchkeyError({
      code: 'CLOUD_FAILED',
      message: `AWS did not put the key on ${vm.name}.`,
      fix: 'Try again, or sign in with a key of your own.',
    });
}
