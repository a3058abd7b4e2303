/** The practice firewall's own judgement of packets, and Latchkey's, which was written apart from it, must agree. */
import type { NetworkSecurityGroup as SdkNsg } from '@azure/arm-network';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  asNetwork,
  firewallInFront,
  firewallWorld,
  type RawNetwork,
} from '../../../main/clouds/azure/firewall/inFront.ts';
import type { RawResource } from '../../../main/clouds/azure/firewall/model.ts';
import { lifted } from '../../../main/clouds/azure/graph.ts';
import { mapGate } from '../../../main/clouds/azure/mapRules.ts';
import { rule } from '../../../main/practice/arm/build.ts';
import { letsAnyWay } from '../../../main/practice/arm/firewallPath.ts';
import type { NatCollection, PolicyCollection } from '../../../main/practice/arm/resources.ts';
import { seed } from '../../../main/practice/arm/seed.ts';
import { nsgView, view } from '../../../main/practice/arm/views.ts';
import { World } from '../../../main/practice/arm/world.ts';
import { exposure } from '../../../shared/domain/effective/exposure.ts';
import { reaches } from '../../../shared/domain/effective/firewall.ts';
import type { NetworkInterface, Vm } from '../../../shared/domain/vm.ts';
import { azureVm } from '../../shared/domain/samples.ts';

const world = new World();
seed(world);

const cases = {
  classic: { vm: 'ledger-2', address: '10.70.1.5', other: '10.70.1.4', at: '198.18.255.240' },
  policy: { vm: 'batch-1', address: '10.81.1.4', other: '10.81.1.5', at: '198.18.255.241' },
} as const;
type Kind = keyof typeof cases;

const lists = (...some: string[][]) => fc.constantFrom(...some);
const natRule = (kind: Kind) =>
  fc.record({
    protocols: lists(['TCP'], ['UDP'], ['TCP', 'UDP']),
    sourceAddresses: lists(['*'], ['127.0.0.1'], ['127.0.0.0/30', '192.0.2.7'], ['192.0.2.0/24']),
    destinationAddresses: lists([cases[kind].at], ['*'], ['203.0.113.99']),
    destinationPorts: lists(['2222'], ['2200-2300'], ['2222', '8022'], ['50022']),
    translatedAddress: fc.constantFrom(cases[kind].address, cases[kind].other),
    translatedPort: fc.constantFrom('22', '3389'),
  });
const nsgRule = fc.record({
  access: fc.constantFrom('Allow' as const, 'Deny' as const),
  ports: lists(['22'], ['*'], ['20-30', '3389']),
  sources: lists(['*'], ['VirtualNetwork'], ['Internet'], ['10.70.0.0/26', '10.80.0.0/26'], ['127.0.0.1']),
});
const collections = (kind: Kind) =>
  fc.uniqueArray(
    fc.record({
      priority: fc.integer({ min: 100, max: 120 }),
      group: fc.constantFrom('base' as const, 'own' as const),
      rules: fc.array(natRule(kind), { minLength: 1, maxLength: 3 }),
    }),
    { maxLength: 4, selector: one => one.priority },
  );
type Drawn = { priority: number; group: 'base' | 'own'; rules: { protocols: string[] }[] }[];

function put(kind: Kind, drawn: Drawn): void {
  const named = drawn.map((one, i) => ({
    name: `c${i}`,
    ...one,
    rules: one.rules.map((each, j) => ({ name: `r${i}-${j}`, ...each })),
  }));
  if (kind === 'classic') {
    const raw = named.map(
      ({ name, priority, rules }): NatCollection => ({
        name,
        properties: { priority, action: { type: 'Dnat' }, rules },
      }),
    );
    for (const one of world.all('Microsoft.Network/azureFirewalls')) {
      if (one.properties.firewallPolicy) continue;
      one.inForce = raw;
      one.properties.natRuleCollections = raw;
    }
    return;
  }
  for (const policy of world.all('Microsoft.Network/firewallPolicies')) {
    const group = policy.properties.basePolicy ? 'own' : 'base';
    const ruleCollections = named
      .filter(one => one.group === group)
      .map(
        ({ name, priority, rules }): PolicyCollection => ({
          name,
          priority,
          ruleCollectionType: 'FirewallPolicyNatRuleCollection',
          rules: rules.map(({ protocols, ...rest }) => ({
            ...rest,
            ruleType: 'NatRule',
            ipProtocols: protocols,
          })),
        }),
      );
    const properties = { provisioningState: 'Succeeded' as const, priority: 200, ruleCollections };
    const id = `${policy.id}/ruleCollectionGroups/drawn`;
    const found = world.get('Microsoft.Network/firewallPolicies/ruleCollectionGroups', id);
    if (found) Object.assign(found, { properties, inForce: properties });
    else {
      const type = 'Microsoft.Network/firewallPolicies/ruleCollectionGroups' as const;
      world.add({ id, name: 'drawn', type, location: 'x', etag: '', properties, inForce: properties });
    }
  }
}

/** The VM as the adapter would map it from what the practice cloud shows. */
function seen(kind: Kind): Vm {
  const { vm, address } = cases[kind];
  const nsg = world.all('Microsoft.Network/networkSecurityGroups');
  const own = [...nsg].find(one => one.name === `${vm}-nsg`);
  if (!own) throw new Error(`no NSG of ${vm}`);
  const gate = mapGate(lifted(nsgView(own)) as SdkNsg, () => undefined);
  const nic: NetworkInterface = {
    id: 'nic',
    primary: true,
    privateAddresses: [address],
    publicAddresses: [],
    layers: [{ place: 'nic', mode: 'first-match', gates: [gate] }],
  };
  const rows = [...world.all()].map(one => lifted(view(world, one)) as RawResource);
  const networks = rows
    .filter(one => one.type === 'Microsoft.Network/virtualNetworks')
    .map(one => one as RawNetwork & { virtualNetworkPeerings?: RawNetwork['peerings'] })
    .map(one => asNetwork({ ...one, peerings: one.virtualNetworkPeerings }));
  const subnet = [...world.all('Microsoft.Network/networkInterfaces')].find(one => one.name === `${vm}-nic`)
    ?.properties.ipConfigurations[0]?.properties.subnet.id;
  const firewall = firewallInFront(
    subnet ?? '',
    [nic],
    firewallWorld(
      rows,
      networks,
      id => world.get('Microsoft.Network/publicIPAddresses', id)?.properties.ipAddress,
    ),
  );
  expect(firewall?.kind).toBe(kind);
  return azureVm([], { interfaces: [nic], firewall });
}

test.each<Kind>(['classic', 'policy'])('%s: whoever gets through there, Latchkey says gets through', kind => {
  const [target] = [...world.all('Microsoft.Compute/virtualMachines')].filter(
    one => one.name === cases[kind].vm,
  );
  const nsgs = [...world.all('Microsoft.Network/networkSecurityGroups')];
  const nsg = nsgs.find(one => one.name === `${cases[kind].vm}-nsg`);
  if (!target || !nsg) throw new Error('no target');
  let passed = 0;
  fc.assert(
    fc.property(collections(kind), fc.array(nsgRule, { maxLength: 3 }), (drawn, rules) => {
      put(kind, drawn);
      nsg.properties.rules = rules.map((one, i) => rule(`n${i}`, 100 + i, one.access, one));
      const vm = seen(kind);
      for (const port of [22, 3389]) {
        for (const source of ['127.0.0.1', '127.0.0.9', '192.0.2.7', '198.51.100.1']) {
          const truly = letsAnyWay(world, target.id, source, port);
          if (truly) passed++;
          expect(reaches(vm, { protocol: 'tcp', port, source })).toBe(truly ? 'allowed' : 'denied');
          if (truly) expect(exposure(vm, [{ port, protocol: 'tcp' }]).exposed).toEqual([port]);
        }
      }
    }),
    { numRuns: 300 },
  );
  expect(passed, 'some did get through').toBeGreaterThan(50);
});
