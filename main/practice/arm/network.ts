/** Microsoft.Network: interfaces, public addresses, networks, effective rules, and the status of asynchronous operations. */
import type { FastifyInstance } from 'fastify';
import { type ArmContext, idIn, page, param } from './context.ts';
import { ArmError, resourceNotFound } from './errors.ts';
import type { NetworkInterface, Ref, ResourceType, RuleProperties } from './resources.ts';
import { subscriptionList } from './subscriptionList.ts';
import { defaultRules, subnetView, view } from './views.ts';

const group = '/subscriptions/:subscription/resourceGroups/:group/providers';

export function networkRoutes(app: FastifyInstance, context: ArmContext): void {
  const { world } = context;
  for (const type of [
    'Microsoft.Network/networkInterfaces',
    'Microsoft.Network/publicIPAddresses',
    'Microsoft.Network/loadBalancers',
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

  const nics = 'Microsoft.Network/networkInterfaces';
  app.post(`${group}/${nics}/:name/effectiveNetworkSecurityGroups`, async request => {
    const nic = world.get(nics, idIn(request, nics));
    if (!nic) throw resourceNotFound(nics, param(request, 'name'), param(request, 'group'));
    if (world.powerOf(nic.properties.virtualMachine.id) !== 'running')
      throw new ArmError(
        400,
        'NetworkInterfaceNotAttachedToRunningVM',
        `Network interface ${nic.id} must be attached to a running VM.`,
      );
    return { value: effective(context, nic) };
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

/** The rules in force on an interface, subnet first. */
function effective({ world }: ArmContext, nic: NetworkInterface): object[] {
  const subnetId = nic.properties.ipConfigurations[0]?.properties.subnet.id ?? '';
  const vnet = world.get(
    'Microsoft.Network/virtualNetworks',
    subnetId.slice(0, subnetId.indexOf('/subnets/')),
  );
  const subnet = vnet?.properties.subnets.find(one => one.id === subnetId);
  const gates: [object, Ref | undefined][] = [
    [{ subnet: { id: subnetId } }, subnet?.properties.networkSecurityGroup],
    [{ networkInterface: { id: nic.id } }, nic.properties.networkSecurityGroup],
  ];
  return gates.flatMap(([association, ref]) => {
    const nsg = ref && world.nsg(ref.id);
    if (!nsg) return [];
    const own = nsg.properties.rules.flatMap(({ name, inForce }) =>
      inForce ? [effectiveRule(`securityRules/${name}`, inForce)] : [],
    );
    const defaults = defaultRules(nsg).map(rule => {
      const { name, properties } = rule as { name: string; properties: RuleProperties };
      return effectiveRule(`defaultSecurityRules/${name}`, properties);
    });
    return [
      { networkSecurityGroup: { id: nsg.id }, association, effectiveSecurityRules: [...own, ...defaults] },
    ];
  });
}

function effectiveRule(name: string, rule: RuleProperties): object {
  const ports = (one: string | undefined, many: string[]) =>
    (one === undefined ? many : [one]).map(text =>
      text === '*' ? '0-65535' : text.includes('-') ? text : `${text}-${text}`,
    );
  const addresses = (one: string | undefined, many: string[]) =>
    (one === undefined ? many : [one]).map(text => (text === '*' ? '0.0.0.0/0' : text));
  const sources = addresses(rule.sourceAddressPrefix, rule.sourceAddressPrefixes);
  const destinations = addresses(rule.destinationAddressPrefix, rule.destinationAddressPrefixes);
  return {
    name,
    protocol: rule.protocol === '*' ? 'All' : rule.protocol,
    sourcePortRanges: ports(rule.sourcePortRange, rule.sourcePortRanges),
    destinationPortRanges: ports(rule.destinationPortRange, rule.destinationPortRanges),
    sourceAddressPrefixes: sources,
    destinationAddressPrefixes: destinations,
    access: rule.access,
    priority: rule.priority,
    direction: rule.direction,
  };
}
