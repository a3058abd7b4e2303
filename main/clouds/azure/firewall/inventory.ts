/** Load balancers and firewalls as Resource Graph tells of them: of the subscription, and of those whose networks its own are peered with. */
import type { LoadBalancer, NetworkSecurityGroup } from '@azure/arm-network';
import type { Arm } from '../armClients.ts';
import { type GraphPace, graphPages } from '../graph.ts';
import { queries } from '../queries.ts';
import { asNetwork, type FirewallWorld, firewallWorld, homeOf, type RawNetwork } from './inFront.ts';
import type { RawResource } from './model.ts';

export interface AddressRow {
  id?: string;
  ipAddress?: string;
}

export interface NetworkRow extends RawNetwork {
  subnets?: (NonNullable<RawNetwork['subnets']>[number] & { networkSecurityGroup?: NetworkSecurityGroup })[];
}

/**
 * One query for them all; where one stands in another subscription, the addresses and networks there too. What we may not see
 * there is not in the rows. `own`: what is asked of the subscription itself anyway.
 */
export async function readEdges(
  ask: { arm: Arm; pace: GraphPace },
  scope: string,
  own: {
    networking: Promise<Map<string, NetworkRow>>;
    addressing: Promise<Map<string, AddressRow>>;
  },
  signal?: AbortSignal,
): Promise<{ balancers: Map<string, LoadBalancer>; firewalls: FirewallWorld }> {
  const rows = async <Row extends { id?: string | undefined }>(subscriptions: string[], query: string) =>
    await byId(graphPages<Row>(ask.arm, ask.pace, subscriptions, query, signal));
  const networks = [...(await own.networking).values()].map(asNetwork);
  const peers = networks.flatMap(network => network.peers.map(subscriptionOf));
  const found = await rows<RawResource>([...new Set([scope.toLowerCase(), ...peers])], queries.edges);
  const resources = [...found.values()];
  const isFirewall = (one: RawResource) => one.type?.toLowerCase() === 'microsoft.network/azurefirewalls';
  const elsewhere = new Set(
    resources
      .filter(isFirewall)
      .map(one => subscriptionOf(homeOf(one) ?? ''))
      .filter(subscription => subscription !== '' && subscription !== scope.toLowerCase()),
  );
  const [theirs, addresses] =
    elsewhere.size === 0
      ? [new Map<string, NetworkRow>(), new Map<string, AddressRow>()]
      : await Promise.all([
          rows<NetworkRow>([...elsewhere], queries.networks),
          rows<AddressRow>([...elsewhere], queries.addresses),
        ]);
  const ownAddresses = await own.addressing;
  const firewalls = firewallWorld(
    resources,
    [...networks, ...[...theirs.values()].map(asNetwork)],
    id => (ownAddresses.get(id) ?? addresses.get(id))?.ipAddress,
  );
  const isBalancer = ({ type }: RawResource) => type?.toLowerCase() === 'microsoft.network/loadbalancers';
  return {
    balancers: new Map(
      [...found].filter(([, row]) => isBalancer(row)).map(([id, row]) => [id, row as LoadBalancer]),
    ),
    firewalls,
  };
}

function subscriptionOf(id: string): string {
  return id.split('/')[2]?.toLowerCase() ?? '';
}

/** All rows, by id in lower case. */
export async function byId<Row extends { id?: string | undefined }>(
  pages: AsyncIterable<Row[]>,
): Promise<Map<string, Row>> {
  const rows = new Map<string, Row>();
  for await (const page of pages) for (const row of page) rows.set(row.id?.toLowerCase() ?? '', row);
  return rows;
}
