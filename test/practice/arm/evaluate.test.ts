/** The practice cloud's own judgement of packets, and Latchkey's, which was written apart from it, must agree. */
import type {
  EffectiveSecurityAdminRule,
  NetworkInterface as SdkNic,
  NetworkSecurityGroup as SdkNsg,
} from '@azure/arm-network';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lifted } from '../../../main/clouds/azure/graph.ts';
import { membersOf } from '../../../main/clouds/azure/inventory.ts';
import { mapAdminRule } from '../../../main/clouds/azure/mapAdmin.ts';
import { mapGate } from '../../../main/clouds/azure/mapRules.ts';
import { Builder, rule } from '../../../main/practice/arm/build.ts';
import { letsThrough } from '../../../main/practice/arm/evaluate.ts';
import { addGroup, joinGroup } from '../../../main/practice/arm/groups.ts';
import type { NetworkSecurityGroup, SecurityRule } from '../../../main/practice/arm/resources.ts';
import { adminRule } from '../../../main/practice/arm/seedGoverned.ts';
import { nsgView, view } from '../../../main/practice/arm/views.ts';
import { guidOf, World } from '../../../main/practice/arm/world.ts';
import { effective } from '../../../shared/domain/effective/effective.ts';
import { gateId } from '../../../shared/domain/ids.ts';
import type { GateLayer, NetworkInterface } from '../../../shared/domain/vm.ts';

const place = { subscription: guidOf('s'), group: 'rg', location: 'westeurope' };
const ports = ['*', '22', '20-30', '3389', '0-65535'];
const prefixes = [
  '*',
  'Internet',
  '127.0.0.1',
  '127.0.0.0/8',
  '192.0.2.0/24',
  '10.1.0.4',
  '10.1.0.0/16',
  '2001:db8::/32',
  '::1',
];

const someRule = fc.record({
  access: fc.constantFrom('Allow' as const, 'Deny' as const),
  ports: fc.uniqueArray(fc.constantFrom(...ports), { minLength: 1, maxLength: 2 }),
  sources: fc.uniqueArray(fc.constantFrom(...prefixes), { minLength: 1, maxLength: 2 }),
  destinations: fc.uniqueArray(fc.constantFrom(...prefixes), { minLength: 1, maxLength: 2 }),
  protocol: fc.constantFrom('Tcp', 'Udp', '*'),
  /** Application security groups instead of addresses: the VM's, or one it is not in. */
  toGroup: fc.option(fc.constantFrom('own', 'other'), { nil: undefined, freq: 3 }),
  fromGroup: fc.option(fc.constantFrom('own', 'other'), { nil: undefined, freq: 1 }),
});
const someAdminRules = fc.uniqueArray(
  fc.record({
    priority: fc.integer({ min: 1, max: 4096 }),
    access: fc.constantFrom('Allow' as const, 'AlwaysAllow' as const, 'Deny' as const),
    ports: fc.uniqueArray(fc.constantFrom('22', '20-30', '3389', '0-65535'), { minLength: 1, maxLength: 2 }),
    from: fc.constantFrom('*', 'Internet', '127.0.0.1', '192.0.2.0/24', '10.1.0.0/16', '::1'),
  }),
  { maxLength: 4, selector: one => one.priority },
);
const someRules = fc.uniqueArray(fc.tuple(fc.integer({ min: 100, max: 4096 }), someRule), {
  maxLength: 5,
  selector: ([priority]) => priority,
});

/** A layer as Latchkey's inventory reads it. */
function layerOf(
  world: World,
  where: GateLayer['place'],
  nsg: NetworkSecurityGroup | undefined,
): GateLayer[] {
  if (!nsg) return [];
  const nics = [...world.all('Microsoft.Network/networkInterfaces')].map(
    one => lifted(view(world, one)) as SdkNic,
  );
  const gate = mapGate(lifted(nsgView(nsg)) as SdkNsg, membersOf(nics));
  return [{ place: where, mode: 'first-match', gates: [gate] }];
}

test('agrees with shared/domain/effective on any admin rules and two NSGs', () => {
  const seen: Record<string, number> = {};
  fc.assert(
    fc.property(
      fc.option(someRules, { nil: undefined }),
      fc.option(someRules, { nil: undefined }),
      fc.constantFrom('127.0.0.1', '192.0.2.9', '8.8.8.8', '::1', '2001:db8::9', 'neighbour'),
      fc.constantFrom(22, 25, 3389),
      someAdminRules,
      (onSubnet, onNic, source, port, admin) => {
        const builder = new Builder(new World());
        const { world } = builder;
        const groups = { own: addGroup(world, place, 'own'), other: addGroup(world, place, 'other') };
        const nsg = (name: string, rules: typeof onSubnet) =>
          rules &&
          builder.nsg(
            place,
            name,
            rules.map(([priority, { toGroup, fromGroup, ...what }]) => {
              const made = rule(`r${priority}`, priority, what.access, {
                ...what,
                ...(toGroup ? { destinations: [] } : {}),
                ...(fromGroup ? { sources: [] } : {}),
              });
              if (toGroup) made.properties.destinationApplicationSecurityGroups = [groups[toGroup]];
              if (fromGroup) made.properties.sourceApplicationSecurityGroups = [groups[fromGroup]];
              return made;
            }),
          );
        const [outer, inner] = [nsg('outer', onSubnet), nsg('inner', onNic)];
        const vnet = builder.network(place, 'v', ['10.1.0.0/16', 'fd00::/48']);
        const subnet = builder.subnet(vnet, 's', ['10.1.0.0/24', 'fd00::/64'], outer);
        const vm = builder.vm(place, { name: 'x', os: 'Linux', subnet, nsg: inner, family: 'dual' });
        const neighbour = builder.vm(place, { name: 'y', os: 'Linux', subnet });
        joinGroup(world, vm.id, groups.own);
        joinGroup(world, neighbour.id, groups.other);
        const rules = admin.map(one => adminRule('/c', { ...one, name: `a${one.priority}` }));
        world.adminRules.set(vnet.id.toLowerCase(), rules);
        const adminGate = {
          id: gateId('/admin'),
          name: 'v',
          kind: 'admin-rules' as const,
          rules: rules.map(one => mapAdminRule(lifted(one) as EffectiveSecurityAdminRule)),
        };
        const nic: NetworkInterface = {
          id: 'nic',
          primary: true,
          privateAddresses: vm.privateAddresses,
          publicAddresses: [],
          layers: [
            { place: 'network', mode: 'admin', gates: [adminGate] },
            ...layerOf(world, 'subnet', outer),
            ...layerOf(world, 'nic', inner),
          ],
        };
        const from = source === 'neighbour' ? (neighbour.privateAddresses[0] ?? '') : source;
        const told = effective(nic, { cloud: 'azure', port, protocol: 'tcp', source: from }).verdict;
        const happens = letsThrough(world, vm.id, from, port);
        // Latchkey may say that it does not know; it must never be wrong.
        if (told !== 'unknown') expect(told).toBe(happens ? 'allowed' : 'denied');
        seen[told] = (seen[told] ?? 0) + 1;
      },
    ),
    { numRuns: 500 },
  );
  expect(seen['allowed']).toBeGreaterThan(50);
  expect(seen['denied']).toBeGreaterThan(50);
});

test('a rule that has not taken effect does nothing', () => {
  const builder = new Builder(new World());
  const pending: SecurityRule = { ...rule('late', 100, 'Allow', { ports: ['22'] }), inForce: undefined };
  const nsg = builder.nsg(place, 'n', [pending]);
  const subnet = builder.subnet(builder.network(place, 'v', ['10.1.0.0/16']), 's', ['10.1.0.0/24'], nsg);
  const { id } = builder.vm(place, { name: 'x', os: 'Linux', subnet });
  expect(letsThrough(builder.world, id, '127.0.0.1', 22)).toBe(false);
  pending.inForce = pending.properties;
  expect(letsThrough(builder.world, id, '127.0.0.1', 22)).toBe(true);
  expect(letsThrough(builder.world, id, '::1', 22)).toBe(false);
});
