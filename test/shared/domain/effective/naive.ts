/**
 * A second opinion on what is reachable, in another style on purpose: one address at a time, bits as text, each layer a
 * recursion over its rules that collects what may come out. Slow, and simple enough to be seen to be right.
 */
import ipaddr from 'ipaddr.js';
import type { AddressSpec, GateLayer, GateRule, NetworkInterface } from '../../../../shared/domain/vm.ts';

type Match = 'yes' | 'no' | 'maybe';
type Outcome = 'allow' | 'deny' | 'always-allow';
export interface NaivePacket {
  protocol: 'tcp' | 'udp';
  port: number;
  sourcePort: number;
  source: string;
  destination: string;
  /** The source is somebody on the internet: member of no group and no virtual network. */
  stranger: boolean;
  without: (rule: GateRule) => boolean;
}

export function naive(
  to: NetworkInterface,
  cloud: 'azure' | 'aws',
  packet: NaivePacket,
): 'allowed' | 'denied' | 'unknown' {
  if (to.layers.length === 0) return cloud === 'azure' ? 'allowed' : 'denied';
  const ends = journeys(to.layers, packet);
  return ends.size > 1 ? 'unknown' : ends.has('in') ? 'allowed' : 'denied';
}

/** Every way this may end: each layer's possible outcomes are gone through one by one, later layers only if it comes to them. */
function journeys([layer, ...later]: GateLayer[], packet: NaivePacket): Set<'in' | 'out'> {
  if (layer === undefined) return new Set(['in']);
  const ends = new Set<'in' | 'out'>();
  for (const outcome of outcomes(layer, packet)) {
    if (outcome === 'deny') ends.add('out');
    if (outcome === 'always-allow') ends.add('in');
    if (outcome === 'allow') for (const end of journeys(later, packet)) ends.add(end);
  }
  return ends;
}

function outcomes(layer: GateLayer, packet: NaivePacket): Set<Outcome> {
  const rules = layer.gates.flatMap(gate => gate.rules).filter(rule => !packet.without(rule));
  if (layer.unread !== undefined) return new Set(['allow', 'deny', 'always-allow']);
  if (layer.mode !== 'any-allow') {
    if (layer.gates.length === 0) return new Set(['allow']);
    const sorted = [...rules].sort((a, b) => (a.priority ?? 1e9) - (b.priority ?? 1e9));
    return firstMatch(sorted, packet, layer.mode === 'admin' ? 'allow' : 'deny');
  }
  const matches = rules.filter(rule => rule.access === 'allow').map(rule => matchOf(rule, packet));
  if (matches.includes('yes')) return new Set(['allow']);
  return matches.includes('maybe') ? new Set(['allow', 'deny']) : new Set(['deny']);
}

function firstMatch([rule, ...later]: GateRule[], packet: NaivePacket, atLast: Outcome): Set<Outcome> {
  if (rule === undefined) return new Set([atLast]);
  const match = matchOf(rule, packet);
  if (match === 'yes') return new Set([rule.access]);
  const rest = firstMatch(later, packet, atLast);
  return match === 'no' ? rest : new Set([rule.access, ...rest]);
}

function matchOf(rule: GateRule, packet: NaivePacket): Match {
  const port = (ranges: { from: number; to: number }[], at: number): boolean =>
    ranges.filter(r => at >= r.from && at <= r.to).length > 0;
  if (rule.protocol !== packet.protocol && rule.protocol !== 'any') return 'no';
  if (!port(rule.ports, packet.port)) return 'no';
  if (rule.sourcePorts && !port(rule.sourcePorts, packet.sourcePort)) return 'no';
  const source = best(rule.sources.map(spec => sourceMatch(spec, packet)));
  const destination =
    rule.destinations.length === 0 ? 'yes' : best(rule.destinations.map(s => destinationMatch(s, packet)));
  if (source === 'no' || destination === 'no') return 'no';
  return source === 'yes' && destination === 'yes' ? 'yes' : 'maybe';
}

function best(matches: Match[]): Match {
  return matches.includes('yes') ? 'yes' : matches.includes('maybe') ? 'maybe' : 'no';
}

function sourceMatch(spec: AddressSpec, packet: NaivePacket): Match {
  const { source, stranger } = packet;
  if (spec.kind === 'any') return 'yes';
  if (spec.kind === 'cidr') return within(source, spec.cidr) ? 'yes' : 'no';
  if (spec.kind === 'group') {
    const list = spec.id.startsWith('pl-');
    if (stranger && !list) return 'no';
    if (spec.memberAddresses) return spec.memberAddresses.some(m => within(source, m)) ? 'yes' : 'no';
    return list || isPrivate(source) || source.includes(':') ? 'maybe' : 'no';
  }
  switch (spec.tag) {
    case 'VirtualNetwork':
      return !stranger && isPrivate(source) ? 'maybe' : 'no';
    case 'AzureLoadBalancer':
      return isProbe(source) ? 'yes' : 'no';
    case 'Internet':
      return isInternet(source) ? 'yes' : 'no';
    default:
      return 'maybe';
  }
}

function destinationMatch(spec: AddressSpec, { destination }: NaivePacket): Match {
  if (spec.kind === 'any') return 'yes';
  if (spec.kind === 'cidr') return within(destination, spec.cidr) ? 'yes' : 'no';
  if (spec.kind === 'group') {
    if (spec.memberAddresses) return spec.memberAddresses.some(m => within(destination, m)) ? 'yes' : 'no';
    return spec.id.startsWith('pl-') || isPrivate(destination) || destination.includes(':') ? 'maybe' : 'no';
  }
  if (spec.tag === 'VirtualNetwork') return 'yes';
  return spec.tag === 'Internet' || spec.tag === 'AzureLoadBalancer' ? 'no' : 'maybe';
}

export function isInternet(address: string): boolean {
  const other = ['0.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4', 'ff00::/8', '::/128'];
  return !isPrivate(address) && !isProbe(address) && !other.some(cidr => within(address, cidr));
}

function isProbe(address: string): boolean {
  return address === '168.63.129.16' || address === 'fe80::1234:5678:9abc';
}

function isPrivate(address: string): boolean {
  const networks = [
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '100.64.0.0/10',
    '169.254.0.0/16',
    'fe80::/10',
    'fc00::/7',
  ];
  return networks.some(cidr => within(address, cidr));
}

function within(address: string, cidr: string): boolean {
  const [base = '', prefix = address.includes(':') ? '128' : '32'] = cidr.split('/');
  if (address.includes(':') !== base.includes(':')) return false;
  return bits(address).startsWith(bits(base).slice(0, Number(prefix)));
}

function bits(address: string): string {
  const bytes = ipaddr.parse(address).toByteArray();
  return bytes.map(byte => byte.toString(2).padStart(8, '0')).join('');
}
