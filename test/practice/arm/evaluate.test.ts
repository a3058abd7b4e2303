/** The practice cloud's own judgement of packets, and Latchkey's, which was written apart from it, must agree. */
import type { NetworkSecurityGroup as SdkNsg } from '@azure/arm-network';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lifted } from '../../../main/clouds/azure/graph.ts';
import { mapGate } from '../../../main/clouds/azure/mapRules.ts';
import { Builder, rule } from '../../../main/practice/arm/build.ts';
import { letsThrough } from '../../../main/practice/arm/evaluate.ts';
import type { NetworkSecurityGroup, SecurityRule } from '../../../main/practice/arm/resources.ts';
import { nsgView } from '../../../main/practice/arm/views.ts';
import { guidOf, World } from '../../../main/practice/arm/world.ts';
import { effective } from '../../../shared/domain/effective/effective.ts';
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
});
const someRules = fc.uniqueArray(fc.tuple(fc.integer({ min: 100, max: 4096 }), someRule), {
  maxLength: 5,
  selector: ([priority]) => priority,
});

/** A layer as Latchkey's inventory reads it. */
function layerOf(where: GateLayer['place'], nsg: NetworkSecurityGroup | undefined): GateLayer[] {
  if (!nsg) return [];
  const gate = mapGate(lifted(nsgView(nsg)) as SdkNsg, () => undefined);
  return [{ place: where, mode: 'first-match', gates: [gate] }];
}

test('agrees with shared/domain/effective on any two NSGs', () => {
  fc.assert(
    fc.property(
      fc.option(someRules, { nil: undefined }),
      fc.option(someRules, { nil: undefined }),
      fc.constantFrom('127.0.0.1', '192.0.2.9', '8.8.8.8', '::1', '2001:db8::9'),
      fc.constantFrom(22, 25, 3389),
      (onSubnet, onNic, source, port) => {
        const builder = new Builder(new World());
        const nsg = (name: string, rules: typeof onSubnet) =>
          rules &&
          builder.nsg(
            place,
            name,
            rules.map(([priority, what]) => rule(`r${priority}`, priority, what.access, what)),
          );
        const [outer, inner] = [nsg('outer', onSubnet), nsg('inner', onNic)];
        const vnet = builder.network(place, 'v', ['10.1.0.0/16', 'fd00::/48']);
        const subnet = builder.subnet(vnet, 's', ['10.1.0.0/24', 'fd00::/64'], outer);
        const vm = builder.vm(place, { name: 'x', os: 'Linux', subnet, nsg: inner, family: 'dual' });
        const nic: NetworkInterface = {
          id: 'nic',
          primary: true,
          privateAddresses: vm.privateAddresses,
          publicAddresses: [],
          layers: [layerOf('subnet', outer), layerOf('nic', inner)].flat(),
        };
        const told = effective(nic, { cloud: 'azure', port, protocol: 'tcp', source }).verdict;
        const happens = letsThrough(builder.world, vm.id, source, port);
        // Latchkey may say that it does not know; it must never be wrong.
        if (told !== 'unknown') expect(told).toBe(happens ? 'allowed' : 'denied');
      },
    ),
    { numRuns: 500 },
  );
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
