/** What a client writes to a firewall or a rule collection group, checked as far as packets and other clients depend on it. */
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { ArmError } from './errors.ts';
import type { AzureFirewall, NatCollection, PolicyCollection } from './resources.ts';
import { checkTags } from './tags.ts';

const name = z.string().regex(/^[a-zA-Z0-9]([\w.-]{0,78}\w)?$/);
const priority = z.int().min(100).max(65_000);
/** Address, CIDR, range or `*`. No service tags: DNAT rules take none as a source here. */
const place = z
  .string()
  .refine(
    text => text === '*' || text.split('-').every(one => ipaddr.isValid(one) || ipaddr.isValidCIDR(one)),
  );
const portText = z.string().regex(/^\d{1,5}(-\d{1,5})?$/);

/** Every field that is not named here stays as it was written. */
const natRule = z.looseObject({
  name,
  description: z.string().optional(),
  sourceAddresses: z.array(place).optional(),
  sourceIpGroups: z.array(z.string()).optional(),
  destinationAddresses: z.array(place).min(1),
  destinationPorts: z.array(portText).min(1),
  translatedAddress: z.string().optional(),
  translatedPort: portText.optional(),
  translatedFqdn: z.string().optional(),
});
const classicCollection = z.looseObject({
  name,
  properties: z.looseObject({
    priority,
    action: z.looseObject({ type: z.string() }),
    rules: z.array(natRule.extend({ protocols: z.array(z.string()).min(1) })).min(1),
  }),
});
const classicBody = z.looseObject({
  location: z.string(),
  tags: z.unknown().optional(),
  properties: z.looseObject({
    ipConfigurations: z.array(z.unknown()).min(1),
    firewallPolicy: z.looseObject({ id: z.string() }).optional(),
    natRuleCollections: z.array(classicCollection).optional(),
    networkRuleCollections: z.array(z.unknown()).optional(),
    applicationRuleCollections: z.array(z.unknown()).optional(),
  }),
});
const policyCollection = z.looseObject({
  name,
  ruleCollectionType: z.string(),
  priority,
  rules: z.array(z.looseObject({ name: z.string(), ruleType: z.string() })),
});
const groupBody = z.looseObject({
  properties: z.looseObject({ priority, ruleCollections: z.array(policyCollection) }),
});

/** A whole firewall as written. Addresses, SKU and policy can't be changed here. Throws 400. */
export function readClassic(
  body: unknown,
  firewall: AzureFirewall,
): Pick<AzureFirewall, 'tags' | 'properties'> {
  const { tags, properties } = read(classicBody, body);
  const collections = (properties.natRuleCollections ?? []) as NatCollection[];
  refuseTwice(collections.map(one => ({ ...one, priority: one.properties.priority })));
  const { sku, ipConfigurations, firewallPolicy } = firewall.properties;
  if (firewallPolicy && collections.length > 0)
    throw new ArmError(
      400,
      'AzureFirewallPolicyAndRuleCollectionsConflict',
      'A firewall with a policy can have no rule collections of its own.',
    );
  const natRuleCollections = collections.map(collection => ({
    ...collection,
    id: `${firewall.id}/natRuleCollections/${collection.name}`,
    properties: { ...collection.properties, provisioningState: 'Succeeded' },
  }));
  return {
    tags: tags === undefined || tags === null ? undefined : checkTags(tags),
    properties: {
      ...firewall.properties,
      ...properties,
      sku,
      ipConfigurations,
      ...(firewallPolicy ? { firewallPolicy } : {}),
      provisioningState: 'Updating',
      natRuleCollections,
      networkRuleCollections: properties.networkRuleCollections ?? [],
      applicationRuleCollections: properties.applicationRuleCollections ?? [],
    },
  };
}

/** A rule collection group as written. Throws 400. */
export function readGroup(body: unknown): { priority: number; ruleCollections: PolicyCollection[] } {
  const { properties } = read(groupBody, body);
  const ruleCollections = properties.ruleCollections as PolicyCollection[];
  refuseTwice(ruleCollections);
  for (const collection of ruleCollections) {
    if (collection.ruleCollectionType !== 'FirewallPolicyNatRuleCollection') continue;
    for (const rule of collection.rules)
      read(natRule.extend({ ipProtocols: z.array(z.string()).min(1) }), rule);
  }
  return { priority: properties.priority, ruleCollections };
}

/** No two collections of one name or one priority. */
function refuseTwice(collections: { name: string; priority: number }[]): void {
  for (const key of ['name', 'priority'] as const) {
    const seen = new Set(collections.map(one => String(one[key]).toLowerCase()));
    if (seen.size === collections.length) continue;
    throw new ArmError(
      400,
      'AzureFirewallRuleCollectionConflict',
      `Rule collections must have different ${key === 'name' ? 'names' : 'priorities'}.`,
    );
  }
}

/** Checked, and given back as it came: in its order, with all it holds. */
function read<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const found = schema.safeParse(body);
  if (found.success) return body as z.output<Schema>;
  throw new ArmError(
    400,
    'InvalidRequestFormat',
    `Cannot parse the request: ${z.prettifyError(found.error)}`,
  );
}
