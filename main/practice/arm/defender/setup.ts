/** Policies as somebody made them before: for the seed of a world, and for tests. */
import type { Place } from '../build.ts';
import { idOf } from '../build.ts';
import type { World } from '../world.ts';
import type { JitPolicy, PolicyVm } from './data.ts';
import { writeDenies } from './rules.ts';

/** The ports Defender recommends, as its portal writes them (reference 2.7). */
export function recommended(id: string, source = '*'): PolicyVm {
  return {
    id,
    ports: [22, 3389, 5985, 5986].map(number => ({
      number,
      protocol: '*',
      allowedSourceAddressPrefix: source,
      maxRequestAccessDuration: 'PT3H',
    })),
  };
}

/** Puts a policy in, with its deny rules. The subscription gets the plan. */
export function addPolicy(world: World, place: Place, name: string, virtualMachines: PolicyVm[]): JitPolicy {
  world.defender.plans.add(place.subscription.toLowerCase());
  const id = idOf(place, `Microsoft.Security/locations/${place.location}/jitNetworkAccessPolicies`, name);
  const policy: JitPolicy = {
    id,
    name,
    location: place.location,
    kind: 'Basic',
    virtualMachines,
    requests: [],
    more: {},
  };
  world.defender.policies.set(id.toLowerCase(), policy);
  for (const vm of virtualMachines) writeDenies(world, 0, policy, vm, true);
  return policy;
}
