/** VMs to judge: one in each cloud, and the pieces to change them. */
import { gateId, parseAccountId, parseGrantId, parseVmId } from '../../../shared/domain/ids.ts';
import type { AddressSpec, GateLayer, GateRule, NetworkInterface, Vm } from '../../../shared/domain/vm.ts';

export function rule(change: Partial<GateRule> & { from?: string[] } = {}): GateRule {
  const { from, ...rest } = change;
  return {
    id: 'r',
    name: 'r',
    access: 'allow',
    protocol: 'tcp',
    sources: (from ?? ['*']).map(source),
    destinations: [{ kind: 'any' }],
    ports: [{ from: 22, to: 22 }],
    by: 'foreign',
    ...rest,
  };
}

function source(text: string): AddressSpec {
  if (text === '*') return { kind: 'any' };
  if (/[.:]/.test(text)) return { kind: 'cidr', cidr: text };
  return text.startsWith('sg-') || text.startsWith('pl-')
    ? { kind: 'group', id: text }
    : { kind: 'tag', tag: text };
}

/** Azure's default inbound rules (reference 7.1). */
export const azureDefaults: GateRule[] = [
  defaultRule(65_000, 'AllowVnetInBound', 'allow', 'VirtualNetwork', 'VirtualNetwork'),
  defaultRule(65_001, 'AllowAzureLoadBalancerInBound', 'allow', 'AzureLoadBalancer', '*'),
  defaultRule(65_500, 'DenyAllInBound', 'deny', '*', '*'),
];

function defaultRule(
  priority: number,
  name: string,
  access: 'allow' | 'deny',
  from: string,
  to: string,
): GateRule {
  return rule({
    name,
    priority,
    access,
    protocol: 'any',
    sources: [source(from)],
    destinations: [source(to)],
    ports: [{ from: 0, to: 65_535 }],
    by: 'default',
  });
}

export function nsg(place: 'subnet' | 'nic', rules: GateRule[]): GateLayer {
  const gate = { id: gateId(`${place}-nsg`), name: `${place}-nsg`, kind: 'nsg' as const };
  return { place, mode: 'first-match', gates: [{ ...gate, rules: [...rules, ...azureDefaults] }] };
}

export function groups(...lists: GateRule[][]): GateLayer {
  return {
    place: 'instance',
    mode: 'any-allow',
    gates: lists.map((rules, i) => ({
      id: gateId(`eu/sg-${i}`),
      name: `sg-${i}`,
      kind: 'security-group',
      rules,
    })),
  };
}

export function nic(layers: GateLayer[], change: Partial<NetworkInterface> = {}): NetworkInterface {
  return { id: 'nic', primary: true, privateAddresses: ['10.0.0.4'], publicAddresses: [], layers, ...change };
}

export function azureVm(layers: GateLayer[], change: Partial<Vm> = {}): Vm {
  const name = change.name ?? 'web-1';
  return {
    id: parseVmId(`/subscriptions/s/resourcegroups/g/providers/microsoft.compute/virtualmachines/${name}`),
    name,
    cloud: 'azure',
    account: parseAccountId('practice-azure'),
    scope: 's',
    location: 'westeurope',
    kind: 'arm',
    os: 'linux',
    power: 'running',
    interfaces: [nic(layers)],
    ...change,
  };
}

export function awsVm(layers: GateLayer[], change: Partial<Vm> = {}): Vm {
  return azureVm(layers, {
    id: parseVmId('arn:aws:ec2:eu-west-1:123456789012:instance/i-0abc'),
    cloud: 'aws',
    kind: 'ec2',
    ...change,
  });
}

/** A grant's allow rule, as both adapters read it. */
export function grantRule(change: Partial<GateRule> & { from?: string[] }): GateRule {
  const grant = parseGrantId('abcd2345efgh');
  const mark = { grant, owner: 'a.berg@contoso.com', end: Date.UTC(2026, 10, 23, 15), vmName: 'web-1' };
  return rule({ name: `latchkey-${grant}-0`, priority: 100, by: 'grant', mark, ...change });
}
