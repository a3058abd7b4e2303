/** The tables of Resource Graph. With a lag they tell of a resource as it was for a while after it changed. */
import type { Resource } from '../resources.ts';
import { powerStatus, view } from '../views.ts';
import { tenantId, type World } from '../world.ts';
import type { Row } from './run.ts';

export const columns = [
  'id',
  'name',
  'type',
  'tenantId',
  'kind',
  'location',
  'resourceGroup',
  'subscriptionId',
  'managedBy',
  'sku',
  'plan',
  'properties',
  'tags',
  'identity',
  'zones',
];

export class GraphIndex {
  #world: World;
  /** Rows as they were before a change that the index has not heard of, and how many such changes there are. */
  #old = new Map<string, { row: Row | undefined; changes: number }>();

  /** How long it tells of a resource as it was before a change; may be set at any time. */
  lagMs: number;

  constructor(world: World, lagMs: number) {
    this.#world = world;
    this.lagMs = lagMs;
    world.beforeChange = id => {
      if (this.lagMs > 0) this.#holdBack(id, this.lagMs);
    };
  }

  /** Rows of `resources` in the given subscriptions (lower-case ids). */
  resources(subscriptions: Set<string>): Row[] {
    const rows: Row[] = [];
    for (const resource of this.#world.all()) {
      if (!subscriptions.has(resource.id.split('/')[2]?.toLowerCase() ?? '')) continue;
      const old = this.#old.get(resource.id.toLowerCase());
      const row = old ? old.row : rowOf(this.#world, resource);
      if (row) rows.push(row);
    }
    return rows;
  }

  /** Rows of `resourcecontainers`: subscriptions and resource groups. */
  containers(subscriptions: Set<string>): Row[] {
    const { subscriptions: all, groups } = this.#world;
    const rows: Row[] = [
      ...all.map(({ id, name, tags }) => ({
        ...empty(id),
        id: `/subscriptions/${id}`,
        name,
        type: 'microsoft.resources/subscriptions',
        properties: { state: 'Enabled' },
        tags: tags ?? null,
      })),
      ...[...groups.values()].map(({ subscription, name, location, tags }) => ({
        ...empty(subscription),
        id: `/subscriptions/${subscription}/resourceGroups/${name}`,
        name,
        type: 'microsoft.resources/subscriptions/resourcegroups',
        location,
        resourceGroup: name.toLowerCase(),
        properties: { provisioningState: 'Succeeded' },
        tags: tags ?? null,
      })),
    ];
    return rows.filter(row => subscriptions.has(String(row['subscriptionId'])));
  }

  #holdBack(id: string, lagMs: number): void {
    const resource = this.#world.find(id);
    const held = this.#old.get(id) ?? {
      row: resource && structuredClone(rowOf(this.#world, resource)),
      changes: 0,
    };
    held.changes++;
    this.#old.set(id, held);
    setTimeout(() => {
      if (--held.changes === 0) this.#old.delete(id);
    }, lagMs).unref();
  }
}

function rowOf(world: World, resource: Resource): Row {
  const [, , subscription = '', , group = ''] = resource.id.split('/');
  const { properties } = view(world, resource) as { properties: Row };
  return {
    ...empty(subscription.toLowerCase()),
    id: resource.id,
    name: resource.name,
    type: resource.type.toLowerCase(),
    location: resource.location,
    resourceGroup: group.toLowerCase(),
    properties:
      resource.type === 'Microsoft.Compute/virtualMachines'
        ? {
            ...properties,
            extended: { instanceView: { powerState: powerStatus(world.powerOf(resource.id)) } },
          }
        : properties,
    tags: resource.tags ?? null,
  };
}

function empty(subscriptionId: string): Row {
  return {
    id: '',
    name: '',
    type: '',
    tenantId,
    kind: '',
    location: '',
    resourceGroup: '',
    subscriptionId,
    managedBy: '',
    sku: null,
    plan: null,
    properties: null,
    tags: null,
    identity: null,
    zones: null,
  };
}
