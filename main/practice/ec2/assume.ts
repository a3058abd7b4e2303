/** Taking roles (docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html): whose trust policy lets whom. */
import { AwsError } from './errors.ts';
import { trustsCaller } from './iam/trust.ts';
import { shownCode } from './mfa.ts';
import type { Params } from './query.ts';
import { type Taking, takenRoles, takeSession } from './sessions.ts';
import type { AccessKey, World } from './world.ts';
import type { Elements } from './xml.ts';

/** "Role chaining limits your role session to a maximum of one hour" (IAM user guide). */
const chainedSeconds = 3600;
/** The longest that a role may be set to allow. */
const mostSeconds = 43_200;

/**
 * The roles every account starts with may be taken by anybody of the organization, but an operator's only by an operator;
 * one made with IAM by whom its trust policy names. Throws AccessDenied, ValidationError.
 */
export function takeRole(world: World, key: AccessKey, params: Params): Elements {
  const { session, seconds, account, name, roleArn } = wanted(params);
  if (key.session?.isRole && seconds > chainedSeconds)
    throw invalid(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    );
  const there = world.organization.find(one => one.account === account);
  const refused = new AwsError(
    'AccessDenied',
    `User: ${key.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
    403,
  );
  if (!there) throw refused;
  const mfa = shownCode(world, params) || key.session?.mfa === true;
  const source = key.session?.source ?? params.text('SourceIdentity');
  const taking = { name, session, seconds, mfa, source };
  const known = takenRoles.get(name);
  if (known) {
    if ((known.role === 'operator' && key.role !== 'operator') || (known.mfa && !mfa)) throw refused;
    return given(there, { ...taking, id: `AROA${name.toUpperCase()}`, role: known.role });
  }
  const role = there.roles.get(name);
  const context = {
    'aws:MultiFactorAuthPresent': String(mfa),
    'sts:RoleSessionName': session,
    ...told('sts:ExternalId', params.text('ExternalId')),
    ...told('sts:SourceIdentity', source),
  };
  if (!role || !trustsCaller(role.trust, { world, key, context })) throw refused;
  if (seconds > role.maxSeconds)
    throw invalid('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  const policies = [...role.policies.values()];
  return given(there, { ...taking, id: role.id, role: 'operator', policies });
}

/** What a request for a role says. Throws ValidationError. */
export function wanted(params: Params) {
  const roleArn = params.required('RoleArn');
  const session = params.required('RoleSessionName');
  if (!/^[\w+=,.@-]{2,64}$/.test(session))
    throw invalid(`Value '${session}' at 'roleSessionName' is not valid`);
  const seconds = secondsOf(params, 3600, mostSeconds);
  const [, account, name = ''] = /^arn:[\w-]+:iam::(\d{12}):role\/([\w+=,.@-]+)$/.exec(roleArn) ?? [];
  return { session, seconds, account, name, roleArn };
}

/** How long the keys are wanted for. Throws ValidationError outside of 900 seconds and `most`. */
export function secondsOf(params: Params, usual: number, most: number): number {
  const seconds = params.int('DurationSeconds') ?? usual;
  if (seconds >= 900 && seconds <= most) return seconds;
  const bound = seconds < 900 ? 'greater than or equal to 900' : `less than or equal to ${most}`;
  throw invalid(
    `1 validation error detected: Value '${seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value ${bound}`,
  );
}

/** Takes the role, and tells of it as STS does. */
export function given(world: World, taking: Taking): Elements {
  const key = takeSession(world, taking);
  return {
    Credentials: credentials(key),
    AssumedRoleUser: { AssumedRoleId: key.userId, Arn: key.arn },
    SourceIdentity: taking.source,
  };
}

/** Temporary keys as STS writes them. */
export function credentials({ id, secret, session }: AccessKey): Elements {
  return {
    AccessKeyId: id,
    SecretAccessKey: secret,
    SessionToken: session?.token,
    Expiration: new Date(session?.ends ?? 0).toISOString(),
  };
}

const told = (name: string, value: string | undefined) => (value === undefined ? {} : { [name]: value });
const invalid = (message: string) => new AwsError('ValidationError', message);
