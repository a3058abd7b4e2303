/** DNAT rules in the normal form of shared/domain/vm.ts, and the rules of grants among them. Pure. */
import { canonicalCidr, parseCidr } from '../../../../shared/domain/cidr.ts';
import { gateId } from '../../../../shared/domain/ids.ts';
import { isOurs, parseMark, type RuleMark } from '../../../../shared/domain/ruleMark.ts';
import type { AddressSpec, Firewall, Gate, GateRule, PortRange } from '../../../../shared/domain/vm.ts';
import type { NatCollection, RawNatRule } from './model.ts';

/** Rules and collections that Defender's just-in-time access writes to a firewall (reference section 2.1). */
const defenderName = /^(ASC|MDC)-JIT$/;

/** The gate of a firewall, with what it judges by, in order. */
export function natGate(id: string, name: string, judged: NatCollection[]): Gate {
  return { id: gateId(id), name, kind: 'firewall', rules: judged.flatMap(mapNatRules) };
}

export function mapNatRules(collection: NatCollection): GateRule[] {
  return collection.rules.map((rule, index) => mapNatRule(collection, rule, index));
}

function mapNatRule(collection: NatCollection, rule: RawNatRule, index: number): GateRule {
  const mark = markOf(collection);
  const name = rule.name ?? '';
  return {
    id: `${collection.name}/${name}/${index}`,
    name: mark === undefined ? `${collection.name}/${name}` : collection.name,
    priority: collection.priority,
    access: 'allow',
    protocol: protocolOf(rule),
    sources: [
      ...(rule.sourceAddresses ?? []).flatMap(addressOf),
      // Whoever is in an IP group, we do not read: it may be anybody.
      ...(rule.sourceIpGroups ?? []).map(group => ({ kind: 'tag' as const, tag: `IpGroup ${group}` })),
    ],
    destinations: (rule.destinationAddresses ?? []).flatMap(addressOf),
    ports: (rule.destinationPorts ?? []).flatMap(rangeOf),
    translation: {
      ...(rule.translatedAddress ? { address: rule.translatedAddress } : {}),
      port: Number(rule.translatedPort),
    },
    ...(rule.description ? { description: rule.description } : {}),
    ...(mark === undefined ? {} : { mark }),
    by:
      mark !== undefined
        ? 'grant'
        : defenderName.test(name) || defenderName.test(collection.name)
          ? 'defender'
          : 'foreign',
  };
}

/** The mark of a collection that proves to be a grant's: by its own name, and by the description of every rule in it. */
export function markOf(collection: NatCollection): RuleMark | undefined {
  const [first, ...others] = collection.rules;
  if (first === undefined) return undefined;
  const all = [first, ...others];
  if (!all.every(rule => isOurs(collection.name, rule.description))) return undefined;
  return parseMark(first.description);
}

function protocolOf(rule: RawNatRule): GateRule['protocol'] {
  const named = new Set(
    [...(rule.protocols ?? []), ...(rule.ipProtocols ?? [])].map(one => one.toLowerCase()),
  );
  if (named.has('any') || (named.has('tcp') && named.has('udp'))) return 'any';
  if (named.has('tcp')) return 'tcp';
  return named.has('udp') ? 'udp' : 'other';
}

/** `*`, an address, a CIDR, a range `a-b` (as far as we can say: perhaps anybody), or a tag. */
function addressOf(text: string): AddressSpec[] {
  if (text === '*' || text.toLowerCase() === 'any') return [{ kind: 'any' }];
  try {
    parseCidr(text);
    return [{ kind: 'cidr', cidr: text }];
  } catch {
    return [{ kind: 'tag', tag: text }];
  }
}

function rangeOf(text: string): PortRange[] {
  if (text === '*') return [{ from: 1, to: 65_535 }];
  const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  return from === '' ? [] : [{ from: Number(from), to: Number(to) }];
}

/** Does a rule of others lead somebody who is not among `sources` to one of these ports at this address? */
export function leadsStrangers(
  rule: GateRule,
  to: { address: string; ports: number[]; sources: string[] },
): boolean {
  if (rule.by === 'grant' || rule.translation === undefined) return false;
  const { address, port } = rule.translation;
  if (!to.ports.includes(port) || (address !== undefined && address !== to.address)) return false;
  const known = new Set(to.sources.map(canonicalCidr));
  return !rule.sources.every(spec => spec.kind === 'cidr' && known.has(canonicalCidr(spec.cidr)));
}

/** Ports of a public address of the firewall that some rule is about, whatever its protocol. */
export function takenPorts(firewall: Pick<Firewall, 'gate'>, address: string): PortRange[] {
  return firewall.gate.rules
    .filter(rule => rule.destinations.some(spec => spec.kind !== 'cidr' || sameAddress(spec.cidr, address)))
    .flatMap(rule => rule.ports);
}

function sameAddress(a: string, b: string): boolean {
  return canonicalCidr(a) === canonicalCidr(b);
}
