/** Taking a role with a token of elsewhere (API_AssumeRoleWithWebIdentity). */
import { given, wanted } from './assume.ts';
import { AwsError } from './errors.ts';
import type { Params } from './query.ts';
import { takenRoles } from './sessions.ts';
import type { World } from './world.ts';
import type { Elements } from './xml.ts';

/** AssumeRoleWithWebIdentity: signed by nobody, the token says who asks. `world`: any of the organization. */
export function takeRoleByToken(world: World, params: Params): Elements {
  const { session, seconds, account, name } = wanted(params);
  const allowed = world.webTokens.get(params.required('WebIdentityToken'));
  const there = world.organization.find(one => one.account === account);
  const role = takenRoles.get(name);
  if (allowed === undefined)
    throw new AwsError('InvalidIdentityToken', 'No OpenIDConnect provider found in your account', 400);
  if (!there || !role || allowed !== name)
    throw new AwsError('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', 403);
  const taking = { name, id: `AROA${name.toUpperCase()}`, role: role.role, session, seconds };
  return {
    ...given(there, taking),
    SubjectFromWebIdentityToken: 'system:serviceaccount:tools:latchkey',
    Provider: 'practice',
  };
}
