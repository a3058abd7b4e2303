/**
 * `/practice/users`: users of one's own, each with a role as `latchkey roles azure` prints it. Part of the control
 * interface; who may assign roles everywhere may use it.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type ArmContext, callerOfRequest, origin, param } from '../context.ts';
import { ArmError } from '../errors.ts';
import { define } from './authorization.ts';

const list = z.array(z.string()).default([]);
/** What `az role definition create` takes, too. */
const printedRole = z.object({
  Name: z.string().min(1),
  Description: z.string().default(''),
  Actions: list,
  NotActions: list,
  DataActions: list,
  NotDataActions: list,
  AssignableScopes: z.array(z.string().startsWith('/')).min(1),
});
const userBody = z.object({
  name: z.string().regex(/^[\w.-]{1,64}$/),
  role: printedRole,
  /** Where the role is assigned; default all its assignable scopes. */
  scopes: z.array(z.string().startsWith('/')).optional(),
});

export function userRoutes(app: FastifyInstance, context: ArmContext): void {
  const { people, tokens } = context;

  app.get('/practice/users', async request => {
    mustRule(context, request);
    const users = people.all().map(user => ({
      ...user,
      assignments: [...people.assignments.values()]
        .filter(({ principal }) => principal === user.oid)
        .map(({ scope, role }) => ({ scope, role: people.roles.get(role)?.name })),
    }));
    return { users };
  });

  // A user of that name has just this role afterwards. Signs in with the token, or with the name and the password `practice`.
  app.post('/practice/users', async (request, reply) => {
    mustRule(context, request);
    const read = userBody.safeParse(request.body);
    if (!read.success) throw new ArmError(400, 'BadUser', z.prettifyError(read.error));
    const { name, role: given, scopes = given.AssignableScopes } = read.data;
    const user = people.add(name);
    const there = [...people.roles.values()].find(role => role.name === given.Name);
    if (there && !there.custom) throw new ArmError(409, 'BadUser', `${given.Name} is a role of Azure's own.`);
    const role = define(people, there?.id ?? randomUUID(), {
      roleName: given.Name,
      description: given.Description,
      assignableScopes: given.AssignableScopes,
      permissions: [
        {
          actions: given.Actions,
          notActions: given.NotActions,
          dataActions: given.DataActions,
          notDataActions: given.NotDataActions,
        },
      ],
    });
    people.strip(user.oid);
    for (const scope of scopes) people.assign(user.oid, role.id, scope);
    const token = await tokens.mint(name, `${origin(request)}/adfs`);
    return reply.code(201).send({ ...user, token });
  });

  app.delete('/practice/users/:name', async request => {
    mustRule(context, request);
    const user = people.find(param(request, 'name'));
    if (user) people.strip(user.oid);
    return {};
  });
}

function mustRule({ people }: ArmContext, request: FastifyRequest): void {
  const caller = callerOfRequest(request);
  if (caller && people.may(caller, 'Microsoft.Authorization/roleAssignments/write', '/')) return;
  throw new ArmError(403, 'AuthorizationFailed', 'Only who may assign roles everywhere may make users here.');
}
