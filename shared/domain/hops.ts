/** A packet's way to a VM, station by station, as the window draws it: facts only, the sentences are the screen's. */
import type { Protocol } from '../contract/common.ts';
import type { Hop, VmDetail } from '../contract/vms.ts';
import { bareAddress } from './cidr.ts';
import { type Effective, effective, type LayerVerdict, type Verdict } from './effective/effective.ts';
import { straight, throughFirewall } from './effective/firewall.ts';
import { type GateLayer, isOff, type NetworkInterface, type Vm } from './vm.ts';

type Way = VmDetail['ways'][number];

/**
 * May `source` (address or CIDR) reach this port of the VM, and over which stations? Of several interfaces the way
 * goes by the one that lets the source in, else by one of which we can't tell, else by the primary one; where a firewall
 * stands in front, through it before all else. Throws BAD_CIDR.
 */
export function wayTo(vm: Vm, wanted: { port: number; protocol: Protocol; source: string }): Way {
  const nics = vm.interfaces.toSorted((a, b) => Number(b.primary) - Number(a.primary));
  const question = { cloud: vm.cloud, ...wanted };
  const { firewall } = vm;
  const ways = [
    ...(firewall ? nics.map(nic => ({ nic, result: throughFirewall(firewall, nic, question) })) : []),
    ...nics
      .filter(nic => straight(vm, nic, wanted.source))
      .map(nic => ({ nic, result: effective(nic, question) })),
  ];
  const best =
    ways.find(({ result }) => result.verdict === 'allowed') ??
    ways.find(({ result }) => result.verdict === 'unknown' && result.layers.length > 0) ??
    ways.find(({ result }) => result.layers.length > 0);
  const { nic, result } = best ?? ways[0] ?? { nic: undefined, result: { verdict: 'unknown', layers: [] } };
  const verdict = isOff(vm) && result.verdict === 'allowed' ? 'denied' : result.verdict;
  return { ...wanted, reach: lets[verdict], hops: hops(vm, nic, wanted, result) };
}

const lets = { allowed: 'yes', denied: 'no', unknown: 'unknown' } as const satisfies Record<
  Verdict,
  Hop['lets']
>;

function hops(
  vm: Vm,
  nic: NetworkInterface | undefined,
  { port, source }: { port: number; source: string },
  result: Effective,
): Hop[] {
  const you: Hop = { kind: 'you', title: bareAddress(source), lets: 'yes' };
  const firewalled = result.layers.some(({ layer }) => layer.place === 'firewall');
  return [
    you,
    ...(firewalled ? [] : balancerHop(nic, port)),
    ...result.layers.map(layerHop),
    vmHop(vm, nic, result),
  ];
}

/** Who has no public address is reached through a load balancer, if one leads to the port. */
function balancerHop(nic: NetworkInterface | undefined, port: number): Hop[] {
  const forward = nic?.forwards?.find(one => one.port === port);
  if (forward === undefined || (nic?.publicAddresses.length ?? 0) > 0) return [];
  return [{ kind: 'load-balancer', title: `${forward.by} ${hostAndPort(forward)}`, lets: 'yes' }];
}

function hostAndPort({ host, hostPort }: { host: string; hostPort: number }): string {
  return host.includes(':') ? `[${host}]:${hostPort}` : `${host}:${hostPort}`;
}

function layerHop(verdict: LayerVerdict): Hop {
  const { layer, rule, partly } = verdict;
  const note = noteOf(verdict, partly);
  return {
    kind: kindOf(layer),
    title: (verdict.gate === undefined ? layer.gates : [verdict.gate]).map(gate => gate.name).join(', '),
    lets: verdict.lets,
    ...(verdict.skipped ? { final: 'unasked' as const } : {}),
    ...(rule?.access === 'always-allow' && verdict.lets === 'yes' ? { final: 'ends' as const } : {}),
    ...(rule === undefined
      ? {}
      : { rule: [rule.priority, rule.name].filter(part => part !== undefined).join(' ') }),
    ...(note === undefined ? {} : { note }),
  };
}

function noteOf(verdict: LayerVerdict, partly: boolean): string | undefined {
  const { layer, rule } = verdict;
  if (verdict.skipped) return 'is not asked: an admin rule before it lets this in for good';
  if (layer.unread !== undefined) return layer.unread;
  if (rule?.access === 'always-allow') return 'lets it in for good, whatever the network security groups say';
  if (partly) return 'lets in only a part of this range';
  if (layer.mode === 'admin')
    return verdict.lets === 'yes' ? 'leaves it to the network security groups' : undefined;
  if (rule === undefined) return verdict.lets === 'no' ? 'no rule lets it in' : undefined;
  switch (rule.by) {
    case 'grant':
      return rule.mark === undefined ? undefined : `grant of ${rule.mark.owner}`;
    case 'lock':
      return 'Latchkey lock';
    case 'defender':
      return 'Defender for Cloud';
    case 'foreign':
    case 'default':
      return undefined;
  }
}

function vmHop(vm: Vm, nic: NetworkInterface | undefined, result: Effective): Hop {
  const address = result.destination ?? nic?.privateAddresses[0];
  const title = address === undefined ? vm.name : `${vm.name} ${address}`;
  if (isOff(vm)) return { kind: 'vm', title, lets: 'no', note: `the VM is ${vm.power}` };
  if (result.layers.length > 0) return { kind: 'vm', title, lets: 'yes' };
  if (result.verdict === 'allowed')
    return { kind: 'vm', title, lets: 'yes', note: 'no gate stands in front of it' };
  if (result.verdict === 'unknown')
    return { kind: 'vm', title, lets: 'unknown', note: 'it has no address we know' };
  const note =
    result.destination === undefined ? 'it has no address of this family' : 'no security group is attached';
  return { kind: 'vm', title, lets: 'no', note };
}

function kindOf(layer: GateLayer): Hop['kind'] {
  if (layer.mode === 'any-allow') return 'security-groups';
  if (layer.place === 'firewall') return 'firewall';
  if (layer.gates[0]?.kind === 'network-acl') return 'network-acl';
  if (layer.mode === 'admin') return 'admin-rules';
  return layer.place === 'subnet' ? 'subnet-nsg' : 'nic-nsg';
}
