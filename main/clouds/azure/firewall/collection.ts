/** The DNAT collection that carries a grant: how it is written, and what can be read from it. Pure. */
import { createHash } from 'node:crypto';
import type { Endpoint } from '../../../../shared/contract/vms.ts';
import { formatMark, grantRuleName } from '../../../../shared/domain/ruleMark.ts';
import type { PortRange } from '../../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { RuleOrder } from '../../cloud.ts';
import type { NatCollection, RawCollection, RawNatRule } from './model.ts';

/**
 * Mapped ports are these. Assumption, reference section 10 (8): a firewall's DNAT rules take ports up to 63,999, and of
 * one public address each port stands for one destination, so a port that any rule is about is not used again.
 */
export const mappedPorts = { from: 50_000, to: 63_999 } as const;

/** Collections of grants have priorities from here on: behind nearly everybody's. Assumption as above (any order will do). */
const firstPriority = 40_000;
const lastPriority = 65_000;

export const collectionName = (order: Pick<RuleOrder, 'mark' | 'index'>): string =>
  grantRuleName(order.mark.grant, order.index);

/** The grant's collection. `mapped`: the firewall's port for each port of the order. */
export function natCollection(
  kind: 'classic' | 'policy',
  order: RuleOrder,
  priority: number,
  mapped: Map<number, number>,
): RawCollection {
  const name = collectionName(order);
  const protocols = order.protocol === 'any' ? ['TCP', 'UDP'] : [order.protocol.toUpperCase()];
  const rules = order.ports.map(
    (port): RawNatRule => ({
      ...(kind === 'policy' ? { ruleType: 'NatRule' } : {}),
      name: `${name}-${port}`,
      description: formatMark(order.mark),
      ...(kind === 'policy' ? { ipProtocols: protocols } : { protocols }),
      sourceAddresses: order.sources,
      sourceIpGroups: [],
      destinationAddresses: [order.via?.address ?? ''],
      destinationPorts: [String(mapped.get(port))],
      translatedAddress: order.destinations[0] ?? '',
      translatedPort: String(port),
    }),
  );
  if (kind === 'classic') return { name, properties: { priority, action: { type: 'Dnat' }, rules } };
  return {
    name,
    ruleCollectionType: 'FirewallPolicyNatRuleCollection',
    priority,
    action: { type: 'DNAT' },
    rules,
  };
}

/** The firewall's port for each port of an order: the ones it has, else the same for a VM and port each time, as far as free. */
export function chooseMapped(
  order: RuleOrder,
  has: Map<number, number>,
  taken: PortRange[],
): Map<number, number> {
  const span = mappedPorts.to - mappedPorts.from + 1;
  const used = new Set(has.values());
  const isFree = (port: number) =>
    !used.has(port) && !taken.some(range => range.from <= port && port <= range.to);
  const mapped = new Map<number, number>();
  for (const port of order.ports) {
    const kept = has.get(port);
    const first = createHash('sha256').update(`${order.vm} ${port}`).digest().readUInt32BE(0) % span;
    let found = kept;
    for (let i = 0; found === undefined && i < span; i++) {
      const candidate = mappedPorts.from + ((first + i) % span);
      if (isFree(candidate)) found = candidate;
    }
    if (found === undefined)
      throw full(`ports from ${mappedPorts.from} to ${mappedPorts.to}`, order.gateName);
    used.add(found);
    mapped.set(port, found);
  }
  return mapped;
}

/** A priority that no collection has. Throws CLOUD_QUOTA. */
export function freePriority(taken: number[], gateName: string): number {
  const used = new Set(taken);
  for (let p = firstPriority; p <= lastPriority; p++) if (!used.has(p)) return p;
  throw full(`priorities from ${firstPriority} to ${lastPriority}`, gateName);
}

/** Where clients connect to by this collection. */
export function endpointsOf(collection: NatCollection): Endpoint[] {
  return collection.rules.flatMap(rule => {
    const host = rule.destinationAddresses?.[0];
    const [port, hostPort] = [Number(rule.translatedPort), Number(rule.destinationPorts?.[0])];
    return host === undefined || !Number.isInteger(port) || !Number.isInteger(hostPort)
      ? []
      : [{ port, host, hostPort }];
  });
}

/** True if the standing collection does and says what this one would, but for its priority. */
export function saysTheSame(standing: NatCollection, wanted: RawCollection): boolean {
  const { rules = [] } = wanted.properties ?? wanted;
  return essence(standing.rules) === essence(rules);
}

function essence(rules: RawNatRule[]): string {
  const lower = (texts: string[] = []) => texts.map(text => text.toLowerCase()).toSorted();
  return JSON.stringify(
    rules.map(rule => [
      rule.name,
      rule.description ?? '',
      lower(rule.protocols ?? rule.ipProtocols),
      lower(rule.sourceAddresses),
      lower(rule.sourceIpGroups),
      lower(rule.destinationAddresses),
      lower(rule.destinationPorts),
      rule.translatedAddress,
      rule.translatedPort,
    ]),
  );
}

function full(what: string, gateName: string): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_QUOTA',
    message: `All ${what} of ${gateName} are taken.`,
    fix: 'End grants that nobody needs, or remove DNAT rules of this firewall.',
  });
}
