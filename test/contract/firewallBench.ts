/** The parts of the play behind a practice firewall, classic or with a policy. */

import type { StandingRule } from '../../main/clouds/cloud.ts';
import { Builder, type Place } from '../../main/practice/arm/build.ts';
import { letsAnyWay } from '../../main/practice/arm/firewallPath.ts';
import type { PolicyCollection, Resource, Subnet } from '../../main/practice/arm/resources.ts';
import { policyCollection } from '../../main/practice/arm/seedFirewalls.ts';
import { parseVmId, type VmId } from '../../shared/domain/ids.ts';
import { defaultPolicy } from '../../shared/domain/policyTag.ts';
import { fixed, type Practice, quickClock, startPractice } from '../clouds/azure/practice.ts';
import type { GateBench } from './gate.ts';

type Kind = 'classic' | 'policy';

const facts = {
  classic: { group: 'rg-finance', network: 'finance-vnet', prefix: '10.70.9', public: '198.18.255.240' },
  policy: { group: 'rg-hub', network: 'batch-vnet', prefix: '10.81.9', public: '198.18.255.241' },
} as const;

export async function firewallBench(kind: Kind): Promise<GateBench & { practice: Practice }> {
  const practice = await startPractice({ firewallMs: 15 });
  const { world } = practice.arm;
  let computers = 0;
  const signIn = () => practice.signIn({ random: fixed(computers++ % 256), clock: quickClock() });
  const { exposed, locked, neighbour } = build(practice, kind);
  const cloud = await signIn();
  for (const id of [locked, neighbour]) {
    const vm = await cloud.vm(id);
    if (!vm) throw new Error(`no ${id}`);
    await cloud.apply(await cloud.planLock(vm, defaultPolicy.ports), vm, async () => {});
  }
  return {
    practice,
    signIn,
    lets: (vm, source, port) => letsAnyWay(world, vm, source, port),
    snapshot: () => [...world.all()].map(one => JSON.stringify(snapshotOf(one))).join('\n'),
    vms: { exposed, locked, neighbour, unsupported: practice.vm('scratch-3') },
    spoil: standing => spoil(practice, standing),
    stop: () => practice.stop(),
  };
}

function build(practice: Practice, kind: Kind): Record<'exposed' | 'locked' | 'neighbour', VmId> {
  const { world } = practice.arm;
  const builder = new Builder(world);
  const { group, network, prefix } = facts[kind];
  const subscription = world.subscriptions[kind === 'classic' ? 0 : 1]?.id ?? '';
  const where: Place = { subscription, group, location: 'westeurope' };
  const vnet = [...world.all('Microsoft.Network/virtualNetworks')].find(one => one.name === network);
  if (!vnet) throw new Error(`no ${network}`);
  const shared = builder.nsg(where, 'bench-subnet-nsg');
  const subnet = builder.subnet(vnet, 'bench', [`${prefix}.0/24`], shared);
  const make = (name: string, on: Subnet) => {
    const nsg = builder.nsg(where, `bench-${name}-nsg`);
    return builder.vm(where, { name: `bench-${name}`, os: 'Linux', subnet: on, nsg, isPublic: false });
  };
  const exposed = make('exposed', subnet);
  const locked = make('locked', subnet);
  const neighbour = make('neighbour', subnet);
  expose(practice, kind, exposed.privateAddresses[0] ?? '');
  return { exposed: parseVmId(exposed.id), locked: parseVmId(locked.id), neighbour: parseVmId(neighbour.id) };
}

/** Two rules of others in collections of others: for SSH alone in its collection, for RDP beside one that leads elsewhere. */
function expose(practice: Practice, kind: Kind, address: string): void {
  const { world } = practice.arm;
  const at = facts[kind].public;
  const rules = [
    policyCollection('bench-ssh', { from: '2201', to: '22', address, public: at }),
    policyCollection('bench-mixed', { from: '3391', to: '3389', address, public: at }),
  ];
  const [ssh, mixed] = rules as [PolicyCollection, PolicyCollection];
  const [web] = policyCollection('bench-web', { from: '8080', to: '80', address, public: at }).rules;
  if (web) mixed.rules.unshift(web);
  const collections: PolicyCollection[] = [
    { ...ssh, priority: 300 },
    { ...mixed, priority: 250 },
  ];
  if (kind === 'policy') {
    for (const group of world.all('Microsoft.Network/firewallPolicies/ruleCollectionGroups')) {
      group.properties.ruleCollections = [...group.properties.ruleCollections, ...collections];
      group.inForce = group.properties;
    }
    return;
  }
  for (const firewall of world.all('Microsoft.Network/azureFirewalls')) {
    if (firewall.properties.firewallPolicy) continue;
    const classic = collections.map(({ name, priority, rules: some }) => ({
      name,
      properties: {
        priority,
        action: { type: 'Dnat' },
        rules: some.map(({ ruleType: _type, ipProtocols, ...rule }) => ({
          ...rule,
          protocols: ipProtocols ?? [],
        })),
      },
    }));
    firewall.properties.natRuleCollections = [...firewall.properties.natRuleCollections, ...classic];
    firewall.inForce = firewall.properties.natRuleCollections;
  }
}

/** What a client could have changed. */
function snapshotOf(resource: Resource): unknown[] {
  const tags = Object.entries(resource.tags ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (resource.type === 'Microsoft.Network/networkSecurityGroups') {
    const rules = resource.properties.rules.map(rule => [rule.name, rule.state, rule.properties]);
    return [resource.id, tags, rules];
  }
  if (resource.type === 'Microsoft.Network/azureFirewalls') {
    const { natRuleCollections, networkRuleCollections, ...rest } = resource.properties;
    const collections = natRuleCollections.map(({ name, properties }) => [
      name,
      properties.priority,
      properties.action,
      properties.rules,
    ]);
    return [resource.id, tags, collections, networkRuleCollections, rest];
  }
  if (resource.type === 'Microsoft.Network/firewallPolicies/ruleCollectionGroups')
    return [resource.id, tags, resource.properties];
  return [resource.id, tags];
}

function spoil({ arm }: Practice, standing: StandingRule): void {
  const isMeant = (one: { name: string }) => standing.names.includes(one.name);
  for (const { properties } of arm.world.all('Microsoft.Network/networkSecurityGroups'))
    for (const rule of properties.rules.filter(isMeant))
      rule.properties = { ...rule.properties, description: 'by hand' };
  for (const { properties } of arm.world.all('Microsoft.Network/azureFirewalls'))
    for (const one of properties.natRuleCollections.filter(isMeant))
      for (const rule of one.properties.rules) rule.description = 'by hand';
  for (const { properties } of arm.world.all('Microsoft.Network/firewallPolicies/ruleCollectionGroups'))
    for (const one of properties.ruleCollections.filter(isMeant))
      for (const rule of one.rules) rule.description = 'by hand';
}
