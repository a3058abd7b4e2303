/**
 * An Azure Firewall as a gate: a grant is a DNAT collection of its own, in the classic firewall itself or in Latchkey's group of
 * its policy. A person connects to the firewall's address and the mapped port that this collection opens.
 */
import type { Endpoint } from '../../../../shared/contract/vms.ts';
import { type GateId, type GrantId, gateId } from '../../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';
import { isNotFound } from '../../calls.ts';
import type { FoundRule, RuleOrder, StandingRule } from '../../cloud.ts';
import type { Arm } from '../armClients.ts';
import { type AzureGate, isOfType, ofEach } from '../gates.ts';
import {
  chooseMapped,
  collectionName,
  endpointsOf,
  freePriority,
  natCollection,
  saysTheSame,
} from './collection.ts';
import { leadsStrangers, mapNatRules, markOf, takenPorts } from './mapNat.ts';
import { firewallFields, type NatCollection, type RawCollection, type RawResource } from './model.ts';
import { gateOf, listAll, type NatStock, ownGroup, placeOf, readStock, visible } from './place.ts';
import type { NatWriter } from './writer.ts';

/** Where the ports of firewalls really are, if not at their public addresses (practice cloud). */
export interface MappedBook {
  /** By what is known now. */
  known(endpoint: Endpoint): Endpoint | undefined;
  /** Looks until it is known. Throws CLOUD_UNREACHABLE. */
  find(endpoint: Endpoint): Promise<Endpoint>;
}

/** Firewalls are where they say. */
export const asAddressed: MappedBook = { known: endpoint => endpoint, find: async endpoint => endpoint };

const types = {
  classic: 'microsoft.network/azurefirewalls',
  policy: 'microsoft.network/firewallpolicies',
} as const;

export function firewallGate(
  kind: 'classic' | 'policy',
  arm: Arm,
  writer: NatWriter,
  book: MappedBook,
): AzureGate {
  async function put(order: RuleOrder, signal: AbortSignal): Promise<StandingRule> {
    const name = collectionName(order);
    const { stock, correlation } = await writer.change(
      placeOf(order.gate),
      {
        edit(now) {
          const standing = find(now, name);
          if (standing === undefined) refuseStrangers(now, order);
          else mustBeOurs(standing, order.gate, [order.mark.grant]);
          return withCollection(now, wanted(kind, now, order, standing));
        },
        holds(now) {
          const standing = find(now, name);
          return standing !== undefined && saysTheSame(standing, wanted(kind, now, order, standing));
        },
      },
      signal,
    );
    const standing = find(stock, name);
    return {
      gate: order.gate,
      names: [name],
      foreign: [],
      notes: [],
      endpoints: await Promise.all((standing ? endpointsOf(standing) : []).map(one => book.find(one))),
      correlation,
    };
  }

  return {
    has: gate => isOfType(gate, types[kind]),
    open: (order, signal) => put(order, signal),
    extend: (order, _standing, signal) => put(order, signal),

    async close(gate, names, grants, signal) {
      const wanted = new Set(names.map(name => name.toLowerCase()));
      const isMeant = (one: NatCollection) => wanted.has(one.name.toLowerCase());
      const change = {
        edit(now: NatStock): RawCollection[] {
          for (const one of now.collections.filter(isMeant)) mustBeOurs(one, gate, grants);
          return now.collections.filter(one => !isMeant(one)).map(one => one.raw);
        },
        holds: (now: NatStock) => !now.collections.some(isMeant),
      };
      const written = await orGone(writer.change(placeOf(gate), change, signal));
      return names.map(name => ({ name, outcome: 'gone' as const, correlation: written?.correlation }));
    },

    async *ours(where, signal) {
      const gates = 'gate' in where ? [where.gate] : await gatesIn(kind, arm, where.subscription, signal);
      yield* ofEach(gates, async function* (gate) {
        const reading = readStock(arm, placeOf(gate), signal);
        // Of a whole subscription we tell what we may see; of one gate it must not look as if it were empty.
        const stock = await ('gate' in where
          ? orGone(reading)
          : visible<NatStock | undefined>(reading, undefined));
        for (const collection of stock?.collections ?? []) {
          const found = foundIn(gate, placeOf(gate).name, collection);
          if (found === undefined) continue;
          yield {
            ...found,
            endpoints: await Promise.all(endpointsOf(collection).map(one => book.find(one))),
          };
        }
      });
    },
  };
}

/**
 * Throws CLOUD_CONFLICT while a DNAT rule of others leads anybody else to a port of this order: what stands behind the
 * firewall can't tell the client, so a rule there would let them in too.
 */
export async function mustLeadNobodyElse(arm: Arm, order: RuleOrder, signal: AbortSignal): Promise<void> {
  if (order.via === undefined) return;
  refuseStrangers(await readStock(arm, placeOf(order.via.gate), signal), order);
}

function refuseStrangers(stock: NatStock, order: RuleOrder): void {
  if (order.via === undefined) return;
  const to = { address: order.via.to, ports: order.ports, sources: order.via.sources };
  const rule = gateOf(stock).rules.find(one => leadsStrangers(one, to));
  if (rule === undefined) return;
  throw new LatchkeyError({
    code: 'CLOUD_CONFLICT',
    message: `The DNAT rule “${rule.name}” of the firewall ${order.gateName}, which is not Latchkey's, leads others to the same port: opening it for you would open it for them.`,
    fix: 'Lock the VM again: the plan then names this rule.',
    detail: { gate: order.via.gate, rule: rule.name },
  });
}

/** The collection as the order wants it, at the mapped ports and the priority that it has already where it stands. */
function wanted(
  kind: 'classic' | 'policy',
  stock: NatStock,
  order: RuleOrder,
  standing: NatCollection | undefined,
): RawCollection {
  const has = new Map(standing ? endpointsOf(standing).map(one => [one.port, one.hostPort]) : []);
  const address = order.via?.address ?? '';
  const mapped = chooseMapped(order, has, takenPorts({ gate: gateOf(stock) }, address));
  const priority =
    standing?.priority ??
    freePriority(
      stock.collections.map(one => one.priority),
      order.gateName,
    );
  return natCollection(kind, order, priority, mapped);
}

function withCollection(stock: NatStock, raw: RawCollection): RawCollection[] {
  const others = stock.collections.filter(one => one.name.toLowerCase() !== raw.name?.toLowerCase());
  return [...others.map(one => one.raw), raw];
}

function find(stock: NatStock, name: string): NatCollection | undefined {
  return stock.collections.find(one => one.name.toLowerCase() === name.toLowerCase());
}

function mustBeOurs(collection: NatCollection, gate: GateId, grants: GrantId[]): void {
  const mark = markOf(collection);
  if (mark !== undefined && grants.includes(mark.grant)) return;
  throw new LatchkeyError({
    code: 'CLOUD_CONFLICT',
    message:
      mark === undefined
        ? `The rule collection ${collection.name} does not prove to be Latchkey's any more; it was left alone.`
        : `The rule collection ${collection.name} carries another grant; it was left alone.`,
    fix: 'Look at it in Azure and remove it by hand if nobody needs it.',
    detail: { gate, rule: collection.name },
  });
}

/** Gates of a subscription where rules of grants may stand: classic firewalls, or the groups of policies. */
async function gatesIn(
  kind: 'classic' | 'policy',
  arm: Arm,
  subscription: string,
  signal: AbortSignal,
): Promise<GateId[]> {
  const type = kind === 'classic' ? 'azureFirewalls' : 'firewallPolicies';
  const list = listAll(arm, `/subscriptions/${subscription}/providers/Microsoft.Network/${type}`, signal);
  const found = await visible<RawResource[]>(list, []);
  return found.flatMap(({ id, ...resource }) => {
    if (id === undefined) return [];
    if (kind === 'policy') return gateId(`${id}/ruleCollectionGroups/${ownGroup}`);
    return firewallFields(resource).firewallPolicy === undefined ? gateId(id) : [];
  });
}

function foundIn(gate: GateId, gateName: string, collection: NatCollection): FoundRule | undefined {
  const mark = markOf(collection);
  const [first] = collection.rules;
  if (mark === undefined || first === undefined) return undefined;
  const [rule] = mapNatRules(collection);
  const { name } = collection;
  const to = first.translatedAddress ?? '';
  const sources = first.sourceAddresses ?? [];
  return {
    gate,
    gateName,
    name,
    mark,
    marks: [mark],
    protocol: rule?.protocol === 'tcp' || rule?.protocol === 'udp' ? rule.protocol : 'any',
    ports: collection.rules.map(one => Number(one.translatedPort)),
    sources,
    index: Number(name.slice(name.lastIndexOf('-') + 1)),
    destinations: [to],
    via: { gate, address: first.destinationAddresses?.[0] ?? '', to, sources },
  };
}

/** A firewall that is gone holds no rule of ours. */
async function orGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
