/**
 * Reading a security rule that a client wants to write, with the refusals of Azure's network provider
 * (reference §7.1, §7.2; the code for too many rules: azure-rest-api-specs#3003).
 */
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { ArmError } from './errors.ts';
import type { NetworkSecurityGroup, RuleProperties } from './resources.ts';

const texts = z.array(z.string()).nullish();
const refs = z.array(z.object({ id: z.string() })).nullish();
const ruleBody = z.object({
  properties: z.object({
    description: z.string().nullish(),
    protocol: z.string(),
    access: z.string(),
    direction: z.string(),
    priority: z.int(),
    sourcePortRange: z.string().nullish(),
    sourcePortRanges: texts,
    destinationPortRange: z.string().nullish(),
    destinationPortRanges: texts,
    sourceAddressPrefix: z.string().nullish(),
    sourceAddressPrefixes: texts,
    destinationAddressPrefix: z.string().nullish(),
    destinationAddressPrefixes: texts,
    sourceApplicationSecurityGroups: refs,
    destinationApplicationSecurityGroups: refs,
  }),
});

const maxRules = 1000;

/**
 * The properties in a body, normal and checked against the NSG's other rules. Throws ArmError 400.
 * Codes of description and of missing fields are ours: no public source was found for them.
 */
export function readRule(nsg: NetworkSecurityGroup, name: string, body: unknown): RuleProperties {
  if (!/^\w([\w.-]{0,78}\w)?$/.test(name))
    throw new ArmError(
      400,
      'InvalidResourceName',
      `Resource name ${name} is invalid. The name can be up to 80 characters long. It must begin with a word character, and it must end with a word character or with '_'. The name may contain word characters or '.', '-', '_'.`,
    );
  const read = ruleBody.safeParse(body);
  if (!read.success)
    throw invalid(read.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('; '));
  const given = read.data.properties;
  const id = `${nsg.id}/securityRules/${name}`;
  if ((given.description ?? '').length > 140)
    throw invalid(`The description of ${id} is longer than 140 characters.`);
  const properties: RuleProperties = {
    ...(given.description ? { description: given.description } : {}),
    protocol: oneOf(given.protocol, ['Tcp', 'Udp', 'Icmp', 'Esp', 'Ah', '*'], 'protocol'),
    access: oneOf(given.access, ['Allow', 'Deny'], 'access'),
    direction: oneOf(given.direction, ['Inbound', 'Outbound'], 'direction'),
    priority: given.priority,
    ...ports('source', given.sourcePortRange, given.sourcePortRanges),
    ...ports('destination', given.destinationPortRange, given.destinationPortRanges),
    ...addresses('source', given.sourceAddressPrefix, given.sourceAddressPrefixes),
    ...addresses('destination', given.destinationAddressPrefix, given.destinationAddressPrefixes),
    ...(given.sourceApplicationSecurityGroups?.length
      ? { sourceApplicationSecurityGroups: given.sourceApplicationSecurityGroups }
      : {}),
    ...(given.destinationApplicationSecurityGroups?.length
      ? { destinationApplicationSecurityGroups: given.destinationApplicationSecurityGroups }
      : {}),
  } as RuleProperties;
  if (properties.priority < 100 || properties.priority > 4096)
    throw new ArmError(
      400,
      'SecurityRuleInvalidPriority',
      `Security rule has invalid Priority. Value provided: ${properties.priority} Allowed range 100-4096.`,
    );
  checkSide('Source', properties, id);
  checkSide('Destination', properties, id);
  checkFamilies(properties, id);
  checkNeighbours(nsg, name, properties);
  return properties;
}

/** Same priority and direction, and how many there may be. */
function checkNeighbours(nsg: NetworkSecurityGroup, name: string, wanted: RuleProperties): void {
  const others = nsg.properties.rules.filter(one => one.name.toLowerCase() !== name.toLowerCase());
  const rival = others.find(
    ({ properties }) => properties.priority === wanted.priority && properties.direction === wanted.direction,
  );
  if (rival)
    throw new ArmError(
      400,
      'SecurityRuleConflict',
      `Security rule ${name} conflicts with rule ${rival.name}. Rules cannot have the same Priority and Direction. To learn more, see aka.ms/nsgrules.`,
    );
  if (others.length >= maxRules)
    throw new ArmError(
      400,
      'SecurityRuleCountLimitReached',
      `A security group cannot have more than ${maxRules} security rules.`,
    );
}

type Side = 'Source' | 'Destination';

function checkSide(side: Side, rule: RuleProperties, id: string): void {
  const at = side === 'Source' ? 'source' : 'destination';
  const range = rule[`${at}PortRange`];
  const ranges = rule[`${at}PortRanges`];
  for (const text of range === undefined ? ranges : [range]) {
    const [from = Number.NaN, to = from] = text.split('-').map(Number);
    if ((text === '*' && range !== undefined) || (from >= 0 && from <= to && to <= 65_535)) continue;
    throw new ArmError(
      400,
      'SecurityRuleInvalidPortRange',
      `Security rule has invalid Port range. Value provided: ${text}. Value should be an integer OR integer range with '-' delimiter. Valid range 0-65535.`,
    );
  }
  if (range === undefined && ranges.length === 0)
    throw invalid(`Security rule ${id} must specify ${side}PortRange or ${side}PortRanges.`);

  const prefix = rule[`${at}AddressPrefix`];
  const prefixes = rule[`${at}AddressPrefixes`];
  const groups = rule[`${at}ApplicationSecurityGroups`] ?? [];
  for (const text of prefix === undefined ? prefixes : [prefix]) {
    if (isRange(text)) continue;
    const isTag = text === '*' || /^[a-z][\w.]*$/i.test(text);
    if (isTag && prefix !== undefined) continue;
    if (isTag)
      throw new ArmError(
        400,
        'SecurityRuleParameterContainsUnsupportedValue',
        `Security rule parameter ${side}AddressPrefix for rule with Id ${id} cannot specify existing VIRTUALNETWORK, INTERNET, AZURELOADBALANCER, '*' or system tags. Unsupported value used: ${text}.`,
      );
    throw new ArmError(
      400,
      'SecurityRuleInvalidAddressPrefix',
      `Security rule ${id} has invalid Address prefix. Value provided: ${text}`,
    );
  }
  if (prefix === undefined && prefixes.length === 0 && groups.length === 0)
    throw invalid(
      `Security rule ${id} must specify ${side}AddressPrefixes, ${side}AddressPrefix, or ${side}ApplicationSecurityGroups.`,
    );
}

/** IPv4 and IPv6 never stand in one rule. */
function checkFamilies(rule: RuleProperties, id: string): void {
  const all = [
    rule.sourceAddressPrefix,
    ...rule.sourceAddressPrefixes,
    rule.destinationAddressPrefix,
    ...rule.destinationAddressPrefixes,
  ].filter(text => text !== undefined && isRange(text));
  if (new Set(all.map(text => text?.includes(':'))).size > 1)
    throw new ArmError(
      400,
      'ResourceCannotContainAddressPrefixesFromDifferentAddressFamilies',
      `Resource ${id} contains IP addresses or prefixes that belong to different address families. All IP addresses or prefixes in the resource should belong to the same address family.`,
    );
}

/** An address, or a CIDR whose bits behind the prefix are zero. */
function isRange(text: string): boolean {
  if (ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)) return true;
  if (!ipaddr.isValidCIDR(text)) return false;
  const [address, bits] = ipaddr.parseCIDR(text);
  const network =
    address.kind() === 'ipv4'
      ? ipaddr.IPv4.networkAddressFromCIDR(text)
      : ipaddr.IPv6.networkAddressFromCIDR(text);
  return bits >= 0 && network.toNormalizedString() === address.toNormalizedString();
}

function oneOf(value: string, allowed: string[], field: string): string {
  const found = allowed.find(one => one.toLowerCase() === value.toLowerCase());
  if (found !== undefined) return found;
  throw invalid(`Value '${value}' of ${field} is not one of ${allowed.join(', ')}.`);
}

function ports(
  side: 'source' | 'destination',
  one: string | null | undefined,
  many: string[] | null | undefined,
) {
  if (one && many?.length) throw invalid(`Specify ${side}PortRange or ${side}PortRanges, not both.`);
  return { ...(one ? { [`${side}PortRange`]: one } : {}), [`${side}PortRanges`]: many ?? [] };
}

function addresses(
  side: 'source' | 'destination',
  one: string | null | undefined,
  many: string[] | null | undefined,
) {
  if (one && many?.length) throw invalid(`Specify ${side}AddressPrefix or ${side}AddressPrefixes, not both.`);
  return { ...(one ? { [`${side}AddressPrefix`]: one } : {}), [`${side}AddressPrefixes`]: many ?? [] };
}

function invalid(message: string): ArmError {
  return new ArmError(400, 'InvalidRequestFormat', message);
}
