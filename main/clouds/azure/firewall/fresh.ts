/** Firewalls beside a subnet, read from ARM itself. What we may not see counts as not there. */
import type { Arm } from '../armClients.ts';
import { parseArmId, sameId } from '../armIds.ts';
import { lifted } from '../graph.ts';
import {
  asNetwork,
  type FirewallWorld,
  firewallWorld,
  homeOf,
  isBeside,
  type Network,
  networkIdOf,
  type RawNetwork,
} from './inFront.ts';
import { firewallFields, ipConfigurations, type RawResource } from './model.ts';
import { listAll, readPolicy, readResource, visible } from './place.ts';

const nothing = firewallWorld([], [], () => undefined);

/** Two requests where there is no firewall: the network, and the list of its subscription's firewalls. */
export async function freshFirewalls(
  arm: Arm,
  subnet: string | undefined,
  signal?: AbortSignal,
): Promise<FirewallWorld> {
  if (subnet === undefined) return nothing;
  const list = (subscription: string) =>
    visible(
      listAll(arm, `/subscriptions/${subscription}/providers/Microsoft.Network/azureFirewalls`, signal),
      [],
    );
  const here = parseArmId(subnet).subscription;
  const [network, own] = await Promise.all([readNetwork(arm, networkIdOf(subnet), signal), list(here)]);
  if (network === undefined) return nothing;
  const elsewhere = new Set(network.peers.map(id => parseArmId(id).subscription));
  elsewhere.delete(here);
  const all = [own, ...(await Promise.all([...elsewhere].map(list)))].flat();
  const firewalls = all.filter(one => isBeside(one, network));
  if (firewalls.length === 0) return nothing;

  const read = (id: string) => visible<RawResource | undefined>(readResource(arm, id, signal), undefined);
  const each = async <T>(ids: (string | undefined)[], work: (id: string) => Promise<T>): Promise<T[]> =>
    await Promise.all([...new Set(ids.filter(id => id !== undefined))].map(work));
  const policies = firewalls.map(one => firewallFields(one).firewallPolicy?.id);
  const homes = firewalls.map(homeOf).filter(id => !sameId(id, network.id));
  const routes = network.subnets.find(one => sameId(one.id, subnet))?.routes;
  const ips = firewalls.flatMap(ipConfigurations).map(one => one.publicIPAddress?.id);
  const [judged, networks, tables, addresses] = await Promise.all([
    each(policies, id =>
      visible(readPolicy(arm, id, signal), { policy: undefined, policies: [], groups: [] }),
    ),
    each(homes, id => readNetwork(arm, id, signal)),
    each([routes], read),
    each(ips, read),
  ]);
  const texts = new Map(
    addresses.map(one => [one?.id?.toLowerCase(), one?.properties?.['ipAddress'] as string | undefined]),
  );
  const typed = (type: string) => (one: RawResource) => ({ ...one, type });
  return firewallWorld(
    [
      ...firewalls.map(typed('microsoft.network/azurefirewalls')),
      ...judged.flatMap(one => one.policy ?? []).map(typed('microsoft.network/firewallpolicies')),
      ...judged
        .flatMap(one => one.groups)
        .map(typed('microsoft.network/firewallpolicies/rulecollectiongroups')),
      ...tables.filter(one => one !== undefined).map(typed('microsoft.network/routetables')),
    ],
    [network, ...networks.filter(one => one !== undefined)],
    id => texts.get(id),
  );
}

async function readNetwork(arm: Arm, id: string, signal?: AbortSignal): Promise<Network | undefined> {
  const raw = await visible<RawResource | undefined>(readResource(arm, id, signal), undefined);
  if (raw === undefined) return undefined;
  const flat = lifted(raw) as RawNetwork & { virtualNetworkPeerings?: RawNetwork['peerings'] };
  return asNetwork({ ...flat, peerings: flat.virtualNetworkPeerings });
}
