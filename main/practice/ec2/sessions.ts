/** Temporary keys: what STS and Identity Center give. */
import { randomBytes } from 'node:crypto';
import type { AccessKey, Session, World } from './world.ts';

/** The roles that every account starts with, and what they let one do. */
export const takenRoles = new Map<string, { role: AccessKey['role']; mfa: boolean }>([
  ['LatchkeyOperator', { role: 'operator', mfa: false }],
  ['LatchkeyViewer', { role: 'viewer', mfa: false }],
  // Its trust policy wants aws:MultiFactorAuthPresent.
  ['LatchkeyGuarded', { role: 'operator', mfa: true }],
]);
export const permissionSets = ['LatchkeyOperator', 'LatchkeyViewer'];

export interface Taking {
  /** The role as ARNs have it. */
  name: string;
  /** Its id: `AROA…`. */
  id: string;
  /** What it lets one do; `policies` as in `AccessKey`. */
  role: AccessKey['role'];
  policies?: string[] | undefined;
  /** The name that who takes it gives the session. */
  session: string;
  seconds: number;
  mfa?: boolean;
  source?: string | undefined;
}

/** A role's key of `world`, good for some seconds. */
export function takeSession(world: World, taking: Taking): AccessKey {
  const { name, id, role, policies, session, seconds, mfa = false, source } = taking;
  const arn = `arn:${world.partition}:sts::${world.account}:assumed-role/${name}/${session}`;
  return keep(world, { role, policies, arn, userId: `${id}:${session}` }, seconds, {
    isRole: true,
    mfa,
    source,
  });
}

/** A user's key that ends: it may do what the user may. */
export function lend(world: World, key: AccessKey, seconds: number, mfa: boolean): AccessKey {
  return keep(world, key, seconds, { isRole: false, mfa });
}

function keep(
  world: World,
  { role, policies, arn, userId }: Pick<AccessKey, 'role' | 'policies' | 'arn' | 'userId'>,
  seconds: number,
  session: Pick<Session, 'isRole' | 'mfa' | 'source'>,
): AccessKey {
  const made: AccessKey = {
    id: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secret: randomBytes(30).toString('base64url'),
    role,
    arn,
    userId,
    policies,
    session: {
      ...session,
      token: randomBytes(48).toString('base64'),
      ends: world.now() + seconds * 1000,
    },
  };
  world.keys.set(made.id, made);
  return made;
}
