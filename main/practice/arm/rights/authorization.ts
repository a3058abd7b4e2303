/** Microsoft.Authorization: the caller's permissions, role definitions and role assignments, at every scope there is. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type ArmContext, callerOfRequest, page, param, query } from '../context.ts';
import { ArmError } from '../errors.ts';
import { type Assignment, isWithin, type People, type Role } from './people.ts';

const texts = z.array(z.string()).nullish();
const definitionBody = z.object({
  properties: z.object({
    roleName: z.string().min(1).max(128),
    description: z.string().nullish(),
    permissions: z.array(
      z.object({ actions: texts, notActions: texts, dataActions: texts, notDataActions: texts }),
    ),
    assignableScopes: z.array(z.string().startsWith('/')).min(1),
  }),
});
const assignmentBody = z.object({
  properties: z.object({ roleDefinitionId: z.string(), principalId: z.string() }),
});

const provider = 'providers/Microsoft.Authorization';
const inGroup = '/subscriptions/:subscription/resourceGroups/:group';
/** Paths of all scopes there are, as route prefixes. */
export const everyScope = [
  '',
  '/subscriptions/:subscription',
  inGroup,
  `${inGroup}/providers/:provider/:type/:name`,
  `${inGroup}/providers/:provider/:type/:name/:subtype/:subname`,
];

export function authorizationRoutes(app: FastifyInstance, context: ArmContext): void {
  const { people } = context;
  for (const scope of everyScope) {
    const at = `${scope}/${provider}`;
    app.get(`${at}/permissions`, async request => {
      const caller = callerOfRequest(request);
      const own = caller ? people.permissionsAt(caller, scopeIn(request)) : [];
      return page(context, request, own, permission => permission);
    });

    app.get(`${at}/roleDefinitions`, async request => {
      const here = scopeIn(request);
      const filter = query(request, '$filter') ?? '';
      const [, name] = /roleName eq '([^']*)'/i.exec(filter) ?? [];
      const [, type] = /type eq '([^']*)'/i.exec(filter) ?? [];
      const found = [...people.roles.values()].filter(
        role =>
          role.assignableScopes.some(one => isWithin(here, one)) &&
          (name === undefined || role.name === name) &&
          (type === undefined || typeOf(role).toLowerCase() === type.toLowerCase()),
      );
      return page(context, request, found, role => definitionView(here, role));
    });
    app.get(`${at}/roleDefinitions/:id`, async request =>
      definitionView(scopeIn(request), roleOf(people, param(request, 'id'))),
    );
    app.put(`${at}/roleDefinitions/:id`, async (request, reply) => {
      const { properties } = bodyAs(definitionBody, request);
      const id = param(request, 'id').toLowerCase();
      const taken = [...people.roles.values()].find(role => role.name === properties.roleName);
      if (taken && taken.id !== id)
        throw new ArmError(
          409,
          'RoleDefinitionWithSameNameExists',
          'A custom role with the same name already exists in this directory. Use a different name.',
        );
      const role = define(people, id, properties);
      return reply.code(201).send(definitionView(scopeIn(request), role));
    });
    app.delete(`${at}/roleDefinitions/:id`, async (request, reply) => {
      const role = roleOf(people, param(request, 'id'));
      if ([...people.assignments.values()].some(one => one.role === role.id))
        throw new ArmError(
          400,
          'RoleDefinitionHasAssignments',
          'There are existing role assignments referencing role.',
        );
      people.roles.delete(role.id);
      return reply.send(definitionView(scopeIn(request), role));
    });

    app.get(`${at}/roleAssignments`, async request => {
      const here = scopeIn(request);
      const filter = query(request, '$filter') ?? '';
      const [, who] = /(?:assignedTo\(|principalId eq )'([^']*)'/i.exec(filter) ?? [];
      const found = [...people.assignments.values()].filter(
        ({ scope, principal }) =>
          (isWithin(here, scope) || (!/atScope\(\)/i.test(filter) && isWithin(scope, here))) &&
          (who === undefined || who.toLowerCase() === principal),
      );
      return page(context, request, found, assignmentView);
    });
    app.put(`${at}/roleAssignments/:id`, async (request, reply) => {
      const { roleDefinitionId, principalId } = bodyAs(assignmentBody, request).properties;
      const role = roleOf(people, roleDefinitionId.split('/').at(-1) ?? '');
      if (!people.all().some(({ oid }) => oid === principalId.toLowerCase()))
        throw new ArmError(
          400,
          'PrincipalNotFound',
          `Principal ${principalId} does not exist in the directory.`,
        );
      const id = param(request, 'id').toLowerCase();
      const made = people.assign(principalId.toLowerCase(), role.id, scopeIn(request), id);
      return reply.code(201).send(assignmentView(made));
    });
    app.delete(`${at}/roleAssignments/:id`, async (request, reply) => {
      const found = people.assignments.get(param(request, 'id').toLowerCase());
      if (!found) return reply.code(204).send();
      people.assignments.delete(found.id);
      return assignmentView(found);
    });
  }
}

type Definition = z.infer<typeof definitionBody>['properties'];

/** Puts a custom role in, or changes it. */
export function define(people: People, id: string, given: Definition): Role {
  const role: Role = {
    id,
    name: given.roleName,
    description: given.description ?? '',
    custom: true,
    permissions: given.permissions.map(one => ({
      actions: one.actions ?? [],
      notActions: one.notActions ?? [],
      dataActions: one.dataActions ?? [],
      notDataActions: one.notDataActions ?? [],
    })),
    assignableScopes: given.assignableScopes,
  };
  people.roles.set(id, role);
  return role;
}

/** What stands before the last `/providers/Microsoft.Authorization` of a path: `/` where nothing does. */
export function scopeIn(request: FastifyRequest): string {
  const path = decodeURIComponent(request.url.split('?')[0] ?? '').replace(/\/{2,}/g, '/');
  return path.slice(0, path.toLowerCase().lastIndexOf(`/${provider.toLowerCase()}`)) || '/';
}

function bodyAs<T>(shape: z.ZodType<T>, request: FastifyRequest): T {
  const read = shape.safeParse(request.body);
  if (read.success) return read.data;
  throw new ArmError(400, 'InvalidRequestContent', z.prettifyError(read.error));
}

function roleOf(people: People, id: string): Role {
  const role = people.roles.get(id.toLowerCase());
  if (role) return role;
  throw new ArmError(
    404,
    'RoleDefinitionDoesNotExist',
    `The specified role definition with ID '${id}' does not exist.`,
  );
}

const typeOf = (role: Role): string => (role.custom ? 'CustomRole' : 'BuiltInRole');
const under = (scope: string): string => (scope === '/' ? '' : scope);

function definitionView(scope: string, role: Role): object {
  const { id, name, description, permissions, assignableScopes } = role;
  return {
    id: `${under(/^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? '/')}/${provider}/roleDefinitions/${id}`,
    name: id,
    type: 'Microsoft.Authorization/roleDefinitions',
    properties: { roleName: name, type: typeOf(role), description, assignableScopes, permissions },
  };
}

function assignmentView({ id, principal, role, scope }: Assignment): object {
  const subscription = under(/^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? '/');
  return {
    id: `${under(scope)}/${provider}/roleAssignments/${id}`,
    name: id,
    type: 'Microsoft.Authorization/roleAssignments',
    properties: {
      roleDefinitionId: `${subscription}/${provider}/roleDefinitions/${role}`,
      principalId: principal,
      principalType: 'User',
      scope,
    },
  };
}
