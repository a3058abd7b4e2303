/** Which way the VMs of a subscription go, as a person names it. */
import type { JitWay } from '../../shared/contract/accounts.ts';
import { LatchkeyError } from '../../shared/errors.ts';
import type { Scope } from '../clouds/cloud.ts';

const subscriptionId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The ways by subscription id in lower case. Subscriptions are named by id (also one that is not known yet) or by a name
 * that is known. Throws BAD_INPUT that lists the known ones.
 */
export function namedScopes(
  jit: Record<string, JitWay>,
  scopes: readonly { scope: Scope }[],
): Record<string, JitWay> {
  const known = scopes.map(({ scope }) => scope).filter(({ id }) => subscriptionId.test(id.toLowerCase()));
  return Object.fromEntries(
    Object.entries(jit).map(([named, way]) => {
      const text = named.trim().toLowerCase();
      if (subscriptionId.test(text)) return [text, way];
      const meant = known.filter(({ name }) => name.toLowerCase() === text);
      const [only] = meant;
      if (only && meant.length === 1) return [only.id.toLowerCase(), way];
      throw new LatchkeyError({
        code: 'BAD_INPUT',
        message: `“${named.slice(0, 80)}” is ${meant.length > 1 ? 'the name of several subscriptions' : 'no Azure subscription that is known'}.`,
        fix:
          known.length === 0
            ? 'Write its id, or list the VMs first.'
            : `Known are ${known.map(({ id, name }) => `${name} (${id})`).join(', ')}.`,
      });
    }),
  );
}
