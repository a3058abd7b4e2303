/** The two lists every resource type has: of a subscription, and of one of its groups. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type ArmContext, page, scopeOf } from './context.ts';
import type { ResourceOf, ResourceType } from './resources.ts';

export function subscriptionList<Type extends ResourceType>(
  app: FastifyInstance,
  context: ArmContext,
  type: Type,
  view: (resource: ResourceOf<Type>, request: FastifyRequest) => object,
): void {
  for (const scope of [
    '/subscriptions/:subscription',
    '/subscriptions/:subscription/resourceGroups/:group',
  ]) {
    app.get(`${scope}/providers/${type}`, async request => {
      const { subscription, group } = scopeOf(request);
      const within =
        `/subscriptions/${subscription}/${group === '' ? '' : `resourceGroups/${group}/`}`.toLowerCase();
      const own = [...context.world.all(type)].filter(one => one.id.toLowerCase().startsWith(within));
      return page(context, request, own, resource => view(resource, request));
    });
  }
}
