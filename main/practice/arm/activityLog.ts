/** The activity log (microsoft.insights event types): every write that was accepted. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type ArmContext, callerOfRequest, page, param, query } from './context.ts';
import { operationName, resourcePath } from './permissions.ts';

const kept = 5_000;

export function activityRoutes(app: FastifyInstance, context: ArmContext): void {
  const { world } = context;
  app.addHook('onResponse', async (request, reply) => {
    if (request.method === 'GET' || reply.statusCode >= 400) return;
    record(context, request, String(reply.getHeader('x-ms-correlation-request-id') ?? ''));
  });
  app.get(
    '/subscriptions/:subscription/providers/microsoft.insights/eventtypes/management/values',
    async request => {
      const filter = query(request, '$filter') ?? '';
      const since = Date.parse(/eventTimestamp ge '([^']+)'/i.exec(filter)?.[1] ?? '') || 0;
      const of = /resource(?:Uri|Id) eq '?([^' ]+)'?/i.exec(filter)?.[1]?.toLowerCase();
      const inGroup = /resourceGroupName eq '?([^' ]+)'?/i.exec(filter)?.[1]?.toLowerCase();
      const within = `/subscriptions/${param(request, 'subscription')}/`.toLowerCase();
      const found = world.changes.filter(({ at, resource }) => {
        const id = resource.toLowerCase();
        return (
          at >= since &&
          id.startsWith(within) &&
          (of === undefined || id.startsWith(of)) &&
          (inGroup === undefined || id.includes(`/resourcegroups/${inGroup}/`))
        );
      });
      return page(context, request, found.toReversed(), change => ({
        eventTimestamp: new Date(change.at).toISOString(),
        caller: change.caller,
        correlationId: change.correlation,
        category: { value: 'Administrative', localizedValue: 'Administrative' },
        level: 'Informational',
        operationName: { value: change.operation, localizedValue: change.operation },
        status: { value: 'Succeeded', localizedValue: 'Succeeded' },
        resourceId: change.resource,
        subscriptionId: param(request, 'subscription'),
      }));
    },
  );
}

function record(context: ArmContext, request: FastifyRequest, correlation: string): void {
  const path = request.url.split('?')[0] ?? '';
  const caller = callerOfRequest(request);
  // Queries and reads by POST change nothing.
  if (!caller || !path.toLowerCase().startsWith('/subscriptions/')) return;
  const { changes } = context.world;
  changes.push({
    at: context.now(),
    caller: caller.upn,
    operation: operationName(request.method, path),
    resource: resourcePath(request.method, path),
    correlation,
  });
  if (changes.length > 2 * kept) changes.splice(0, changes.length - kept);
}
