/**
 * The way through a firewall: a DNAT rule that leads to the VM's port, then the VM's own gates, which see the firewall's subnet
 * and not the client (reference 2.5, 7.6). The first rule that matches decides, so one that leads elsewhere stops all below it.
 */
import type { Protocol } from '../../contract/common.ts';
import type { Firewall, GateLayer, GateRule, NetworkInterface, Vm } from '../vm.ts';
import {
  type AddressSet,
  intersect,
  isEmpty,
  meet,
  nowhere,
  onlyFamily,
  setOf,
  subtract,
  union,
} from './addressSet.ts';
import {
  type Effective,
  effective,
  type LayerVerdict,
  protocolsOf,
  type Question,
  type Verdict,
} from './effective.ts';
import { type Decision, walk } from './layer.ts';
import { internet, internetCover, sourceCover } from './places.ts';

/** `sure` get in for certain; `may` holds these and those of whom we can't tell. */
export interface Reach {
  sure: AddressSet;
  may: AddressSet;
}

/**
 * Can anybody (or this `source`) come straight to the interface, past the firewall? With a public address of its own or a load
 * balancer's, yes; from a private network always. Else its routes lead out through the firewall alone.
 */
export function straight(vm: Vm, to: NetworkInterface, source?: string): boolean {
  if (vm.firewall === undefined) return true;
  if (to.publicAddresses.length > 0 || (to.forwards?.length ?? 0) > 0) return true;
  return source !== undefined && !meet(setOf(source), internet);
}

/** May `source` come to the interface's port through the firewall? The firewall is the first layer. Throws BAD_CIDR. */
export function throughFirewall(firewall: Firewall, to: NetworkInterface, question: Question): Effective {
  const source = setOf(question.source);
  const address = behind(to);
  const layer: GateLayer = { place: 'firewall', mode: 'first-match', gates: [firewall.gate] };
  if (address === undefined) return { verdict: 'denied', layers: [] };
  const dnat = worseOf(
    protocolsOf(question.protocol).map(protocol => {
      const led = leadingTo(firewall, to, { port: question.port, protocol }, source, { cover: sourceCover });
      const by = firewall.gate.rules.find(rule => rule.id === led.decisions[0]?.rule.id);
      if (isEmpty(subtract(source, led.sure))) return { layer, lets: 'yes', partly: false, rule: by };
      if (isEmpty(subtract(source, led.may))) return { layer, lets: 'unknown', partly: false, rule: by };
      return { layer, lets: 'no', partly: !isEmpty(led.sure), rule: isEmpty(led.may) ? undefined : by };
    }),
  );
  const inside = firewall.subnet.map(prefix =>
    effective(to, { ...question, source: prefix, inNetwork: true, destination: address }),
  );
  const nsg = worstOf(inside);
  return {
    verdict: both(dnat.lets, nsg.verdict),
    layers: [{ ...dnat, gate: firewall.gate }, ...nsg.layers],
    destination: address,
  };
}

/** May `source` get to this port of the VM by any way there is? Throws BAD_CIDR. */
export function reaches(vm: Vm, question: Omit<Question, 'cloud'>): Verdict {
  const asked = { cloud: vm.cloud, ...question };
  const { firewall } = vm;
  const verdicts = vm.interfaces.flatMap(to => [
    ...(straight(vm, to, question.source) ? [effective(to, asked).verdict] : []),
    ...(firewall ? [throughFirewall(firewall, to, asked).verdict] : []),
  ]);
  if (verdicts.includes('allowed')) return 'allowed';
  return verdicts.includes('unknown') ? 'unknown' : 'denied';
}

/**
 * The internet addresses that get to a port through the firewall. `without` thinks away DNAT rules only: an NSG rule of a grant
 * lets the firewall through for whoever it leads there.
 */
export function firewallReach(
  firewall: Firewall,
  to: NetworkInterface,
  question: { port: number; protocol: Protocol; without?: ((rule: GateRule) => boolean) | undefined },
): Reach {
  const address = behind(to);
  const reach: Reach = { sure: nowhere, may: nowhere };
  if (address === undefined) return reach;
  for (const protocol of protocolsOf(question.protocol)) {
    const packet = { port: question.port, protocol };
    const led = leadingTo(firewall, to, packet, internet4, {
      cover: internetCover,
      without: question.without,
    });
    if (isEmpty(led.may)) continue;
    const inside = firewall.subnet.map(source =>
      effective(to, { cloud: 'azure', ...packet, source, inNetwork: true, destination: address }),
    );
    if (inside.every(one => one.verdict === 'allowed')) reach.sure = union(reach.sure, led.sure);
    const perhaps = (one: Effective) =>
      one.verdict !== 'denied' || one.layers.some(({ lets, partly }) => lets === 'no' && partly);
    if (inside.some(perhaps)) reach.may = union(reach.may, led.may);
  }
  return reach;
}

const internet4 = onlyFamily(internet, 'ipv4');

/** Firewalls lead to IPv4 addresses alone. */
function behind(to: NetworkInterface): string | undefined {
  return to.privateAddresses.find(address => !address.includes(':'));
}

/** Sources of `from` that some DNAT rule leads to the interface's port, over all addresses and ports of the firewall. */
function leadingTo(
  firewall: Firewall,
  to: NetworkInterface,
  wanted: { port: number; protocol: 'tcp' | 'udp' },
  from: AddressSet,
  reading: Parameters<typeof walk>[3],
): Reach & { decisions: Decision[] } {
  const { rules } = firewall.gate;
  const led: Reach & { decisions: Decision[] } = { sure: nowhere, may: nowhere, decisions: [] };
  const fits = (rule: GateRule) => rule.protocol === 'any' || rule.protocol === wanted.protocol;
  const mayLead = rules.filter(rule => fits(rule) && leads(rule, to, wanted.port) !== 'elsewhere');
  if (mayLead.length === 0) return led;
  const judged = rules.flatMap((rule, index) => asAccess(rule, index, leads(rule, to, wanted.port)));
  const layer: GateLayer = {
    place: 'firewall',
    mode: 'first-match',
    gates: [{ ...firewall.gate, rules: judged }],
  };
  for (const host of firewall.publicAddresses) {
    const destination = setOf(host);
    for (const port of portsToTry(mayLead, rules)) {
      const packet = { protocol: wanted.protocol, port, sourcePort: 1, destination };
      const { mayAllow, mayDeny, decisions } = walk(layer, packet, from, reading);
      led.sure = union(led.sure, subtract(intersect(from, mayAllow), mayDeny));
      led.may = union(led.may, mayAllow);
      led.decisions.push(...decisions.filter(one => one.rule.access === 'allow'));
    }
  }
  return led;
}

/** A rule as the walk reads it: does it lead here? What leads to a name may, for anybody it matches. */
function asAccess(rule: GateRule, index: number, where: ReturnType<typeof leads>): GateRule[] {
  const priority = 2 * index;
  if (where !== 'perhaps') return [{ ...rule, access: where === 'here' ? 'allow' : 'deny', priority }];
  const anybody = rule.sources.map(() => ({ kind: 'tag' as const, tag: 'PerhapsAnybody' }));
  return [
    { ...rule, access: 'allow', priority, sources: anybody },
    { ...rule, access: 'deny', priority: priority + 1 },
  ];
}

function leads(rule: GateRule, to: NetworkInterface, port: number): 'here' | 'perhaps' | 'elsewhere' {
  if (rule.translation?.port !== port) return 'elsewhere';
  if (rule.translation.address === undefined) return 'perhaps';
  return to.privateAddresses.includes(rule.translation.address) ? 'here' : 'elsewhere';
}

/** One port for each way the rules can tell the firewall's ports apart: what holds for these holds for all. */
function portsToTry(leading: GateRule[], all: GateRule[]): number[] {
  const edges = all.flatMap(rule => rule.ports.flatMap(range => [range.from, range.to + 1]));
  const inside = (port: number) =>
    leading.some(rule => rule.ports.some(range => range.from <= port && port <= range.to));
  return [...new Set(edges)].filter(inside);
}

function both(dnat: LayerVerdict['lets'], nsg: Verdict): Verdict {
  if (dnat === 'no' || nsg === 'denied') return 'denied';
  return dnat === 'yes' && nsg === 'allowed' ? 'allowed' : 'unknown';
}

/** TCP and UDP both asked for: the worse of them. */
function worseOf(verdicts: LayerVerdict[]): LayerVerdict {
  const found =
    verdicts.find(one => one.lets === 'no') ?? verdicts.find(one => one.lets === 'unknown') ?? verdicts[0];
  if (found === undefined) throw new Error('no protocol was tried');
  return found;
}

/** The packet comes from anywhere in the firewall's subnet. */
function worstOf(inside: Effective[]): Effective {
  const found =
    inside.find(one => one.verdict === 'denied') ??
    inside.find(one => one.verdict === 'unknown') ??
    inside[0];
  return found ?? { verdict: 'unknown', layers: [] };
}
