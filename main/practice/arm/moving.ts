/**
 * What people do to the surroundings of a VM behind our back: delete it, put its interface behind another NSG or behind
 * none, take an NSG off a subnet, delete an NSG; and the tags of network resources (PATCH).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ArmContext, bodyOf, follow, idIn, param } from './context.ts';
import { ArmError, resourceNotFound } from './errors.ts';
import type { NetworkSecurityGroup, Ref, ResourceOf, ResourceType } from './resources.ts';
import { checkTags } from './tags.ts';
import { subnetView, view } from './views.ts';

const base = '/subscriptions/:subscription/resourceGroups/:group/providers';
const vms = 'Microsoft.Compute/virtualMachines';
const nics = 'Microsoft.Network/networkInterfaces';
const nsgs = 'Microsoft.Network/networkSecurityGroups';
const vnets = 'Microsoft.Network/virtualNetworks';
const addresses = 'Microsoft.Network/publicIPAddresses';

export function movingRoutes(app: FastifyInstance, context: ArmContext): void {
  const { world } = context;
  app.delete(`${base}/${vms}/:name`, async (request, reply) => {
    const vm = world.vm(idIn(request, vms));
    return gone(context, request, reply, vm, () => vm && removeVm(context, vm));
  });
  app.delete(`${base}/${nsgs}/:name`, async (request, reply) => {
    const nsg = world.nsg(idIn(request, nsgs));
    if (nsg) mustBeUnused(nsg);
    return gone(context, request, reply, nsg, () => nsg && world.remove(nsg));
  });

  app.put(`${base}/${nics}/:name`, async (request, reply) => {
    const nic = found(context, request, nics);
    const wanted = gateIn(context, request);
    const operation = context.operations.start(nic.id.toLowerCase(), () => {
      world.beforeChange(nic.id.toLowerCase());
      associate(context, nic, 'networkInterfaces', wanted);
    });
    follow(context, request, reply, operation, place(nic));
    return view(world, nic);
  });
  app.put(`${base}/${vnets}/:name/subnets/:subnet`, async (request, reply) => {
    const vnet = found(context, request, vnets);
    const name = param(request, 'subnet').toLowerCase();
    const subnet = vnet.properties.subnets.find(one => one.name.toLowerCase() === name);
    if (!subnet) throw new ArmError(404, 'NotFound', `Resource ${vnet.id}/subnets/${name} not found.`, []);
    const wanted = gateIn(context, request);
    const operation = context.operations.start(vnet.id.toLowerCase(), () => {
      world.beforeChange(vnet.id.toLowerCase());
      associate(context, subnet, 'subnets', wanted);
    });
    follow(context, request, reply, operation, place(vnet));
    return subnetView(subnet);
  });

  for (const type of [nics, nsgs, vnets, addresses] as const) {
    app.patch(`${base}/${type}/:name`, async request => {
      const resource = found(context, request, type);
      const tags = checkTags(bodyOf(request)['tags'] ?? {});
      world.beforeChange(resource.id.toLowerCase());
      resource.tags = tags;
      return view(world, resource);
    });
  }
}

function found<Type extends ResourceType>(
  { world }: ArmContext,
  request: FastifyRequest,
  type: Type,
): ResourceOf<Type> {
  const resource = world.get(type, idIn(request, type));
  if (!resource) throw resourceNotFound(type, param(request, 'name'), param(request, 'group'));
  return resource;
}

/** A removal: 204 for what is not there, else done at once or followed. */
function gone(
  context: ArmContext,
  request: FastifyRequest,
  reply: FastifyReply,
  resource: { id: string; location: string; type: string } | undefined,
  remove: () => void,
): undefined {
  if (!resource) {
    reply.code(204);
    return undefined;
  }
  const operation = context.operations.start(resource.id.toLowerCase(), remove);
  follow(context, request, reply, operation, { ...place(resource), final: true });
  reply.code(operation === undefined ? 200 : 202);
  return undefined;
}

function place({ type, location }: { type: string; location: string }) {
  return { provider: type.split('/')[0] ?? '', location, final: false };
}

/** The VM with its interfaces and public addresses, as if made with `deleteOption: Delete`. */
function removeVm({ world }: ArmContext, vm: ResourceOf<typeof vms>): void {
  for (const { id } of vm.properties.networkProfile.networkInterfaces) {
    const nic = world.get(nics, id);
    if (!nic) continue;
    associate({ world }, nic, 'networkInterfaces', undefined);
    for (const { properties } of nic.properties.ipConfigurations) {
      const address = properties.publicIPAddress && world.get(addresses, properties.publicIPAddress.id);
      if (address) world.remove(address);
    }
    for (const vnet of world.all(vnets))
      for (const { properties } of vnet.properties.subnets)
        properties.ipConfigurations = properties.ipConfigurations.filter(
          ref => !ref.id.toLowerCase().startsWith(`${id.toLowerCase()}/`),
        );
    world.remove(nic);
  }
  world.remove(vm);
}

function mustBeUnused({ id, properties }: NetworkSecurityGroup): void {
  const users = [...properties.networkInterfaces, ...properties.subnets];
  if (users.length === 0) return;
  throw new ArmError(
    400,
    'InUseNetworkSecurityGroupCannotBeDeleted',
    `Network security group ${id} cannot be deleted because it is in use by the following resources: ${users.map(user => user.id).join(', ')}.`,
  );
}

/** The NSG a body names; undefined where it names none. Throws 400 for one that is not there. */
function gateIn({ world }: ArmContext, request: FastifyRequest): NetworkSecurityGroup | undefined {
  const properties = bodyOf(request)['properties'] as { networkSecurityGroup?: Ref | null } | undefined;
  const id = properties?.networkSecurityGroup?.id;
  if (id === undefined) return undefined;
  const nsg = world.nsg(id);
  if (nsg) return nsg;
  throw new ArmError(
    400,
    'InvalidResourceReference',
    `Resource ${id} referenced by resource ${request.url.split('?')[0]} was not found.`,
    [],
  );
}

function associate(
  { world }: Pick<ArmContext, 'world'>,
  one: { id: string; properties: { networkSecurityGroup?: Ref | undefined } },
  as: 'networkInterfaces' | 'subnets',
  wanted: NetworkSecurityGroup | undefined,
): void {
  const id = one.id.toLowerCase();
  const before = one.properties.networkSecurityGroup && world.nsg(one.properties.networkSecurityGroup.id);
  if (before) before.properties[as] = before.properties[as].filter(ref => ref.id.toLowerCase() !== id);
  one.properties.networkSecurityGroup = wanted && { id: wanted.id };
  wanted?.properties[as].push({ id: one.id });
}
