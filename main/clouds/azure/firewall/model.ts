/**
 * Azure Firewalls as ARM writes them, in JSON that is kept whole: a firewall is written back as it was read, also what
 * no model of ours or of an SDK knows. Resource Graph's rows lack the level `properties` (graph.ts), ARM's have it.
 */
import { sameId } from '../armIds.ts';

/** The version of Microsoft.Network that firewalls and policies are read and written with: the same for both. */
export const firewallVersion = '2024-05-01';

export interface RawNatRule {
  name?: string;
  description?: string;
  sourceAddresses?: string[];
  sourceIpGroups?: string[];
  destinationAddresses?: string[];
  destinationPorts?: string[];
  translatedAddress?: string;
  translatedPort?: string;
  translatedFqdn?: string;
  /** Of a classic firewall. */
  protocols?: string[];
  /** Of a policy. */
  ipProtocols?: string[];
  ruleType?: string;
}

interface CollectionFields {
  priority?: number;
  action?: { type?: string };
  rules?: RawNatRule[];
}

/** A collection of either kind: a classic one holds its fields in `properties`, a policy's beside its name. */
export interface RawCollection extends CollectionFields {
  name?: string;
  ruleCollectionType?: string;
  properties?: CollectionFields;
}

/** A firewall or a rule collection group; fields as in ARM, or lifted. */
export interface RawResource {
  id?: string;
  name?: string;
  type?: string;
  tags?: Record<string, string>;
  properties?: Record<string, unknown>;
}

interface FirewallFields {
  provisioningState?: string;
  firewallPolicy?: { id?: string };
  natRuleCollections?: RawCollection[];
  ipConfigurations?: {
    properties?: IpFields;
    privateIPAddress?: string;
    subnet?: { id?: string };
    publicIPAddress?: { id?: string };
  }[];
}
interface IpFields {
  privateIPAddress?: string;
  subnet?: { id?: string };
  publicIPAddress?: { id?: string };
}
interface GroupFields {
  provisioningState?: string;
  priority?: number;
  ruleCollections?: RawCollection[];
}

const fields = <Fields>(resource: RawResource): Fields => (resource.properties ?? resource) as Fields;

export const firewallFields = (resource: RawResource) => fields<FirewallFields>(resource);
export const groupFields = (resource: RawResource) => fields<GroupFields>(resource);

/** Its configurations, in either shape. */
export function ipConfigurations(firewall: RawResource): IpFields[] {
  return (firewallFields(firewall).ipConfigurations ?? []).map(one => one.properties ?? one);
}

/** A collection of DNAT rules in one shape. `raw` is what it was read from. */
export interface NatCollection {
  name: string;
  priority: number;
  rules: RawNatRule[];
  raw: RawCollection;
}

/** The DNAT collections of a firewall or a group, in the order they are judged. */
export function natCollections(resource: RawResource, kind: 'classic' | 'policy'): NatCollection[] {
  const raw =
    kind === 'classic'
      ? (firewallFields(resource).natRuleCollections ?? [])
      : (groupFields(resource).ruleCollections ?? []).filter(
          one => one.ruleCollectionType?.toLowerCase() === 'firewallpolicynatrulecollection',
        );
  return raw
    .map(one => {
      const { priority = 0, rules = [] } = one.properties ?? one;
      return { name: one.name ?? '', priority, rules, raw: one };
    })
    .toSorted((a, b) => a.priority - b.priority);
}

/** Groups of these policies, in the order they are judged: a parent's groups before all of its child's. */
export function groupsInOrder(policies: string[], groups: RawResource[]): RawResource[] {
  return policies.flatMap(policy =>
    groups
      .filter(group => sameId(policyOfGroup(group.id ?? ''), policy))
      .toSorted((a, b) => (groupFields(a).priority ?? 0) - (groupFields(b).priority ?? 0)),
  );
}

/** `…/firewallPolicies/p/ruleCollectionGroups/g` → `…/firewallPolicies/p`. */
export function policyOfGroup(id: string): string {
  return id.replace(/\/rulecollectiongroups\/[^/]+$/i, '');
}
