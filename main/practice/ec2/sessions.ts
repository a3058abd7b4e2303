/** Temporary keys: what STS and Identity Center give for a role. */
import { randomBytes } from 'node:crypto';
import type { AccessKey, World } from './world.ts';

/** The roles that people may take in an account, and what they let one do. */
export const takenRoles = new Map<string, { role: AccessKey['role']; mfa: boolean }>([
  ['LatchkeyOperator', { role: 'operator', mfa: false }],
  ['LatchkeyViewer', { role: 'viewer', mfa: false }],
  // Its trust policy wants aws:MultiFactorAuthPresent.
  ['LatchkeyGuarded', { role: 'operator', mfa: true }],
]);
export const permissionSets = ['LatchkeyOperator', 'LatchkeyViewer'];

/** A key that is good for some seconds. `name`: the role as ARNs have it; `taken`: which of `takenRoles` it is. */
export function takeSession(
  world: World,
  name: string,
  taken: string,
  session: string,
  seconds: number,
): AccessKey {
  const made: AccessKey = {
    id: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secret: randomBytes(30).toString('base64url'),
    role: takenRoles.get(taken)?.role ?? 'viewer',
    arn: `arn:aws:sts::${world.account}:assumed-role/${name}/${session}`,
    userId: `AROA${taken.toUpperCase()}:${session}`,
    session: { token: randomBytes(48).toString('base64'), ends: world.now() + seconds * 1000 },
  };
  world.keys.set(made.id, made);
  return made;
}
