/** Microsoft.Security: just-in-time policies with all their operations (reference section 1.2), and plans. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type ArmContext, bodyOf, callerOfRequest, idIn, page, param, scopeOf } from '../context.ts';
import { ArmError, resourceNotFound } from '../errors.ts';
import { permit } from '../rights/permissions.ts';
import type { JitPolicy } from './data.ts';
import { readInitiate, readPolicy } from './input.ts';
import type { Requests } from './requests.ts';
import { writeDenies } from './rules.ts';

const type = 'Microsoft.Security/locations/jitNetworkAccessPolicies';
const security = 'providers/Microsoft.Security';

export function defenderRoutes(app: FastifyInstance, context: ArmContext, requests: Requests): void {
  const { world } = context;
  app.addHook('onRequest', async () => requests.look());
  const [ofSubscription, ofGroup] = [
    '/subscriptions/:subscription',
    '/subscriptions/:subscription/resourceGroups/:group',
  ];
  for (const scope of [ofSubscription, ofGroup]) {
    for (const region of ['', '/locations/:location'])
      app.get(`${scope}/${security}${region}/jitNetworkAccessPolicies`, async request => {
        needsPlan(context, request);
        const start = `/subscriptions/${scopeOf(request).subscription}/`.toLowerCase();
        const group = scopeOf(request).group.toLowerCase();
        const location = param(request, 'location').toLowerCase();
        const found = [...world.defender.policies.values()].filter(
          ({ id, ...policy }) =>
            id.toLowerCase().startsWith(start) &&
            (group === '' || id.toLowerCase().startsWith(`${start}resourcegroups/${group}/`)) &&
            (location === '' || policy.location.toLowerCase() === location),
        );
        return page(context, request, found, view);
      });
  }

  const one = `${ofGroup}/${security}/locations/:location/jitNetworkAccessPolicies/:name`;
  app.get(one, async request => view(policyOf(context, request)));
  app.put(one, async request => put(context, requests, request));
  app.delete(one, async (request, reply) => {
    needsPlan(context, request);
    const found = world.defender.policy(idOfPolicy(request));
    if (found) remove(context, requests, found);
    reply.code(found ? 200 : 204);
    return undefined;
  });
  app.post(`${one}/initiate`, async (request, reply) => {
    const policy = policyOf(context, request);
    const at = { now: context.now(), caller: request.ip, traits: world.defender.traits };
    const { ports, justification } = readInitiate(policy, request.body, at);
    const made = requests.begin(ports, callerOfRequest(request)?.upn ?? '', justification);
    // What is told is how it stands now; the record is another one, and changes.
    const told = structuredClone(made);
    context.operations.start(policy.id.toLowerCase(), () => requests.open(policy, made));
    reply.code(202);
    return told;
  });

  const plans = `${ofSubscription}/${security}/pricings`;
  app.get(plans, async request => ({ value: [pricing(context, request)] }));
  app.get(`${plans}/:name`, async request => {
    if (param(request, 'name').toLowerCase() === 'virtualmachines') return pricing(context, request);
    throw new ArmError(404, 'ResourceNotFound', `The plan '${param(request, 'name')}' was not found.`);
  });
}

/** The whole policy is what the body says; who is not in it is not protected any more. */
function put(context: ArmContext, requests: Requests, request: FastifyRequest): object {
  needsPlan(context, request);
  const { world } = context;
  const id = idOfPolicy(request);
  const body = readPolicy(bodyOf(request));
  for (const vm of body.virtualMachines) {
    if (!world.vm(vm.id))
      throw new ArmError(404, 'ResourceNotFound', `The virtual machine '${vm.id}' was not found.`);
  }
  const found = world.defender.policy(id);
  // Documented, reference 3.1: who protects a VM must be allowed to write it, too.
  const caller = callerOfRequest(request);
  for (const vm of caller ? body.virtualMachines : []) {
    const same = found?.virtualMachines.some(one => JSON.stringify(one) === JSON.stringify(vm));
    if (caller && !same) permit(context.people, caller, 'PUT', vm.id);
  }
  const old = found?.virtualMachines ?? [];
  const policy: JitPolicy = found ?? {
    id,
    name: param(request, 'name'),
    location: param(request, 'location'),
    ...body,
  };
  // Requests under way are the service's own; of those that are over only what the client sends back is kept.
  const running = (found?.requests ?? []).filter(one =>
    world.defender.open.some(open => open.request === one),
  );
  const known = new Set(running.map(one => one.startTimeUtc));
  Object.assign(policy, body, {
    requests: [...body.requests.filter(one => !known.has(one.startTimeUtc)), ...running],
  });
  world.defender.policies.set(id.toLowerCase(), policy);
  context.operations.start(id.toLowerCase(), () => {
    const now = context.now();
    const kept = new Set(policy.virtualMachines.map(vm => vm.id.toLowerCase()));
    for (const vm of old.filter(one => !kept.has(one.id.toLowerCase())))
      release(context, requests, policy, vm);
    for (const vm of policy.virtualMachines) writeDenies(world, now, policy, vm, true);
  });
  return view(policy);
}

function remove(context: ArmContext, requests: Requests, policy: JitPolicy): void {
  context.world.defender.policies.delete(policy.id.toLowerCase());
  context.operations.start(policy.id.toLowerCase(), () => {
    for (const vm of policy.virtualMachines) release(context, requests, policy, vm);
  });
}

function release(
  context: ArmContext,
  requests: Requests,
  policy: JitPolicy,
  vm: JitPolicy['virtualMachines'][number],
): void {
  const { world } = context;
  const open = world.defender.open.filter(
    one => one.policy === policy.id.toLowerCase() && one.vm.toLowerCase() === vm.id.toLowerCase(),
  );
  for (const each of open) requests.end(each, 'UserRequested');
  writeDenies(world, context.now(), policy, vm, false);
}

function view(policy: JitPolicy): object {
  const { id, name, location, kind, virtualMachines, requests, more } = policy;
  return {
    kind,
    properties: { virtualMachines, requests, ...more, provisioningState: 'Succeeded' },
    id,
    name,
    type,
    location,
  };
}

function policyOf(context: ArmContext, request: FastifyRequest): JitPolicy {
  needsPlan(context, request);
  const found = context.world.defender.policy(idOfPolicy(request));
  if (found) return found;
  throw resourceNotFound(type, param(request, 'name'), param(request, 'group'));
}

function idOfPolicy(request: FastifyRequest): string {
  return idIn(request, `Microsoft.Security/locations/${param(request, 'location')}/jitNetworkAccessPolicies`);
}

/** Without Defender for Servers Plan 2 every call is refused (reference 1.4). */
function needsPlan(context: ArmContext, request: FastifyRequest): void {
  const { subscription } = scopeOf(request);
  if (context.world.defender.plans.has(subscription.toLowerCase())) return;
  throw new ArmError(
    403,
    'Forbidden',
    `Just-in-time network access requires a standard tier: subscription '${subscription}' has none for VirtualMachines.`,
  );
}

function pricing(context: ArmContext, request: FastifyRequest): object {
  const { subscription } = scopeOf(request);
  const has = context.world.defender.plans.has(subscription.toLowerCase());
  return {
    id: `/subscriptions/${subscription}/providers/Microsoft.Security/pricings/VirtualMachines`,
    name: 'VirtualMachines',
    type: 'Microsoft.Security/pricings',
    properties: has
      ? { pricingTier: 'Standard', subPlan: 'P2', freeTrialRemainingTime: 'PT0S' }
      : { pricingTier: 'Free', freeTrialRemainingTime: 'P30D' },
  };
}
