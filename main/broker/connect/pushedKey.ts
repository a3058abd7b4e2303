/** Who signs in with a key that is put on the machine for the connection. */
import type { ConnectInput, ConnectionSettings } from '../../../shared/contract/connect.ts';

/** Of Amazon Linux, Red Hat and SUSE images (docs.aws.amazon.com/AWSEC2/latest/UserGuide/managing-users.html). */
export const usualUser = 'ec2-user';

/** Undefined: nobody, the person signs in with what he has. */
export function pushedUser(
  input: Pick<ConnectInput, 'pushKey' | 'user'>,
  settings: ConnectionSettings,
): string | undefined {
  const isWanted = input.pushKey ?? settings.pushKey ?? false;
  return isWanted ? (input.user ?? settings.user ?? usualUser) : undefined;
}
