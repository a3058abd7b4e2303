/** STS as far as signing in needs it: who am I, and take a role, as a user, as another role or with a token of elsewhere. */
import { AwsError, badValue } from './errors.ts';
import { takeCode } from './mfa.ts';
import type { Params } from './query.ts';
import { takenRoles, takeSession } from './sessions.ts';
import type { AccessKey, World } from './world.ts';
import type { Elements } from './xml.ts';

/** Answers one STS action. `world`: the account of the key. Throws AccessDenied, InvalidAction. */
export function runSts(action: string, world: World, key: AccessKey, params: Params): Elements {
  switch (action) {
    case 'GetCallerIdentity':
      return { Arn: key.arn, UserId: key.userId, Account: world.account };
    case 'AssumeRole':
      return assumeRole(world, key, params);
    default:
      throw new AwsError('InvalidAction', `Could not find operation ${action}`);
  }
}

/** AssumeRoleWithWebIdentity: nobody signs it. */
export function assumeByToken(world: World, params: Params): Elements {
  const { session, seconds, account, name } = wanted(params, 43_200);
  const allowed = world.webTokens.get(params.required('WebIdentityToken'));
  const there = world.organization.find(one => one.account === account);
  if (allowed === undefined)
    throw new AwsError('InvalidIdentityToken', 'No OpenIDConnect provider found in your account', 400);
  if (!there || allowed !== name)
    throw new AwsError('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', 403);
  return {
    ...given(there, name, session, seconds),
    SubjectFromWebIdentityToken: 'system:serviceaccount:tools:latchkey',
    Provider: 'practice',
  };
}

/** Anybody of the organization may take a viewer's role, only an operator another; some want a code. */
function assumeRole(world: World, key: AccessKey, params: Params): Elements {
  // One who is a role already gets an hour at most (role chaining).
  const { session, seconds, account, name, roleArn } = wanted(params, key.session ? 3600 : 43_200);
  const role = takenRoles.get(name);
  const there = world.organization.find(one => one.account === account);
  const refused = new AwsError(
    'AccessDenied',
    `User: ${key.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
    403,
  );
  if (!there || !role || (role.role === 'operator' && key.role !== 'operator')) throw refused;
  const serial = params.text('SerialNumber');
  if (serial === undefined) {
    if (role.mfa) throw refused;
    return given(there, name, session, seconds);
  }
  const device = world.mfa.get(serial);
  const code = params.text('TokenCode') ?? '';
  if (!device || !takeCode(device, code, world.now()))
    throw new AwsError(
      'AccessDenied',
      'MultiFactorAuthentication failed with invalid MFA one time pass code.',
      403,
    );
  return given(there, name, session, seconds);
}

function wanted(params: Params, most: number) {
  const roleArn = params.required('RoleArn');
  const session = params.required('RoleSessionName');
  if (!/^[\w+=,.@-]{2,64}$/.test(session)) {
    throw new AwsError('ValidationError', `Value '${session}' at 'roleSessionName' is not valid`);
  }
  const seconds = params.int('DurationSeconds') ?? 3600;
  if (seconds < 900 || seconds > most) throw badValue(`DurationSeconds must be between 900 and ${most}`);
  const [, account, name = ''] = /^arn:aws:iam::(\d{12}):role\/([\w+=,.@-]+)$/.exec(roleArn) ?? [];
  return { session, seconds, account, name, roleArn };
}

function given(world: World, name: string, session: string, seconds: number): Elements {
  const key = takeSession(world, name, name, session, seconds);
  return {
    Credentials: {
      AccessKeyId: key.id,
      SecretAccessKey: key.secret,
      SessionToken: key.session?.token,
      Expiration: new Date(key.session?.ends ?? 0).toISOString(),
    },
    AssumedRoleUser: { AssumedRoleId: key.userId, Arn: key.arn },
  };
}
