/** Load balancers whose inbound NAT rules lead to machines that have no public address of their own. */
import { type Builder, idOf, type Place } from './build.ts';
import type { LoadBalancer, NetworkInterface } from './resources.ts';
import type { World } from './world.ts';

const nicType = 'Microsoft.Network/networkInterfaces';
const type = 'Microsoft.Network/loadBalancers';

export interface NatSpec {
  name: string;
  frontendPort: number;
  backendPort: number;
  /** One VM: a rule for it alone. Several: a pool, whose members get the ports from `frontendPort` on, in order. */
  vms: string[];
}

/** A load balancer with one public address and these rules; the VMs must be there. */
export function addBalancer(
  builder: Builder,
  place: Place,
  name: string,
  address: string,
  rules: NatSpec[],
): void {
  const id = idOf(place, type, name);
  const frontend = { id: `${id}/frontendIPConfigurations/public` };
  const balancer: LoadBalancer = {
    id,
    name,
    type,
    location: place.location,
    properties: {
      frontendIPConfigurations: [
        {
          name: 'public',
          ...frontend,
          properties: { publicIPAddress: builder.publicAddress(place, `${name}-ip`, address, frontend) },
        },
      ],
      backendAddressPools: [],
      inboundNatRules: [],
    },
  };
  for (const rule of rules) addRule(builder.world, balancer, rule);
  builder.world.add(balancer);
}

function addRule(world: World, balancer: LoadBalancer, spec: NatSpec): void {
  const { name, frontendPort, backendPort } = spec;
  const id = `${balancer.id}/inboundNatRules/${name}`;
  const common = {
    frontendIPConfiguration: { id: `${balancer.id}/frontendIPConfigurations/public` },
    protocol: 'Tcp' as const,
    backendPort,
  };
  const members = spec.vms.map(vm => configurationOf(world, vm));
  const [only, ...more] = members;
  if (only !== undefined && more.length === 0) {
    (only.properties.loadBalancerInboundNatRules ??= []).push({ id });
    const properties = { ...common, frontendPort, backendIPConfiguration: { id: only.id } };
    balancer.properties.inboundNatRules.push({ name, id, properties });
    return;
  }
  const pool = { id: `${balancer.id}/backendAddressPools/${name}` };
  balancer.properties.inboundNatRules.push({
    name,
    id,
    properties: {
      ...common,
      backendAddressPool: pool,
      frontendPortRangeStart: frontendPort,
      frontendPortRangeEnd: frontendPort + members.length - 1,
    },
  });
  balancer.properties.backendAddressPools.push({
    name,
    ...pool,
    properties: {
      loadBalancerBackendAddresses: members.map((member, index) => {
        (member.properties.loadBalancerBackendAddressPools ??= []).push(pool);
        return {
          name: `member-${index}`,
          properties: {
            networkInterfaceIPConfiguration: { id: member.id },
            inboundNatRulesPortMapping: [
              { inboundNatRuleName: name, frontendPort: frontendPort + index, backendPort },
            ],
          },
        };
      }),
    },
  });
}

/** Ports of a VM that load balancers lead to, as their rules stand now. */
export function balancedPorts(world: World, vmId: string): number[] {
  const own = new Set(
    interfacesOf(world, vmId).flatMap(nic =>
      nic.properties.ipConfigurations.map(one => one.id.toLowerCase()),
    ),
  );
  const isOwn = (ref: { id: string } | undefined) => ref !== undefined && own.has(ref.id.toLowerCase());
  return [...world.all(type)].flatMap(({ properties }) => [
    ...properties.inboundNatRules
      .filter(rule => isOwn(rule.properties.backendIPConfiguration))
      .map(rule => rule.properties.backendPort),
    ...properties.backendAddressPools
      .flatMap(pool => pool.properties.loadBalancerBackendAddresses)
      .filter(member => isOwn(member.properties.networkInterfaceIPConfiguration))
      .flatMap(member => member.properties.inboundNatRulesPortMapping.map(mapping => mapping.backendPort)),
  ]);
}

/** True if the VM has a public address of its own. */
export function isPublic(world: World, vmId: string): boolean {
  return interfacesOf(world, vmId).some(nic =>
    nic.properties.ipConfigurations.some(one => one.properties.publicIPAddress !== undefined),
  );
}

/** Does a listener stand for this port of the VM: at its own address, or as the load balancer's port that leads there? */
export function isReached(world: World, vmId: string, port: number): boolean {
  return isPublic(world, vmId) || balancedPorts(world, vmId).includes(port);
}

export function interfacesOf(world: World, vmId: string): NetworkInterface[] {
  const refs = world.vm(vmId)?.properties.networkProfile.networkInterfaces ?? [];
  return refs.flatMap(ref => world.get(nicType, ref.id) ?? []);
}

function configurationOf(
  world: World,
  vmId: string,
): NetworkInterface['properties']['ipConfigurations'][number] {
  const [found] = interfacesOf(world, vmId).flatMap(nic => nic.properties.ipConfigurations);
  if (found === undefined) throw new Error(`no VM ${vmId}`);
  return found;
}
