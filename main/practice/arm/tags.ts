/** `Microsoft.Resources/tags/default` at a resource, a group or a subscription: reading, replacing, merging and deleting tags. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type ArmContext, param, scopeOf } from './context.ts';
import { ArmError, resourceNotFound } from './errors.ts';

const tagsBody = z.object({
  operation: z.enum(['Merge', 'Replace', 'Delete']).optional(),
  properties: z.object({ tags: z.unknown().optional() }).optional(),
});
type Tags = Record<string, string>;

const limits = { count: 50, name: 512, value: 256 };

export function tagRoutes(app: FastifyInstance, context: ArmContext): void {
  const scopes = [
    '/subscriptions/:subscription',
    '/subscriptions/:subscription/resourceGroups/:group',
    '/subscriptions/:subscription/resourceGroups/:group/providers/:provider/:type/:name',
  ];
  for (const scope of scopes) {
    const path = `${scope}/providers/Microsoft.Resources/tags/default`;
    app.get(path, async request => tagsView(targetOf(context, request)));
    app.put(path, async request => change(context, request, 'Replace'));
    app.patch(path, async request => change(context, request, undefined));
    app.delete(path, async request => {
      const target = targetOf(context, request);
      context.world.beforeChange(target.id.toLowerCase());
      target.owner.tags = undefined;
      return undefined;
    });
  }
}

interface Target {
  id: string;
  owner: { tags?: Tags | undefined };
}

function targetOf({ world }: ArmContext, request: FastifyRequest): Target {
  const { subscription, group } = scopeOf(request);
  const name = param(request, 'name');
  if (name !== '') {
    const type = `${param(request, 'provider')}/${param(request, 'type')}`;
    const owner = world.find(
      `/subscriptions/${subscription}/resourceGroups/${group}/providers/${type}/${name}`,
    );
    if (!owner) throw resourceNotFound(type, name, group);
    return { id: owner.id, owner };
  }
  // Both are known to be there: the way in has looked.
  const owner = group === '' ? world.subscription(subscription) : world.group(subscription, group);
  if (!owner) throw new ArmError(404, 'NotFound', 'There is no such scope.');
  return { id: `/subscriptions/${subscription}${group === '' ? '' : `/resourceGroups/${group}`}`, owner };
}

function tagsView({ id, owner }: Target): object {
  return {
    id: `${id}/providers/Microsoft.Resources/tags/default`,
    name: 'default',
    type: 'Microsoft.Resources/tags',
    properties: { tags: owner.tags ?? {} },
  };
}

function change(context: ArmContext, request: FastifyRequest, put: 'Replace' | undefined): object {
  const target = targetOf(context, request);
  const read = tagsBody.safeParse(request.body);
  const operation = put ?? read.data?.operation;
  if (!read.success || operation === undefined)
    throw new ArmError(
      400,
      'InvalidRequestContent',
      "The request content was invalid: 'operation' must be Merge, Replace or Delete.",
    );
  const given = checkTags(read.data.properties?.tags ?? {});
  const next = changed(target.owner.tags ?? {}, operation, given);
  if (Object.keys(next).length > limits.count)
    throw new ArmError(400, 'TooManyTags', `A resource can have at most ${limits.count} tags.`);
  context.world.beforeChange(target.id.toLowerCase());
  target.owner.tags = next;
  return tagsView(target);
}

/** Tag names are the same in any case; values are not. Delete removes a tag only where the value fits, or none is named. */
function changed(before: Tags, operation: 'Merge' | 'Replace' | 'Delete', given: Tags): Tags {
  if (operation === 'Replace') return given;
  const next = { ...before };
  for (const [name, value] of Object.entries(given)) {
    const old = Object.keys(next).find(one => one.toLowerCase() === name.toLowerCase());
    if (operation === 'Merge') next[old ?? name] = value;
    else if (old !== undefined && (value === '' || next[old] === value)) delete next[old];
  }
  return next;
}

/** Tags as a client sent them. Throws 400 for what is no text, too long, or holds `<>%&\?/` in its name. */
export function checkTags(tags: unknown): Tags {
  const read = z.record(z.string(), z.string().nullable()).safeParse(tags);
  if (!read.success) throw new ArmError(400, 'InvalidRequestContent', 'Tags must be an object of texts.');
  const entries = Object.entries(read.data).map(([name, value]) => [name, value ?? ''] as const);
  for (const [name, value] of entries) {
    if (name.length > limits.name || name === '' || /[<>%&\\?/]/.test(name))
      throw new ArmError(400, 'InvalidTagNameCharacters', `The tag name '${name}' is invalid.`);
    if (value.length > limits.value)
      throw new ArmError(
        400,
        'InvalidTagValueLength',
        `The value of the tag '${name}' is longer than ${limits.value} characters.`,
      );
  }
  if (entries.length > limits.count)
    throw new ArmError(400, 'TooManyTags', `A resource can have at most ${limits.count} tags.`);
  return Object.fromEntries(entries);
}
