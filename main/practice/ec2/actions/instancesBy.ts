/** Things that are only known by the instances that have them: images, key pairs. */
import type { Instance } from '../world.ts';
import type { Call } from './call.ts';

const tags = new Map<string, string>();

/** The instances by what `of` tells of them, one each. */
export function firstBy({ region }: Call, of: (instance: Instance) => string | undefined) {
  const named = [...region.instances.values()].flatMap(instance => {
    const id = of(instance);
    return id === undefined ? [] : [[id, { id, instance, tags }] as const];
  });
  return new Map(named);
}
