/** STS as far as signing in needs it: who am I, and take a role. */
import { randomBytes } from 'node:crypto';
import { AwsError, badValue } from './errors.ts';
import type { Params } from './query.ts';
import type { AccessKey, World } from './world.ts';
import type { Elements } from './xml.ts';

/** Answers one STS action. Throws AccessDenied, InvalidAction. */
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

/** The roles there are; anybody of the account may take the viewer's, only an operator the other. */
const roles = new Map<string, AccessKey['role']>([
  ['LatchkeyOperator', 'operator'],
  ['LatchkeyViewer', 'viewer'],
]);

function assumeRole(world: World, key: AccessKey, params: Params): Elements {
  const roleArn = params.required('RoleArn');
  const session = params.required('RoleSessionName');
  if (!/^[\w+=,.@-]{2,64}$/.test(session)) {
    throw new AwsError('ValidationError', `Value '${session}' at 'roleSessionName' is not valid`);
  }
  const seconds = params.int('DurationSeconds') ?? 3600;
  if (seconds < 900 || seconds > 43_200) throw badValue('DurationSeconds must be between 900 and 43200');
  const [, account, name = ''] = /^arn:aws:iam::(\d{12}):role\/([\w+=,.@-]+)$/.exec(roleArn) ?? [];
  const role = roles.get(name);
  if (account !== world.account || !role || (role === 'operator' && key.role !== 'operator')) {
    throw new AwsError(
      'AccessDenied',
      `User: ${key.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
      403,
    );
  }
  const arn = `arn:aws:sts::${world.account}:assumed-role/${name}/${session}`;
  const made: AccessKey = {
    id: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secret: randomBytes(30).toString('base64url'),
    role,
    arn,
    userId: `AROA${name.toUpperCase()}:${session}`,
    session: { token: randomBytes(48).toString('base64'), ends: world.now() + seconds * 1000 },
  };
  world.keys.set(made.id, made);
  return {
    Credentials: {
      AccessKeyId: made.id,
      SecretAccessKey: made.secret,
      SessionToken: made.session?.token,
      Expiration: new Date(made.session?.ends ?? 0).toISOString(),
    },
    AssumedRoleUser: { AssumedRoleId: made.userId, Arn: arn },
  };
}
