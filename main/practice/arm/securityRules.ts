/** Microsoft.Network/networkSecurityGroups and their securityRules. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type ArmContext,
  bodyOf,
  callerOfRequest,
  follow,
  idIn,
  page,
  param,
  scopeOf,
  troubleOf,
} from './context.ts';
import { ArmError, resourceNotFound } from './errors.ts';
import type { NetworkSecurityGroup, RuleProperties, SecurityRule } from './resources.ts';
import { operationName, permitLinked, scopeOfRequest } from './rights/permissions.ts';
import { readRule } from './ruleInput.ts';
import { subscriptionList } from './subscriptionList.ts';
import { nsgView, ruleView } from './views.ts';

const type = 'Microsoft.Network/networkSecurityGroups';
const base = `/subscriptions/:subscription/resourceGroups/:group/providers/${type}`;

export function securityRuleRoutes(app: FastifyInstance, context: ArmContext): void {
  subscriptionList(app, context, type, nsgView);
  app.get(`${base}/:name`, async request => nsgView(nsgOf(context, request)));
  app.put(`${base}/:name`, async (request, reply) => putNsg(context, request, reply));

  app.get(`${base}/:name/securityRules`, async request => {
    const nsg = nsgOf(context, request);
    return page(context, request, nsg.properties.rules, rule => ruleView(nsg, rule));
  });
  app.get(`${base}/:name/securityRules/:rule`, async request => {
    const nsg = nsgOf(context, request);
    const rule = ruleOf(nsg, param(request, 'rule'));
    if (rule) return ruleView(nsg, rule);
    const id = `${nsg.id}/securityRules/${param(request, 'rule')}`;
    throw new ArmError(404, 'NotFound', `Resource ${id} not found.`, []);
  });
  app.put(`${base}/:name/securityRules/:rule`, async (request, reply) => putRule(context, request, reply));
  app.delete(`${base}/:name/securityRules/:rule`, async (request, reply) =>
    deleteRule(context, request, reply),
  );
}

/** The etag a client sends is ignored, as in Azure (reference §7.3): there is no compare-and-swap. */
function putRule(context: ArmContext, request: FastifyRequest, reply: FastifyReply): object {
  const nsg = nsgOf(context, request);
  const name = param(request, 'rule');
  const properties = readRule(nsg, name, request.body);
  mayName(context, request, properties);
  context.world.beforeChange(nsg.id.toLowerCase());
  const found = ruleOf(nsg, name);
  const rule: SecurityRule = found ?? { name, etag: '', state: 'Updating', properties };
  if (!found) nsg.properties.rules.push(rule);
  write(rule, properties);
  follow(context, request, reply, startWrite(context, request, nsg, rule), where(nsg, false));
  reply.code(found ? 200 : 201);
  return ruleView(nsg, rule);
}

/** Naming an application security group in a rule takes a right at that group. */
function mayName({ people }: ArmContext, request: FastifyRequest, rule: RuleProperties): void {
  const caller = callerOfRequest(request);
  const path = request.url.split('?')[0] ?? '';
  const done = { action: operationName('PUT', path), scope: scopeOfRequest('PUT', path) };
  for (const { id } of [
    ...(rule.sourceApplicationSecurityGroups ?? []),
    ...(rule.destinationApplicationSecurityGroups ?? []),
  ]) {
    const action = 'Microsoft.Network/applicationSecurityGroups/joinNetworkSecurityRule/action';
    if (caller) permitLinked(people, caller, done, { action, scope: id });
  }
}

function deleteRule(context: ArmContext, request: FastifyRequest, reply: FastifyReply): undefined {
  const nsg = nsgOf(context, request);
  const rule = ruleOf(nsg, param(request, 'rule'));
  if (!rule) {
    reply.code(204);
    return undefined;
  }
  context.world.beforeChange(nsg.id.toLowerCase());
  rule.state = 'Deleting';
  rule.etag = newEtag();
  const operation = context.operations.start(
    nsg.id.toLowerCase(),
    () => {
      if (rule.state === 'Deleting') nsg.properties.rules.splice(nsg.properties.rules.indexOf(rule), 1);
    },
    troubleOf(request, () => failed(rule)),
  );
  follow(context, request, reply, operation, where(nsg, true));
  reply.code(operation === undefined ? 200 : 202);
  return undefined;
}

/** Writes a whole NSG: rules that the body does not name go. A colleague's rule may be lost so; that is the API's nature. */
function putNsg(context: ArmContext, request: FastifyRequest, reply: FastifyReply): object {
  const { subscription, group } = scopeOf(request);
  const body = bodyOf(request);
  const id = idIn(request, type);
  const found = context.world.nsg(id);
  const location = typeof body['location'] === 'string' ? body['location'] : undefined;
  if (location === undefined)
    throw new ArmError(400, 'LocationRequired', 'The location property is required for this definition.');
  const nsg: NetworkSecurityGroup = found ?? {
    id,
    name: param(request, 'name'),
    type,
    location: context.world.group(subscription, group)?.location ?? location,
    properties: { rules: [], networkInterfaces: [], subnets: [] },
  };
  const given =
    (body['properties'] as { securityRules?: { name?: string }[] } | undefined)?.securityRules ?? [];
  const draft: NetworkSecurityGroup = { ...nsg, properties: { ...nsg.properties, rules: [] } };
  for (const one of given) {
    const name = one.name ?? '';
    const properties = readRule(draft, name, one);
    const old = ruleOf(nsg, name);
    draft.properties.rules.push({ name, etag: '', state: 'Updating', properties, inForce: old?.inForce });
  }
  if (!found) context.world.add(nsg);
  context.world.beforeChange(id.toLowerCase());
  if (typeof body['tags'] === 'object' && body['tags'] !== null)
    nsg.tags = body['tags'] as Record<string, string>;
  const before = nsg.properties.rules;
  const leaving = before.filter(one => !ruleOf(draft, one.name));
  for (const rule of leaving) rule.state = 'Deleting';
  nsg.properties.rules = [...draft.properties.rules, ...leaving];
  for (const rule of draft.properties.rules) write(rule, rule.properties);
  const operation = context.operations.start(id.toLowerCase(), () => {
    nsg.properties.rules = nsg.properties.rules.filter(
      rule => !leaving.includes(rule) || rule.state !== 'Deleting',
    );
    for (const rule of draft.properties.rules) settle(rule);
  });
  follow(context, request, reply, operation, where(nsg, false));
  reply.code(found ? 200 : 201);
  return nsgView(nsg);
}

function write(rule: SecurityRule, properties: SecurityRule['properties']): void {
  rule.properties = properties;
  rule.state = 'Updating';
  rule.etag = newEtag();
}

function startWrite(
  context: ArmContext,
  request: FastifyRequest,
  nsg: NetworkSecurityGroup,
  rule: SecurityRule,
): string | undefined {
  const { etag, properties } = rule;
  return context.operations.start(
    nsg.id.toLowerCase(),
    () => {
      rule.inForce = properties;
      // A later write of the same rule is still on its way: it settles the rule, not this one.
      if (rule.etag === etag) settle(rule);
    },
    troubleOf(request, () => {
      if (rule.etag === etag) failed(rule);
    }),
  );
}

/** A write that failed leaves the rule as it was asked for, in the list and not in force (or still in force). */
function failed(rule: SecurityRule): void {
  rule.state = 'Failed';
}

function settle(rule: SecurityRule): void {
  rule.state = 'Succeeded';
  rule.inForce = rule.properties;
}

function nsgOf(context: ArmContext, request: FastifyRequest): NetworkSecurityGroup {
  const found = context.world.nsg(idIn(request, type));
  if (!found) throw resourceNotFound(type, param(request, 'name'), param(request, 'group'));
  return found;
}

function ruleOf(nsg: NetworkSecurityGroup, name: string): SecurityRule | undefined {
  return nsg.properties.rules.find(rule => rule.name.toLowerCase() === name.toLowerCase());
}

function where(nsg: NetworkSecurityGroup, final: boolean) {
  return { provider: 'Microsoft.Network', location: nsg.location, final };
}

function newEtag(): string {
  return `W/"${randomUUID()}"`;
}
