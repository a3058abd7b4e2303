/** The resource that DNAT collections of one place are written to as a whole, and everything that is judged beside them. */
import type { GateId } from '../../../../shared/domain/ids.ts';
import type { Firewall, Gate } from '../../../../shared/domain/vm.ts';
import { isForbidden, isNotFound } from '../../calls.ts';
import type { Arm } from '../armClients.ts';
import { armPath, sameId } from '../armIds.ts';
import { notAzure } from '../errors.ts';
import type { FreshNat } from './lock.ts';
import { natGate } from './mapNat.ts';
import {
  firewallFields,
  firewallVersion,
  groupFields,
  groupsInOrder,
  type NatCollection,
  natCollections,
  policyOfGroup,
  type RawCollection,
  type RawResource,
} from './model.ts';

/** Name of the group that Latchkey keeps in a policy: it alone holds rules of grants, and it goes with the last of them. */
export const ownGroup = 'latchkey';
/** Priority of that group, or the next that is free. Assumption, reference section 10 (8): any will do. */
const groupPriority = 60_000;

/** A classic firewall (by its id) or a rule collection group of a policy (by its id). */
export interface NatPlace {
  kind: 'classic' | 'policy';
  /** ARM id of what is written. */
  id: string;
  /** For errors. */
  name: string;
}

/** What stands at a place, as just read. */
export interface NatStock {
  place: NatPlace;
  /** Undefined where the group is not there. */
  resource: RawResource | undefined;
  state: string;
  collections: NatCollection[];
  /** Collections that are judged together with these and stand elsewhere, before and after them. */
  before: NatCollection[];
  after: NatCollection[];
  /** Priority for the group where it has to be made. */
  freeGroupPriority: number;
}

/** The place a gate's id means. */
export function placeOf(gate: GateId | string): NatPlace {
  const kind = /\/rulecollectiongroups\//i.test(gate) ? 'policy' : 'classic';
  const parts = gate.split('/');
  return { kind, id: gate, name: (kind === 'policy' ? parts.at(-3) : parts.at(-1)) ?? gate };
}

export async function readStock(arm: Arm, place: NatPlace, signal?: AbortSignal): Promise<NatStock> {
  if (place.kind === 'classic') {
    const resource = await readResource(arm, place.id, signal);
    const { provisioningState = '', firewallPolicy } = firewallFields(resource);
    const collections = firewallPolicy ? [] : natCollections(resource, 'classic');
    return {
      place,
      resource,
      state: provisioningState,
      collections,
      before: [],
      after: [],
      freeGroupPriority: 0,
    };
  }
  const policy = policyOfGroup(place.id);
  const { policies, groups } = await readPolicy(arm, policy, signal);
  const resource = groups.find(group => sameId(group.id, place.id));
  const own = groups.filter(group => sameId(policyOfGroup(group.id ?? ''), policy));
  const taken = new Set(own.map(group => groupFields(group).priority));
  let free = groupPriority;
  while (taken.has(free)) free++;
  const judged = groupsInOrder(policies, groups);
  const at = resource === undefined ? judged.length : judged.indexOf(resource);
  const dnat = (some: RawResource[]) => some.flatMap(group => natCollections(group, 'policy'));
  return {
    place,
    resource,
    state: own.some(group => isUnderWay(groupFields(group).provisioningState ?? ''))
      ? 'Updating'
      : resource === undefined
        ? 'Succeeded'
        : (groupFields(resource).provisioningState ?? ''),
    collections: resource === undefined ? [] : natCollections(resource, 'policy'),
    before: dnat(judged.slice(0, at)),
    after: dnat(judged.slice(at + 1)),
    freeGroupPriority: free,
  };
}

/** Every rule that is judged together with those at the place, theirs included, in order. */
export function gateOf({ place, before, collections, after }: NatStock): Gate {
  return natGate(place.id, place.name, [...before, ...collections, ...after]);
}

/** The body that makes the place hold these DNAT collections and, apart from them, all that it held. Undefined: remove it. */
export function bodyOf(stock: NatStock, collections: RawCollection[]): object | undefined {
  const { place, resource } = stock;
  const dnat = new Set(stock.collections.map(one => one.raw));
  if (place.kind === 'classic') {
    const standing = resource === undefined ? [] : (firewallFields(resource).natRuleCollections ?? []);
    const natRuleCollections = inPlace(standing, dnat, collections);
    return { ...resource, properties: { ...resource?.properties, natRuleCollections } };
  }
  const all = resource === undefined ? [] : (groupFields(resource).ruleCollections ?? []);
  const others = all.filter(one => !dnat.has(one));
  if (isOwnGroup(place) && collections.length + others.length === 0) return undefined;
  const { priority = stock.freeGroupPriority } = resource === undefined ? {} : groupFields(resource);
  return { properties: { priority, ruleCollections: inPlace(all, dnat, collections) } };
}

const positions = new WeakMap<RawCollection, number>();

/** A collection that comes back stands where it stood. */
export function standAt(collection: RawCollection, index: number): RawCollection {
  positions.set(collection, index);
  return collection;
}

/** The collections where those they take the place of stood; new ones at the end, or where they are to stand. */
function inPlace(
  all: RawCollection[],
  dnat: Set<RawCollection>,
  collections: RawCollection[],
): RawCollection[] {
  const left = new Map(collections.map(one => [one.name, one]));
  const kept = all.flatMap(one => {
    if (!dnat.has(one)) return [one];
    const now = left.get(one.name);
    left.delete(one.name);
    return now ?? [];
  });
  const back = [...left.values()].toSorted(
    (a, b) => (positions.get(a) ?? Infinity) - (positions.get(b) ?? Infinity),
  );
  for (const one of back) kept.splice(positions.get(one) ?? kept.length, 0, one);
  return kept;
}

function isOwnGroup(place: NatPlace): boolean {
  return place.id.toLowerCase().endsWith(`/${ownGroup}`);
}

export function isUnderWay(state: string): boolean {
  return ['updating', 'deleting', 'creating'].includes(state.toLowerCase());
}

/** Any resource as ARM writes it. Throws CLOUD_NOT_FOUND. */
export async function readResource(arm: Arm, id: string, signal?: AbortSignal): Promise<RawResource> {
  const path = `${armPath(id)}?api-version=${firewallVersion}`;
  const answer = await arm.request({ method: 'GET', path, signal });
  const resource = (answer ?? {}) as RawResource;
  // An empty answer must not be taken for a firewall without rules: it would be written back so.
  if (!sameId(resource.id, id) || resource.properties === undefined) throw notAzure(`GET ${id}`, 200);
  return resource;
}

/** A policy and the one it inherits from, parent first, with all their groups. A parent we may not see counts as none. */
export async function readPolicy(
  arm: Arm,
  id: string,
  signal?: AbortSignal,
): Promise<{ policy: RawResource | undefined; policies: string[]; groups: RawResource[] }> {
  const policy = await readResource(arm, id, signal);
  const base = (policy.properties?.['basePolicy'] as { id?: string } | undefined)?.id;
  const [parents, own] = await Promise.all([
    base === undefined ? [] : visible(listAll(arm, `${base}/ruleCollectionGroups`, signal), []),
    listAll(arm, `${id}/ruleCollectionGroups`, signal),
  ]);
  return { policy, policies: [...(base === undefined ? [] : [base]), id], groups: [...parents, ...own] };
}

/** All pages of a list. */
export async function listAll(arm: Arm, id: string, signal?: AbortSignal): Promise<RawResource[]> {
  const found: RawResource[] = [];
  let path: string | undefined = `${armPath(id)}?api-version=${firewallVersion}`;
  while (path !== undefined) {
    const page = (await arm.request({ method: 'GET', path, signal })) as
      | { value?: RawResource[]; nextLink?: string }
      | undefined;
    if (!Array.isArray(page?.value)) throw notAzure(`GET ${id}`, 200);
    found.push(...page.value);
    const next: URL | null = page.nextLink ? URL.parse(page.nextLink) : null;
    path = next === null ? undefined : next.pathname + next.search;
  }
  return found;
}

/** What we may not see, or is gone, is as if it were not there. */
export async function visible<T>(asked: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (isForbidden(error) || isNotFound(error)) return otherwise;
    throw error;
  }
}

/** The firewall in front of a VM, for a plan. Throws CLOUD_NOT_FOUND, CLOUD_FORBIDDEN. */
export async function readNat(arm: Arm, firewall: Firewall, signal?: AbortSignal): Promise<FreshNat> {
  if (firewall.kind === 'classic') {
    const stock = await readStock(arm, placeOf(firewall.gate.id), signal);
    return {
      stocks: [stock],
      inherited: [],
      holder: { id: firewall.id, tags: stock.resource?.tags ?? {} },
    };
  }
  const id = policyOfGroup(firewall.gate.id);
  const { policy, groups } = await readPolicy(arm, id, signal);
  const isOwn = (group: RawResource) => sameId(policyOfGroup(group.id ?? ''), id);
  const stocks = groups.filter(isOwn).map(
    (resource): NatStock => ({
      place: placeOf(resource.id ?? ''),
      resource,
      state: '',
      collections: natCollections(resource, 'policy'),
      before: [],
      after: [],
      freeGroupPriority: 0,
    }),
  );
  const parents = groups.filter(group => !isOwn(group));
  return {
    stocks,
    inherited: parents.flatMap(group => natCollections(group, 'policy')),
    holder: { id, tags: policy?.tags ?? {} },
  };
}
