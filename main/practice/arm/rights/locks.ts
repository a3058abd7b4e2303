/** Resource locks (Microsoft.Authorization/locks): they hold at their scope and below, for everybody. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type ArmContext, page, param, query } from '../context.ts';
import { ArmError } from '../errors.ts';
import { everyScope, scopeIn } from './authorization.ts';
import { isWithin } from './people.ts';

export interface Lock {
  name: string;
  scope: string;
  level: 'ReadOnly' | 'CanNotDelete';
  notes?: string | undefined;
}

const lockBody = z.object({
  properties: z.object({ level: z.enum(['ReadOnly', 'CanNotDelete']), notes: z.string().optional() }),
});

export class Locks {
  #locks = new Map<string, Lock>();

  put(lock: Lock): Lock {
    this.#locks.set(`${lock.scope}/${lock.name}`.toLowerCase(), lock);
    return lock;
  }

  remove(scope: string, name: string): boolean {
    return this.#locks.delete(`${scope}/${name}`.toLowerCase());
  }

  /** Those that hold for a scope: its own and those above; with `below`, what is inside it as well. */
  at(scope: string, below = false): Lock[] {
    return [...this.#locks.values()].filter(
      lock => isWithin(scope, lock.scope) || (below && isWithin(lock.scope, scope)),
    );
  }

  /**
   * Throws 409 as ARM words it. A read-only lock refuses every change, POST aside (which of those it refuses depends on
   * the resource provider); a delete lock refuses DELETE.
   */
  mayChange(method: string, scope: string): void {
    const [kind, levels] =
      method === 'DELETE' ? ['delete', ['ReadOnly', 'CanNotDelete']] : ['write', ['ReadOnly']];
    if (!['PUT', 'PATCH', 'DELETE'].includes(method)) return;
    const holding = this.at(scope).filter(({ level }) => levels.includes(level));
    if (holding.length === 0) return;
    const scopes = holding.map(lock => `'${lock.scope}'`).join(',');
    throw new ArmError(
      409,
      'ScopeLocked',
      `The scope '${scope}' cannot perform ${String(kind)} operation because following scope(s) are locked: ${scopes}. Please remove the lock and try again.`,
    );
  }
}

export function lockRoutes(app: FastifyInstance, context: ArmContext): void {
  const { locks } = context;
  for (const scope of everyScope) {
    const at = `${scope}/providers/Microsoft.Authorization/locks`;
    app.get(at, async request => {
      const below = !/atScope\(\)/i.test(query(request, '$filter') ?? '');
      return page(context, request, locks.at(scopeIn(request), below), lockView);
    });
    app.put(`${at}/:lock`, async (request, reply) => {
      const read = lockBody.safeParse(request.body);
      if (!read.success) throw new ArmError(400, 'InvalidRequestContent', z.prettifyError(read.error));
      const lock = { name: param(request, 'lock'), scope: scopeIn(request), ...read.data.properties };
      return reply.code(201).send(lockView(locks.put(lock)));
    });
    app.delete(`${at}/:lock`, async (request, reply) =>
      reply.code(locks.remove(scopeIn(request), param(request, 'lock')) ? 200 : 204).send(),
    );
  }
}

function lockView({ name, scope, level, notes }: Lock): object {
  return {
    id: `${scope === '/' ? '' : scope}/providers/Microsoft.Authorization/locks/${name}`,
    name,
    type: 'Microsoft.Authorization/locks',
    properties: { level, ...(notes === undefined ? {} : { notes }) },
  };
}
