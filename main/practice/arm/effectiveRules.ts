/** POST effectiveNetworkSecurityGroups: what `az network nic list-effective-nsg` shows of a running VM's interface. */
import type { FastifyInstance } from 'fastify';
import { type ArmContext, idIn, param } from './context.ts';
import { ArmError, resourceNotFound } from './errors.ts';
import { membersOf } from './groups.ts';
import type { NetworkInterface, Ref, RuleProperties } from './resources.ts';
import { defaultRules } from './views.ts';
import type { World } from './world.ts';

export function effectiveRuleRoutes(app: FastifyInstance, { world }: ArmContext): void {
  const group = '/subscriptions/:subscription/resourceGroups/:group/providers';
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
    return { value: effective(world, nic) };
  });
}

/** The rules in force on an interface, subnet first. */
function effective(world: World, nic: NetworkInterface): object[] {
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
      inForce ? [effectiveRule(world, `securityRules/${name}`, inForce)] : [],
    );
    const defaults = defaultRules(nsg).map(rule => {
      const { name, properties } = rule as { name: string; properties: RuleProperties };
      return effectiveRule(world, `defaultSecurityRules/${name}`, properties);
    });
    return [
      { networkSecurityGroup: { id: nsg.id }, association, effectiveSecurityRules: [...own, ...defaults] },
    ];
  });
}

/** The private addresses of application security groups' members, as rules that name the groups take them. */
function addressesOf(world: World, groups: Ref[] = []): string[] {
  return groups.flatMap(group => membersOf(world, group.id)).map(address => `${address}/32`);
}

function effectiveRule(world: World, name: string, rule: RuleProperties): object {
  const ports = (one: string | undefined, many: string[]) =>
    (one === undefined ? many : [one]).map(text =>
      text === '*' ? '0-65535' : text.includes('-') ? text : `${text}-${text}`,
    );
  const addresses = (one: string | undefined, many: string[]) =>
    (one === undefined ? many : [one]).map(text => (text === '*' ? '0.0.0.0/0' : text));
  const sources = [
    ...addresses(rule.sourceAddressPrefix, rule.sourceAddressPrefixes),
    ...addressesOf(world, rule.sourceApplicationSecurityGroups),
  ];
  const destinations = [
    ...addresses(rule.destinationAddressPrefix, rule.destinationAddressPrefixes),
    ...addressesOf(world, rule.destinationApplicationSecurityGroups),
  ];
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
