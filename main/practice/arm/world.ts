/** The Azure side of the practice cloud as plain data: subscriptions, resource groups and resources by lower-case id. */
import { createHash } from 'node:crypto';
import type { LoggedEvent } from './activityEvents.ts';
import { DefenderData } from './defender/data.ts';
import type {
  AdminRule,
  NetworkSecurityGroup,
  PowerState,
  Resource,
  ResourceOf,
  ResourceType,
  VirtualMachine,
} from './resources.ts';

export interface Subscription {
  id: string;
  name: string;
  tags?: Record<string, string> | undefined;
}
export interface ResourceGroup {
  subscription: string;
  name: string;
  location: string;
  tags?: Record<string, string> | undefined;
}
export const tenantId = '7c1f7a2e-5d0b-4f0a-9a51-6f2d8b3f9c10';

export class World {
  readonly subscriptions: Subscription[] = [];
  readonly groups = new Map<string, ResourceGroup>();
  readonly power = new Map<string, PowerState>();
  /** Virtual Network Manager's rules in force, by a network's lower-case id. */
  readonly adminRules = new Map<string, AdminRule[]>();
  /** The activity log, oldest first. */
  readonly events: LoggedEvent[] = [];
  /** How long after it happened a row of the activity log shows, in milliseconds. */
  activityLagMs = 0;
  readonly defender = new DefenderData();
  /** Called before a resource changes, with its lower-case id: an index that lags keeps the old one for a while. */
  beforeChange: (id: string) => void = () => {};
  #resources = new Map<string, Resource>();
  #byType = new Map<ResourceType, Map<string, Resource>>();

  addGroup(group: ResourceGroup): void {
    this.groups.set(groupId(group.subscription, group.name), group);
  }

  group(subscription: string, name: string): ResourceGroup | undefined {
    return this.groups.get(groupId(subscription, name));
  }

  subscription(id: string): Subscription | undefined {
    return this.subscriptions.find(subscription => subscription.id === id.toLowerCase());
  }

  add(resource: Resource): void {
    const id = resource.id.toLowerCase();
    this.beforeChange(id);
    this.#resources.set(id, resource);
    let ofType = this.#byType.get(resource.type);
    if (!ofType) this.#byType.set(resource.type, (ofType = new Map()));
    ofType.set(id, resource);
  }

  remove(resource: Resource): void {
    const id = resource.id.toLowerCase();
    this.beforeChange(id);
    this.#resources.delete(id);
    this.#byType.get(resource.type)?.delete(id);
  }

  /** Any resource by its id in any case. */
  find(id: string): Resource | undefined {
    return this.#resources.get(id.toLowerCase());
  }

  /** The resource with this id if it is of this type. */
  get<Type extends ResourceType>(type: Type, id: string): ResourceOf<Type> | undefined {
    const found = this.#byType.get(type)?.get(id.toLowerCase());
    return found as ResourceOf<Type> | undefined;
  }

  /** All resources, or those of one type, in the order they were made. */
  all(): Iterable<Resource>;
  all<Type extends ResourceType>(type: Type): Iterable<ResourceOf<Type>>;
  all(type?: ResourceType): Iterable<Resource> {
    return type === undefined ? this.#resources.values() : (this.#byType.get(type)?.values() ?? []);
  }

  /** How many VMs there are, classic ones included. */
  size(): number {
    return ['Microsoft.Compute/virtualMachines' as const, 'Microsoft.ClassicCompute/virtualMachines' as const]
      .map(type => this.#byType.get(type)?.size ?? 0)
      .reduce((sum, count) => sum + count, 0);
  }

  nsg(id: string): NetworkSecurityGroup | undefined {
    return this.get('Microsoft.Network/networkSecurityGroups', id);
  }

  vm(id: string): VirtualMachine | undefined {
    return this.get('Microsoft.Compute/virtualMachines', id);
  }

  powerOf(id: string): PowerState {
    return this.power.get(id.toLowerCase()) ?? 'running';
  }

  setPower(id: string, power: PowerState): void {
    this.beforeChange(id.toLowerCase());
    this.power.set(id.toLowerCase(), power);
  }
}

/** A stable GUID made from text: the same world has the same ids in every run. */
export function guidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function groupId(subscription: string, name: string): string {
  return `${subscription}/${name}`.toLowerCase();
}
