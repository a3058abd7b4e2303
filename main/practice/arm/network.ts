/** Microsoft.Network: interfaces, public addresses, load balancers, networks, and the status of asynchronous operations. */
import type { FastifyInstance } from 'fastify';
import { type ArmContext, idIn, page, param } from './context.ts';
import { ArmError, resourceNotFound } from './errors.ts';
import type { ResourceType } from './resources.ts';
import { subscriptionList } from './subscriptionList.ts';
import { subnetView, view } from './views.ts';

const group = '/subscriptions/:subscription/resourceGroups/:group/providers';

export function networkRoutes(app: FastifyInstance, context: ArmContext): void {
  const { world } = context;
  for (const type of [
    'Microsoft.Network/networkInterfaces',
    'Microsoft.Network/publicIPAddresses',
    'Microsoft.Network/loadBalancers',
    'Microsoft.Network/applicationSecurityGroups',
    'Microsoft.Network/virtualNetworks',
    'Microsoft.Network/routeTables',
  ] satisfies ResourceType[]) {
    subscriptionList(app, context, type, resource => view(world, resource));
    app.get(`${group}/${type}/:name`, async request => {
      const found = world.get(type, idIn(request, type));
      if (!found) throw resourceNotFound(type, param(request, 'name'), param(request, 'group'));
      return view(world, found);
    });
  }

  const vnets = 'Microsoft.Network/virtualNetworks';
  const subnetsOf = (request: Parameters<typeof param>[0]) => {
    const found = world.get(vnets, idIn(request, vnets));
    if (!found) throw resourceNotFound(vnets, param(request, 'name'), param(request, 'group'));
    return found.properties.subnets;
  };
  app.get(`${group}/${vnets}/:name/subnets`, async request =>
    page(context, request, subnetsOf(request), subnetView),
  );
  app.get(`${group}/${vnets}/:name/subnets/:subnet`, async request => {
    const wanted = param(request, 'subnet').toLowerCase();
    const subnet = subnetsOf(request).find(one => one.name.toLowerCase() === wanted);
    if (subnet) return subnetView(subnet);
    const id = `${idIn(request, vnets)}/subnets/${param(request, 'subnet')}`;
    throw new ArmError(404, 'NotFound', `Resource ${id} not found.`, []);
  });

  app.post(`${group}/${vnets}/:name/listNetworkManagerEffectiveSecurityAdminRules`, async request => {
    const id = idIn(request, vnets);
    if (!world.get(vnets, id)) throw resourceNotFound(vnets, param(request, 'name'), param(request, 'group'));
    return { value: world.adminRules.get(id.toLowerCase()) ?? [], skipToken: '' };
  });

  const operations = '/subscriptions/:subscription/providers/:provider/locations/:location';
  app.get(`${operations}/operations/:operation`, async (request, reply) => {
    const { state: status, error } = await context.operations.state(param(request, 'operation'));
    if (status === 'InProgress') reply.header('retry-after', '1');
    return { status, ...(status === 'Failed' || status === 'Canceled' ? { error } : {}) };
  });
  app.get(`${operations}/operationResults/:operation`, async (request, reply) => {
    const { state: status, error } = await context.operations.state(param(request, 'operation'));
    if (status === 'Failed' || status === 'Canceled')
      throw new ArmError(409, error?.code ?? status, error?.message ?? status);
    reply.code(status === 'InProgress' ? 202 : 200);
    if (status === 'InProgress') reply.header('location', request.url).header('retry-after', '1');
    return undefined;
  });
}
