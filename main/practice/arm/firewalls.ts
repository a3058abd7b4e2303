/**
 * Microsoft.Network/azureFirewalls, firewallPolicies and their ruleCollectionGroups. As in Azure (reference §7.6): rules
 * have no resource of their own, so a PUT replaces the whole; it takes a while, and until then whoever else writes to
 * the same firewall or policy is refused with AnotherOperationInProgress.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ArmContext, bodyOf, callerOfRequest, follow, idIn, page, param, troubleOf } from './context.ts';
import { ArmError, resourceNotFound } from './errors.ts';
import { readClassic, readGroup } from './firewallInput.ts';
import { mappedPorts } from './firewallPath.ts';
import type { AzureFirewall, FirewallPolicy, RuleCollectionGroup } from './resources.ts';
import { permitLinked } from './rights/permissions.ts';
import { subscriptionList } from './subscriptionList.ts';
import { policyView, withoutForce } from './views.ts';

const firewalls = 'Microsoft.Network/azureFirewalls';
const policies = 'Microsoft.Network/firewallPolicies';
const groups = 'Microsoft.Network/firewallPolicies/ruleCollectionGroups';
const base = '/subscriptions/:subscription/resourceGroups/:group/providers';

export function firewallRoutes(app: FastifyInstance, context: ArmContext): void {
  const { world } = context;
  subscriptionList(app, context, firewalls, withoutForce);
  subscriptionList(app, context, policies, policy => policyView(world, policy));
  app.get(`${base}/${firewalls}/:name`, async request => withoutForce(firewallOf(context, request)));
  app.put(`${base}/${firewalls}/:name`, async (request, reply) => putFirewall(context, request, reply));
  app.get(`${base}/${policies}/:name`, async request => policyView(world, policyOf(context, request)));

  const ofPolicy = `${base}/${policies}/:name/ruleCollectionGroups`;
  app.get(ofPolicy, async request => {
    const policy = policyOf(context, request);
    return page(context, request, groupsOf(context, policy), withoutForce);
  });
  app.get(`${ofPolicy}/:child`, async request => {
    const found = groupOf(context, request);
    if (found) return withoutForce(found);
    const id = `${policyOf(context, request).id}/ruleCollectionGroups/${param(request, 'child')}`;
    throw new ArmError(404, 'NotFound', `Resource ${id} not found.`, []);
  });
  app.put(`${ofPolicy}/:child`, async (request, reply) => putGroup(context, request, reply));
  app.delete(`${ofPolicy}/:child`, async (request, reply) => deleteGroup(context, request, reply));
}

/** Replaces the rules of a firewall that is there (none can be made here). What the body does not name goes. */
function putFirewall(context: ArmContext, request: FastifyRequest, reply: FastifyReply): object {
  const firewall = firewallOf(context, request);
  if (firewall.properties.provisioningState === 'Updating') throw busy(firewall.id);
  const read = readClassic(bodyOf(request), firewall);
  mayJoin(context, request, firewall);
  context.world.beforeChange(firewall.id.toLowerCase());
  firewall.tags = read.tags;
  firewall.properties = { ...read.properties, provisioningState: 'Updating' };
  firewall.etag = newEtag();
  const operation = update(context, request, firewall.id, ok => {
    firewall.properties.provisioningState = ok ? 'Succeeded' : 'Failed';
    if (ok) firewall.inForce = firewall.properties.natRuleCollections;
  });
  follow(context, request, reply, operation, at(firewall.location, false));
  return withoutForce(firewall);
}

/** A firewall is written with its addresses and its subnet, and that takes the right to join each (reference 3.3). */
function mayJoin({ people }: ArmContext, request: FastifyRequest, firewall: AzureFirewall): void {
  const caller = callerOfRequest(request);
  const done = { action: 'Microsoft.Network/azureFirewalls/write', scope: firewall.id };
  for (const { properties } of firewall.properties.ipConfigurations) {
    for (const [type, ref] of [
      ['publicIPAddresses', properties.publicIPAddress],
      ['virtualNetworks/subnets', properties.subnet],
    ] as const) {
      const action = `Microsoft.Network/${type}/join/action`;
      if (caller && ref) permitLinked(people, caller, done, { action, scope: ref.id });
    }
  }
}

function putGroup(context: ArmContext, request: FastifyRequest, reply: FastifyReply): object {
  const policy = policyOf(context, request);
  refuseBusy(policy);
  const { priority, ruleCollections } = readGroup(bodyOf(request));
  const found = groupOf(context, request);
  const group: RuleCollectionGroup = found ?? {
    id: `${policy.id}/ruleCollectionGroups/${param(request, 'child')}`,
    name: param(request, 'child'),
    type: groups,
    location: policy.location,
    etag: '',
    properties: { provisioningState: 'Updating', priority, ruleCollections },
    inForce: undefined,
  };
  if (found) context.world.beforeChange(group.id.toLowerCase());
  else context.world.add(group);
  group.properties = { provisioningState: 'Updating', priority, ruleCollections };
  group.etag = newEtag();
  policy.properties.provisioningState = 'Updating';
  const operation = update(context, request, policy.id, ok => {
    policy.properties.provisioningState = 'Succeeded';
    group.properties.provisioningState = ok ? 'Succeeded' : 'Failed';
    if (ok) group.inForce = { priority, ruleCollections };
  });
  follow(context, request, reply, operation, at(policy.location, false));
  reply.code(found ? 200 : 201);
  return withoutForce(group);
}

function deleteGroup(context: ArmContext, request: FastifyRequest, reply: FastifyReply): undefined {
  const policy = policyOf(context, request);
  const group = groupOf(context, request);
  if (!group) {
    reply.code(204);
    return undefined;
  }
  refuseBusy(policy);
  group.properties.provisioningState = 'Deleting';
  policy.properties.provisioningState = 'Updating';
  const operation = update(context, request, policy.id, ok => {
    policy.properties.provisioningState = 'Succeeded';
    if (ok) context.world.remove(group);
    else group.properties.provisioningState = 'Failed';
  });
  follow(context, request, reply, operation, at(policy.location, true));
  reply.code(operation === undefined ? 200 : 202);
  return undefined;
}

/** `settle(ok)` when the update's time is over; not ok where a fault said so. */
function update(
  context: ArmContext,
  request: FastifyRequest,
  id: string,
  settle: (ok: boolean) => void,
): string | undefined {
  const { world, operations, firewallMs } = context;
  const run = (): void => {
    settle(true);
    for (const mapped of mappedPorts(world)) context.machines()?.expose?.(mapped.address, mapped.port);
  };
  return operations.start(
    id.toLowerCase(),
    run,
    troubleOf(request, () => settle(false)),
    firewallMs,
  );
}

/** A policy is busy while one of its groups is written. */
function refuseBusy(policy: FirewallPolicy): void {
  if (policy.properties.provisioningState === 'Updating') throw busy(policy.id);
}

function busy(id: string): ArmError {
  return new ArmError(
    409,
    'AnotherOperationInProgress',
    `Another operation on this or dependent resource is in progress. Resource: ${id}.`,
  );
}

function firewallOf({ world }: ArmContext, request: FastifyRequest): AzureFirewall {
  const found = world.get(firewalls, idIn(request, firewalls));
  if (!found) throw resourceNotFound(firewalls, param(request, 'name'), param(request, 'group'));
  return found;
}

function policyOf({ world }: ArmContext, request: FastifyRequest): FirewallPolicy {
  const found = world.get(policies, idIn(request, policies));
  if (!found) throw resourceNotFound(policies, param(request, 'name'), param(request, 'group'));
  return found;
}

function groupsOf({ world }: ArmContext, policy: FirewallPolicy): RuleCollectionGroup[] {
  const of = `${policy.id}/`.toLowerCase();
  return [...world.all(groups)].filter(group => group.id.toLowerCase().startsWith(of));
}

function groupOf(context: ArmContext, request: FastifyRequest): RuleCollectionGroup | undefined {
  const { id } = policyOf(context, request);
  return context.world.get(groups, `${id}/ruleCollectionGroups/${param(request, 'child')}`);
}

function at(location: string, final: boolean) {
  return { provider: 'Microsoft.Network', location, final };
}

function newEtag(): string {
  return randomUUID();
}
