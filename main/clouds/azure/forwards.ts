/**
 * Inbound NAT rules of load balancers: which port of which public address leads to an interface. Source: the models of
 * LoadBalancer in azure-rest-api-specs (network 2025-05-01).
 */
import type { InboundNatRule, LoadBalancer, NetworkInterfaceIPConfiguration } from '@azure/arm-network';
import type { Endpoint } from '../../../shared/contract/vms.ts';
import type { Firewall, Forward, Vm } from '../../../shared/domain/vm.ts';
import { sameId } from './armIds.ts';

/** Ids (lower case) of the load balancers that these configurations name, each once. */
export function balancersOf(configurations: NetworkInterfaceIPConfiguration[]): string[] {
  const parts = configurations.flatMap(configuration => [
    ...(configuration.loadBalancerInboundNatRules ?? []),
    ...(configuration.loadBalancerBackendAddressPools ?? []),
  ]);
  const ids = parts.flatMap(({ id }) => /^.*\/loadbalancers\/[^/]+/i.exec(id ?? '')?.[0].toLowerCase() ?? []);
  return [...new Set(ids)];
}

/** Ids of the public addresses a load balancer has. */
export function frontendAddresses(balancer: LoadBalancer): string[] {
  return (balancer.frontendIPConfigurations ?? []).flatMap(frontend => frontend.publicIPAddress?.id ?? []);
}

/**
 * What leads to these configurations. `publicAddress`: the address of a public address's id in lower case. An internal
 * frontend leads nobody from outside here. In a rule for a pool the cloud hands out the ports of its range: only where it
 * says which port is whose is that port told, none is guessed.
 */
export function forwardsTo(
  configurations: NetworkInterfaceIPConfiguration[],
  balancer: LoadBalancer | undefined,
  publicAddress: (id: string) => string | undefined,
): Forward[] {
  const isOwn = (id: string | undefined) => configurations.some(own => sameId(own.id, id));
  return (balancer?.inboundNatRules ?? []).flatMap(rule => {
    const host = hostOf(balancer, rule, publicAddress);
    if (host === undefined) return [];
    return pairsOf(balancer, rule, isOwn).flatMap(({ frontendPort, backendPort }) =>
      frontendPort === undefined || backendPort === undefined
        ? []
        : {
            host,
            hostPort: frontendPort,
            port: backendPort,
            protocol: protocolOf(rule.protocol),
            by: balancer?.name ?? '',
          },
    );
  });
}

interface Pair {
  frontendPort?: number | undefined;
  backendPort?: number | undefined;
}

function pairsOf(
  balancer: LoadBalancer | undefined,
  rule: InboundNatRule,
  isOwn: (configuration: string | undefined) => boolean,
): Pair[] {
  if (isOwn(rule.backendIPConfiguration?.id)) return [rule];
  const pool = balancer?.backendAddressPools?.find(one => sameId(one.id, rule.backendAddressPool?.id));
  return (pool?.loadBalancerBackendAddresses ?? [])
    .filter(member => isOwn(member.networkInterfaceIPConfiguration?.id))
    .flatMap(member => member.inboundNatRulesPortMapping ?? [])
    .filter(mapping => mapping.inboundNatRuleName?.toLowerCase() === rule.name?.toLowerCase());
}

function hostOf(
  balancer: LoadBalancer | undefined,
  rule: InboundNatRule,
  publicAddress: (id: string) => string | undefined,
): string | undefined {
  const frontend = balancer?.frontendIPConfigurations?.find(one =>
    sameId(one.id, rule.frontendIPConfiguration?.id),
  );
  const id = frontend?.publicIPAddress?.id;
  return id === undefined ? undefined : publicAddress(id.toLowerCase());
}

function protocolOf(text: string | undefined): Forward['protocol'] {
  const protocol = text?.toLowerCase();
  return protocol === 'tcp' || protocol === 'udp' ? protocol : 'any';
}

/** Where a client connects to for a port: the VM's own public address, else a load balancer's port that leads there. */
export function endpointOf(vm: Vm, port: number): Endpoint | undefined {
  const host = vm.interfaces.flatMap(nic => nic.publicAddresses)[0];
  if (host !== undefined) return { port, host, hostPort: port };
  const forwards = vm.interfaces.flatMap(nic => nic.forwards ?? []);
  const leading = forwards.find(forward => forward.port === port && forward.protocol !== 'udp');
  return leading && { port, host: leading.host, hostPort: leading.hostPort };
}

/**
 * Where a client connects to for a port of a VM behind a firewall: where a DNAT rule of others leads to it. A grant's own port is
 * known only once its rule stands (`StandingRule.endpoints`).
 */
export function mappedEndpoint(vm: Vm, firewall: Firewall, port: number): Endpoint[] {
  const own = new Set(vm.interfaces.flatMap(nic => nic.privateAddresses));
  const rule = firewall.gate.rules.find(
    one => one.by !== 'grant' && one.translation?.port === port && own.has(one.translation.address ?? ''),
  );
  const named = rule?.destinations[0];
  const host = named?.kind === 'cidr' ? named.cidr : firewall.publicAddresses[0];
  const hostPort = rule?.ports[0]?.from;
  return host === undefined || hostPort === undefined ? [] : [{ port, host, hostPort }];
}
