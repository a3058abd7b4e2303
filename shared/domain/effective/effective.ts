/**
 * What is effectively reachable: the one pure function that takes a packet through every layer in front of an
 * interface. Lists, plans, the window and the tests all ask this one. It knows NSGs and security groups as read; what
 * it can't know (members of a group, other service tags) makes the answer `unknown` where it could decide, never a guess.
 */
import type { CloudKind, Protocol } from '../../contract/common.ts';
import { cidrFamily, type Family } from '../cidr.ts';
import type { Gate, GateLayer, GateRule, NetworkInterface } from '../vm.ts';
import { type AddressSet, intersect, isEmpty, nowhere, setOf, subtract, union } from './addressSet.ts';
import { type Packet, sourcePortsToTry, type Walk, walk } from './layer.ts';
import { networkCover, sourceCover } from './places.ts';

export type Verdict = 'allowed' | 'denied' | 'unknown';

/** What one layer says to all of the source. */
export interface LayerVerdict {
  layer: GateLayer;
  /** `no` also if only a part of the source is stopped: then `partly` is true. */
  lets: 'yes' | 'no' | 'unknown';
  partly: boolean;
  /** An admin rule has let it in for good before: nothing is asked here. */
  skipped?: true | undefined;
  /** The rule that decides. Absent when none matched: then nobody is let in. */
  rule?: GateRule | undefined;
  gate?: Gate | undefined;
}

export interface Effective {
  verdict: Verdict;
  /** Outermost first, one for each layer of the interface. Empty when the interface has no address of the source's family. */
  layers: LayerVerdict[];
  /** The VM's address that was judged. */
  destination?: string | undefined;
}

export interface Question {
  cloud: CloudKind;
  /** `any`: both TCP and UDP must get through. */
  protocol: Protocol;
  port: number;
  /** An address or CIDR: all of it must get through. */
  source: string;
  /** The source is known to stand in the VM's virtual network, or in one it is peered with. */
  inNetwork?: boolean | undefined;
  /** Default: the interface's first address of the source's family. */
  destination?: string | undefined;
}

/** May `source` reach the interface's port now, and which rule of each layer decides? Throws BAD_CIDR for a bad source. */
export function effective(to: NetworkInterface, question: Question): Effective {
  const family = cidrFamily(question.source);
  const addresses = destinations(to);
  const destination = question.destination ?? addresses.find(a => cidrFamily(a) === family);
  if (destination === undefined)
    return { verdict: addresses.length === 0 ? 'unknown' : 'denied', layers: [] };
  if (to.layers.length === 0) {
    return { verdict: opensWithoutLayers(question.cloud) ? 'allowed' : 'denied', layers: [], destination };
  }
  const source = setOf(question.source);
  const there = setOf(destination);
  const cover = question.inNetwork ? networkCover : sourceCover;
  const bySourcePort = (protocol: Packet['protocol']): Effective =>
    eitherWay(
      sourcePortsToTry(to.layers).map(sourcePort => {
        const packet: Packet = { protocol, port: question.port, sourcePort, destination: there };
        return { ...chain(to.layers, packet, source, cover), destination };
      }),
    );
  const results = protocolsOf(question.protocol).map(bySourcePort);
  return worst(results);
}

/** No layers: an Azure interface lets everybody in (it has no NSG), an AWS one nobody. */
export function opensWithoutLayers(cloud: CloudKind): boolean {
  return cloud === 'azure';
}

export function protocolsOf(protocol: Protocol): Packet['protocol'][] {
  return protocol === 'any' ? ['tcp', 'udp'] : [protocol];
}

/** The addresses rules are judged against: the private ones, and public ones of a family that has no private (AWS IPv6). */
export function destinations(to: NetworkInterface): string[] {
  const has = new Set<Family>(to.privateAddresses.map(cidrFamily));
  return [...to.privateAddresses, ...to.publicAddresses.filter(a => !has.has(cidrFamily(a)))];
}

/**
 * Every layer's word, and what comes of all of them. A layer is judged for all of the source but what an admin rule has
 * surely let in for good.
 */
function chain(
  layers: GateLayer[],
  packet: Packet,
  source: AddressSet,
  cover: typeof sourceCover,
): Pick<Effective, 'verdict' | 'layers'> {
  const said: LayerVerdict[] = [];
  /** May still be on its way; may have been stopped; may be in, or surely is, whatever the later layers say. */
  let onItsWay = source;
  let mayDeny = nowhere;
  let mayEnd = nowhere;
  let ended = nowhere;
  for (const layer of layers) {
    const asked = subtract(source, ended);
    if (isEmpty(asked)) {
      said.push({ layer, lets: 'yes', partly: false, skipped: true });
      continue;
    }
    const walked = walk(layer, packet, asked, { cover });
    said.push(judge(layer, walked, asked));
    mayDeny = union(mayDeny, intersect(onItsWay, walked.mayDeny));
    mayEnd = union(mayEnd, intersect(onItsWay, walked.mayEnd));
    ended = union(ended, subtract(walked.mayEnd, union(walked.mayDeny, walked.mayAllow)));
    onItsWay = intersect(onItsWay, walked.mayAllow);
  }
  const verdict = !isEmpty(subtract(source, union(mayEnd, onItsWay)))
    ? 'denied'
    : isEmpty(mayDeny)
      ? 'allowed'
      : 'unknown';
  return { verdict, layers: said };
}

function judge(layer: GateLayer, walked: Walk, asked: AddressSet): LayerVerdict {
  const through = union(walked.mayAllow, walked.mayEnd);
  const stopped = subtract(asked, through);
  if (!isEmpty(stopped)) {
    const by = walked.decisions.find(d => d.rule.access === 'deny' && !isEmpty(intersect(d.may, stopped)));
    return { layer, lets: 'no', partly: !isEmpty(through), rule: by?.rule, gate: by?.gate };
  }
  const lets = isEmpty(walked.mayDeny) ? 'yes' : 'unknown';
  const by = lets === 'yes' ? walked.decisions[0] : doubtful(walked);
  return { layer, lets, partly: false, rule: by?.rule, gate: by?.gate };
}

/** The first rule that perhaps matches: it is why the answer is unknown. */
function doubtful(walked: Walk): Walk['decisions'][number] | undefined {
  return walked.decisions.find(d => !isEmpty(subtract(d.may, d.sure)));
}

/** One of several results holds, and we don't know which (a client's source port is chance). */
function eitherWay(results: Effective[]): Effective {
  const [first, ...others] = results;
  if (first === undefined) throw new Error('no source port was tried');
  if (others.length === 0) return first;
  const layers = first.layers.map((_, i): LayerVerdict => {
    const all = results.flatMap(r => r.layers[i] ?? []);
    const same = all.every(l => l.lets === all[0]?.lets);
    const telling = (same ? undefined : all.find(l => l.rule?.sourcePorts !== undefined)) ?? all[0];
    if (telling === undefined) throw new Error('layers differ between source ports');
    return same ? telling : { ...telling, lets: 'unknown', partly: false };
  });
  const agreed = others.every(r => r.verdict === first.verdict);
  return { ...first, verdict: agreed ? first.verdict : 'unknown', layers };
}

function worst(results: Effective[]): Effective {
  const found =
    results.find(r => r.verdict === 'denied') ?? results.find(r => r.verdict === 'unknown') ?? results[0];
  if (found === undefined) throw new Error('no protocol was tried');
  return found;
}
