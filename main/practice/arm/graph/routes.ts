/** POST /providers/Microsoft.ResourceGraph/resources (reference §7.7). */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type ArmContext, callerOfRequest } from '../context.ts';
import { ArmError } from '../errors.ts';
import { QueryError } from './lexer.ts';
import { parse, type Query } from './parse.ts';
import { columns, GraphIndex } from './rows.ts';
import { type Row, run } from './run.ts';

const requestBody = z.object({
  query: z.string(),
  subscriptions: z.array(z.string()).optional(),
  managementGroups: z.array(z.string()).optional(),
  options: z
    .object({
      $top: z.int().min(1).optional(),
      $skip: z.int().min(0).optional(),
      $skipToken: z.string().optional(),
      resultFormat: z.string().optional(),
    })
    .optional(),
});

const lagBody = z.object({ lagMs: z.int().min(0).max(3_600_000) });

/** 15 queries in each window of 5 seconds per user. */
const quota = { queries: 15, windowMs: 5_000 };
const maxTop = 1000;

interface Pages {
  rows: Row[];
  at: number;
}

export function graphRoutes(app: FastifyInstance, context: ArmContext, lagMs: number): void {
  const index = new GraphIndex(context.world, lagMs);
  const windows = new Map<string, { since: number; used: number }>();
  // Later pages are of the same result as the first, as long as anybody asks for them.
  const results = new Map<string, Pages>();

  app.put('/practice/graph-lag', async request => {
    const read = lagBody.safeParse(request.body);
    if (!read.success) throw badRequest('BadLag', z.prettifyError(read.error));
    index.lagMs = read.data.lagMs;
    return read.data;
  });
  app.post('/providers/Microsoft.ResourceGraph/resources', async (request, reply) => {
    spend(windows, callerOfRequest(request)?.user ?? '', context.now(), reply);
    const read = requestBody.safeParse(request.body);
    if (!read.success)
      throw badRequest('InvalidRequestBody', read.error.issues.map(one => one.message).join('; '));
    const { query: text, options = {} } = read.data;
    if (options.resultFormat !== undefined && options.resultFormat.toLowerCase() !== 'objectarray')
      throw badRequest('InvalidResultFormat', 'The practice cloud gives resultFormat objectArray only.');

    const query = parsed(text);
    const [token = randomUUID(), offset = options.$skip ?? 0] = readToken(options.$skipToken);
    const held = results.get(token);
    if (options.$skipToken !== undefined && !held)
      throw badRequest('InvalidSkipToken', 'The skip token is not valid any more.');
    const rows =
      held?.rows ??
      execute(index, query, subscriptionsOf(context, read.data.subscriptions), readable(context, request));

    const top = Math.min(options.$top ?? maxTop, maxTop);
    const data = rows.slice(offset, offset + top);
    const more = offset + top < rows.length;
    // Paging needs the id in every row and no limit of the query's own.
    const pages =
      rows.every(row => typeof row['id'] === 'string') && !query.steps.some(step => step.kind === 'take');
    if (more && pages) hold(results, token, { rows, at: context.now() });
    return {
      totalRecords: rows.length,
      count: data.length,
      data,
      facets: [],
      resultTruncated: more && !pages ? 'true' : 'false',
      ...(more && pages ? { $skipToken: Buffer.from(`${token} ${offset + top}`).toString('base64url') } : {}),
    };
  });
}

/** Counts a query and tells the quota. Throws 429 where the window's quota is used up. */
function spend(
  windows: Map<string, { since: number; used: number }>,
  user: string,
  now: number,
  reply: FastifyReply,
): void {
  let window = windows.get(user);
  if (!window || now - window.since >= quota.windowMs) windows.set(user, (window = { since: now, used: 0 }));
  const seconds = Math.max(1, Math.ceil((window.since + quota.windowMs - now) / 1000));
  reply.header('x-ms-user-quota-resets-after', `00:00:${String(seconds).padStart(2, '0')}`);
  reply.header('x-ms-user-quota-remaining', String(Math.max(0, quota.queries - window.used - 1)));
  if (window.used >= quota.queries) {
    reply.header('retry-after', String(seconds));
    throw new ArmError(429, 'RateLimiting', 'Please provide below info when asking for support.', [
      {
        code: 'RateLimiting',
        message:
          'Client application has been throttled and should not attempt to repeat the request until an amount of time has elapsed.',
      },
    ]);
  }
  window.used++;
}

function parsed(text: string): Query {
  try {
    return parse(text);
  } catch (error) {
    throw asBadQuery(error);
  }
}

/** Does the caller have the right to read a row's resource? Rows they may not read are not there for them. */
function readable({ people }: ArmContext, request: FastifyRequest): (row: Row) => boolean {
  const caller = callerOfRequest(request);
  const judges = new Map<string, (scope: string) => boolean>();
  return row => {
    const type = String(row['type']);
    const judge = judges.get(type) ?? (caller ? people.judge(caller, `${type}/read`) : () => false);
    judges.set(type, judge);
    return judge(String(row['id']));
  };
}

function execute(
  index: GraphIndex,
  query: Query,
  subscriptions: Set<string>,
  keep: (row: Row) => boolean,
): Row[] {
  try {
    const rows =
      query.table === 'resources' ? index.resources(subscriptions) : index.containers(subscriptions);
    return run(query, rows.filter(keep), columns);
  } catch (error) {
    throw asBadQuery(error);
  }
}

function asBadQuery(error: unknown): unknown {
  if (!(error instanceof QueryError)) return error;
  return badRequest(
    'InvalidQuery',
    'Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the error before retrying.',
    { code: error.message, message: `${error.message} at character ${error.at}: ${error.token}` },
  );
}

function badRequest(code: string, message: string, more?: { code: string; message: string }): ArmError {
  const details = [{ code, message }, ...(more ? [more] : [])];
  return new ArmError(400, 'BadRequest', 'Please provide below info when asking for support.', details);
}

function subscriptionsOf({ world }: ArmContext, named: string[] | undefined): Set<string> {
  const all = world.subscriptions.map(subscription => subscription.id);
  if (named === undefined) return new Set(all);
  const wanted = new Set(named.map(id => id.toLowerCase()));
  const own = new Set(all.filter(id => wanted.has(id)));
  if (own.size === 0)
    throw badRequest(
      'NoValidSubscriptionsInQueryRequest',
      'There must be at least one subscription that is eligible to contain resources.',
    );
  return own;
}

function readToken(text: string | undefined): [string, number] | [] {
  if (text === undefined) return [];
  const [token = '', offset = '0'] = Buffer.from(text, 'base64url').toString().split(' ');
  return [token, Number(offset)];
}

/** Keeps a result for its next pages; the oldest goes when there are many. */
function hold(results: Map<string, Pages>, token: string, pages: Pages): void {
  results.delete(token);
  results.set(token, pages);
  const [oldest] = results.keys();
  if (results.size > 8 && oldest !== undefined) results.delete(oldest);
}
