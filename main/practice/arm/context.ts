/** What every handler of the practice cloud's Azure is given, and the small things all of them do. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { MachineNet } from '../machine.ts';
import { faultOf } from '../server/faultHooks.ts';
import { ArmError } from './errors.ts';
import type { Operations, Trouble } from './operations.ts';
import type { RateLimits } from './rateLimits.ts';
import type { Locks } from './rights/locks.ts';
import type { Caller, People } from './rights/people.ts';
import type { Tokens } from './tokens.ts';
import type { World } from './world.ts';

export interface ArmContext {
  world: World;
  operations: Operations;
  limits: RateLimits;
  tokens: Tokens;
  people: People;
  locks: Locks;
  /** The cloud's clock, epoch milliseconds. */
  now: () => number;
  /** Rows per page of a list where the client names no `$top`. */
  pageSize: number;
  /** How long an update of a firewall takes, milliseconds. Meanwhile it takes no other. */
  firewallMs: number;
  /** The machines, once they run: for host keys in console logs, and the ports of firewalls. */
  machines: () => MachineNet | undefined;
}

const callers = new WeakMap<FastifyRequest, Caller>();

export function setCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request, caller);
}

export function callerOfRequest(request: FastifyRequest): Caller | undefined {
  return callers.get(request);
}

/** A path parameter as it was sent, decoded. */
export function param(request: FastifyRequest, name: string): string {
  return (request.params as Record<string, string | undefined>)[name] ?? '';
}

/** A query parameter; ARM reads their names in any case. */
export function query(request: FastifyRequest, name: string): string | undefined {
  const entries = Object.entries(request.query as Record<string, string | string[]>);
  const value = entries.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  return Array.isArray(value) ? value[0] : value;
}

/** The address clients reach us at: what links in answers begin with. */
export function origin(request: FastifyRequest): string {
  return `https://${request.host}`;
}

/** One page of a list, with `nextLink` where there is more. Only the page's rows are looked at by `view`. */
export function page<Item>(
  context: ArmContext,
  request: FastifyRequest,
  items: Iterable<Item>,
  view: (item: Item) => object,
): { value: object[]; nextLink?: string } {
  const all = [...items];
  const wanted = Number(query(request, '$top') ?? context.pageSize);
  const size = Math.max(1, Math.min(wanted || context.pageSize, context.pageSize));
  const from = Number(Buffer.from(query(request, '$skiptoken') ?? '', 'base64url').toString() || 0);
  const value = all.slice(from, from + size).map(view);
  if (from + size >= all.length) return { value };
  const url = new URL(request.url, origin(request));
  for (const key of ['$skiptoken', '$skipToken']) url.searchParams.delete(key);
  url.searchParams.set('$skiptoken', Buffer.from(String(from + size)).toString('base64url'));
  return { value, nextLink: url.href };
}

/**
 * Answers a write whose effect is under way: the headers clients follow it by. `location` for those that end without a
 * body (DELETE, power), `Azure-AsyncOperation` for all. Without an operation the write is done and there is nothing to follow.
 */
export function follow(
  context: ArmContext,
  request: FastifyRequest,
  reply: FastifyReply,
  operation: string | undefined,
  where: { provider: string; location: string; final: boolean },
): void {
  if (operation === undefined) return;
  const { subscription } = scopeOf(request);
  const base = `${origin(request)}/subscriptions/${subscription}/providers/${where.provider}/locations/${where.location}`;
  const version = `?api-version=${query(request, 'api-version') ?? ''}`;
  reply.header('azure-asyncoperation', `${base}/operations/${operation}${version}`);
  if (where.final) reply.header('location', `${base}/operationResults/${operation}${version}`);
  // With 0 the Python clients (az) take it for nothing said, and wait 30 seconds.
  reply.header('retry-after', '1');
}

/** How a fault wants the operation of this write to end; `undone` leaves the resource as a write does that failed. */
export function troubleOf(request: FastifyRequest, undone: () => void): Trouble | undefined {
  const fault = faultOf(request);
  if (fault?.operation === undefined) return undefined;
  return {
    end: fault.operation,
    takesEffect: fault.when === 'after',
    error: {
      code: fault.code ?? (fault.operation === 'Canceled' ? 'Canceled' : 'InternalServerError'),
      message: fault.message ?? 'The practice cloud was told to fail here.',
      ...fault.more,
    },
    undone,
  };
}

/** The subscription and resource group a request's path names; empty where it names none. */
export function scopeOf(request: FastifyRequest): { subscription: string; group: string } {
  return { subscription: param(request, 'subscription'), group: param(request, 'group') };
}

/** A resource's id from a path's parameters. */
export function idIn(request: FastifyRequest, type: string, name = param(request, 'name')): string {
  const { subscription, group } = scopeOf(request);
  return `/subscriptions/${subscription}/resourceGroups/${group}/providers/${type}/${name}`;
}

/** The body as an object. Throws 400 for anything else. */
export function bodyOf(request: FastifyRequest): Record<string, unknown> {
  const { body } = request;
  if (typeof body === 'object' && body !== null && !Array.isArray(body))
    return body as Record<string, unknown>;
  throw new ArmError(
    400,
    'InvalidRequestContent',
    'The request content was invalid and could not be deserialized.',
  );
}
