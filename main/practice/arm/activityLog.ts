/**
 * The activity log (microsoft.insights event types): every write, at its start and at its end, under one correlation id
 * (reference section 5). It lags: a row shows `activityLagMs` after it happened, as the real one does by minutes.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { eventNames, eventView, type LoggedEvent } from './activityEvents.ts';
import { readFilter, readSelect } from './activityFilter.ts';
import { type ArmContext, callerOfRequest, page, param, query } from './context.ts';
import { operationName, resourcePath } from './rights/permissions.ts';

const kept = 20_000;
/** Longest body that is told, in characters. */
const longestBody = 8_192;

type Written = Omit<LoggedEvent, 'at' | 'id' | 'status' | 'statusCode' | 'body'>;

export function activityRoutes(app: FastifyInstance, context: ArmContext): void {
  const { world } = context;
  const begun = new WeakMap<FastifyRequest, Written>();
  const answers = new WeakMap<FastifyRequest, string>();

  app.addHook('preHandler', async (request, reply) => {
    const written = writtenBy(request, String(reply.getHeader('x-ms-correlation-request-id') ?? ''));
    if (!written) return;
    begun.set(request, written);
    log(context, { ...written, status: 'Started', body: bodyText(request.body) });
  });
  app.addHook('onSend', async (request, _reply, payload) => {
    if (begun.has(request) && typeof payload === 'string') answers.set(request, payload);
  });
  app.addHook('onResponse', async (request, reply) => {
    const written = begun.get(request);
    if (!written) return;
    const { statusCode } = reply;
    const body = answers.get(request)?.slice(0, longestBody);
    const ends = (status: 'Succeeded' | 'Failed') =>
      log(context, { ...written, status, statusCode, ...(body === undefined ? {} : { body }) });
    // 5xx is a fault that was switched on behind the write: it took effect all the same.
    if (statusCode >= 400 && statusCode < 500) return ends('Failed');
    const operation = /\/operations\/([^/?]+)/.exec(
      String(reply.getHeader('azure-asyncoperation') ?? ''),
    )?.[1];
    if (operation === undefined) return ends('Succeeded');
    // The end is when the change has taken effect; the answer only took it in.
    void context.operations.ended(operation)?.then(() => ends('Succeeded'));
  });

  app.get(
    '/subscriptions/:subscription/providers/microsoft.insights/eventtypes/management/values',
    async request => {
      const now = context.now();
      const { from, to, only } = readFilter(query(request, '$filter'), now);
      const select = readSelect(query(request, '$select'), eventNames);
      const within = `/subscriptions/${param(request, 'subscription')}/`.toLowerCase();
      const found = world.events.filter(event => {
        const { at, resource, correlation } = event;
        if (at < from || at > to || at + world.activityLagMs > now) return false;
        const id = resource.toLowerCase();
        if (!id.startsWith(within)) return false;
        switch (only?.field) {
          case undefined:
            return true;
          case 'group':
            return id.includes(`/resourcegroups/${only.value}/`);
          case 'resource':
            return id === only.value || id.startsWith(`${only.value}/`);
          case 'provider':
            return event.operation.toLowerCase().startsWith(`${only.value}/`);
          case 'correlation':
            return correlation.toLowerCase() === only.value;
        }
      });
      return page(context, request, found.toReversed(), event =>
        eventView(event, world.activityLagMs, select),
      );
    },
  );
  /** For tests and demonstrations: how late rows are, in milliseconds. */
  app.put('/practice/activity-log', async request => {
    const { lagMs } = (request.body ?? {}) as { lagMs?: unknown };
    if (typeof lagMs === 'number' && lagMs >= 0) world.activityLagMs = lagMs;
    return { lagMs: world.activityLagMs };
  });
}

/** Writes a row. For what no request did by itself (Defender's own hand), providers call it with a caller of their own. */
export function log(
  { world, now }: Pick<ArmContext, 'world' | 'now'>,
  event: Omit<LoggedEvent, 'at' | 'id'>,
): void {
  world.events.push({ ...event, at: now(), id: randomUUID() });
  if (world.events.length > 2 * kept) world.events.splice(0, world.events.length - kept);
}

/** The write that a request is; undefined for reads, and for what is no business of a subscription. */
function writtenBy(request: FastifyRequest, correlation: string): Written | undefined {
  const path = request.url.split('?')[0] ?? '';
  const caller = callerOfRequest(request);
  if (!caller || request.method === 'GET' || request.method === 'HEAD') return undefined;
  if (!path.toLowerCase().startsWith('/subscriptions/')) return undefined;
  return {
    caller: caller.upn,
    claims: caller.claims ?? {},
    operation: operationName(request.method, path),
    resource: resourcePath(request.method, path),
    correlation,
    operationId: randomUUID(),
    http: {
      clientRequestId: String(request.headers['x-ms-client-request-id'] ?? randomUUID()),
      clientIpAddress: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
      method: request.method,
    },
  };
}

function bodyText(body: unknown): string | undefined {
  return body === undefined || body === null ? undefined : JSON.stringify(body).slice(0, longestBody);
}
