/** Whom a role's trust policy lets take it: an account, a user, a role, or everybody. */
import type { AccessKey, World } from '../world.ts';
import { conditionsHold, like, readPolicy } from './allows.ts';

export interface Caller {
  /** Of the caller. */
  world: World;
  key: AccessKey;
  /** Condition keys of the request. */
  context: Record<string, string>;
}

/** A deny beats every allow. */
export function trustsCaller(document: string, caller: Caller): boolean {
  const names = namesOf(caller);
  const hits = (readPolicy(document)?.Statement ?? []).filter(
    each =>
      (each.Principal?.AWS ?? []).some(name => names.has(name)) &&
      each.Action.some(pattern => like(pattern, 'sts:AssumeRole', true)) &&
      conditionsHold(each, caller.context),
  );
  return hits.some(each => each.Effect === 'Allow') && !hits.some(each => each.Effect === 'Deny');
}

/** Everything a policy may call the caller: its account in two ways, itself, and the role it is. */
function namesOf({ world: { account, partition }, key: { arn } }: Caller): Set<string> {
  const [, role] = /:assumed-role\/([^/]+)\//.exec(arn) ?? [];
  return new Set([
    '*',
    account,
    `arn:${partition}:iam::${account}:root`,
    arn,
    ...(role === undefined ? [] : [`arn:${partition}:iam::${account}:role/${role}`]),
  ]);
}
