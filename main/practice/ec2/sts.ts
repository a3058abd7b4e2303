/** STS: who am I, and keys for a while: of a role (`assume.ts`), or of a user. */
import { credentials, secondsOf, takeRole } from './assume.ts';
import { AwsError } from './errors.ts';
import { shownCode } from './mfa.ts';
import type { Params } from './query.ts';
import { lend } from './sessions.ts';
import type { AccessKey, World } from './world.ts';
import type { Elements } from './xml.ts';

/** Answers one STS action. `world`: the account of the key. Throws AccessDenied, ValidationError, InvalidAction. */
export function runSts(action: string, world: World, key: AccessKey, params: Params): Elements {
  switch (action) {
    case 'GetCallerIdentity':
      return { Arn: key.arn, UserId: key.userId, Account: world.account };
    case 'AssumeRole':
      return takeRole(world, key, params);
    case 'GetSessionToken':
      return sessionToken(world, key, params);
    case 'GetAccessKeyInfo':
      return keyInfo(world, params.required('AccessKeyId'));
    default:
      throw new AwsError('InvalidAction', `Could not find operation ${action}`);
  }
}

/** A user's own rights for a while, with or without a code; half a day where nothing is said. */
function sessionToken(world: World, key: AccessKey, params: Params): Elements {
  if (key.session)
    throw new AwsError('AccessDenied', 'Cannot call GetSessionToken with session credentials', 403);
  const seconds = secondsOf(params, 43_200, 129_600);
  const mfa = shownCode(world, params);
  return { Credentials: credentials(lend(world, key, seconds, mfa)) };
}

function keyInfo(world: World, id: string): Elements {
  const found = world.organization.find(({ keys }) => keys.has(id));
  if (!found) throw new AwsError('ValidationError', `Access key ${id} does not exist.`);
  return { Account: found.account };
}
