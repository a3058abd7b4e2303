/** The evaluator against the naive one, on made-up networks: verdicts and address sets must be the same everywhere. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AddressSet,
  intersect,
  isEmpty,
  setOf,
} from '../../../../shared/domain/effective/addressSet.ts';
import { effective } from '../../../../shared/domain/effective/effective.ts';
import { allowedInternetSources, exposure } from '../../../../shared/domain/effective/exposure.ts';
import { wayTo } from '../../../../shared/domain/hops.ts';
import { gateId } from '../../../../shared/domain/ids.ts';
import type {
  AddressSpec,
  Gate,
  GateLayer,
  GateRule,
  NetworkInterface,
  PortRange,
} from '../../../../shared/domain/vm.ts';
import { azureVm } from '../samples.ts';
import { isInternet, naive } from './naive.ts';

const sources = [
  '203.0.113.0',
  '203.0.113.1',
  '203.0.113.6',
  '203.0.113.7',
  '198.51.100.9',
  '127.0.0.1',
  '168.63.129.16',
  '10.0.0.4',
  '10.0.1.1',
  '192.168.0.1',
  '100.64.0.1',
  '255.255.255.255',
  '0.0.0.1',
  '224.0.0.1',
  '2001:db8::1',
  '2001:db8::2',
  '2001:db8:1::1',
  '::1',
  'fd00::4',
  'fe80::1234:5678:9abc',
  'ff02::1',
  '::',
];
const own = ['10.0.0.4', 'fd00::4'];

const cidr = fc
  .tuple(fc.constantFrom(...sources, ...own), fc.constantFrom(0, 1, 8, 16, 24, 29, 31, 32))
  .map(([address, cut]) => {
    const prefix = address.includes(':') ? cut * 4 : cut;
    return prefix === 0 ? (address.includes(':') ? '::/0' : '0.0.0.0/0') : `${address}/${prefix}`;
  });
const spec: fc.Arbitrary<AddressSpec> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<AddressSpec>({ kind: 'any' }) },
  { weight: 6, arbitrary: cidr.map((text): AddressSpec => ({ kind: 'cidr', cidr: text })) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('VirtualNetwork', 'AzureLoadBalancer', 'Internet', 'AzureCloud')
      .map((tag): AddressSpec => ({ kind: 'tag', tag })),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('group' as const),
      id: fc.constantFrom('sg-1', 'pl-1', '/asg'),
      memberAddresses: fc.option(fc.subarray([...sources.slice(0, 9), '2001:db8::1', ...own]), {
        nil: undefined,
      }),
    }),
  },
);
const range = fc
  .tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 }))
  .map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
const destinations = fc.oneof(
  fc.constant<AddressSpec[]>([{ kind: 'any' }]),
  fc.array(spec, { maxLength: 2 }),
);
const ruleShape = {
  id: fc.constant('r'),
  name: fc.constant('r'),
  priority: fc.integer({ min: 100, max: 110 }),
  access: fc.constantFrom('allow' as const, 'allow' as const, 'deny' as const),
  protocol: fc.constantFrom('tcp' as const, 'any' as const, 'any' as const, 'udp' as const, 'icmp' as const),
  sources: fc.array(spec, { minLength: 1, maxLength: 3 }),
  destinations,
  ports: fc.oneof(
    fc.constant<PortRange[]>([{ from: 0, to: 65_535 }]),
    fc.array(range, { minLength: 1, maxLength: 2 }),
  ),
  sourcePorts: fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.array(range, { minLength: 1, maxLength: 2 }) },
  ),
  by: fc.constantFrom('grant' as const, 'foreign' as const, 'foreign' as const),
};
const rules: fc.Arbitrary<GateRule[]> = fc.uniqueArray(fc.record(ruleShape), {
  maxLength: 7,
  selector: rule => rule.priority,
});
const layer: fc.Arbitrary<GateLayer> = fc.oneof(
  fc
    .array(rules, { maxLength: 1 })
    .map((gates): GateLayer => ({ place: 'nic', mode: 'first-match', gates: gates.map(gate('nsg')) })),
  fc.array(rules, { maxLength: 3 }).map(
    (gates): GateLayer => ({
      place: 'instance',
      mode: 'any-allow',
      gates: gates.map(gate('security-group')),
    }),
  ),
);
/** Rules of Virtual Network Manager, read or not: they come before all gates. */
const admin: fc.Arbitrary<GateLayer[]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<GateLayer[]>([]) },
  {
    weight: 2,
    arbitrary: fc
      .record({
        list: fc.uniqueArray(
          fc.record({
            ...ruleShape,
            access: fc.constantFrom('allow' as const, 'deny' as const, 'always-allow' as const),
            by: fc.constant('foreign' as const),
          }),
          { maxLength: 5, selector: rule => rule.priority },
        ),
        unread: fc.option(fc.constant('not ours to see'), { nil: undefined, freq: 9 }),
      })
      .map(({ list, unread }): GateLayer[] => [
        { place: 'network', mode: 'admin', gates: [gate('admin-rules')(list, 9)], unread },
      ]),
  },
);
const nic: fc.Arbitrary<NetworkInterface> = fc
  .tuple(admin, fc.array(layer, { maxLength: 2 }))
  .map(([before, layers]) => ({
    id: 'nic',
    primary: true,
    privateAddresses: own,
    publicAddresses: [],
    layers: [...before, ...layers],
  }));
const cloud = fc.constantFrom('azure' as const, 'aws' as const);
const protocol = fc.constantFrom('tcp' as const, 'udp' as const);
const port = fc.integer({ min: 1, max: 6 });
/** Source ports that tell all the rules above apart. */
const sourcePorts = [1, 2, 3, 4, 5, 6, 7, 65_535];

function gate(kind: Gate['kind']) {
  return (list: GateRule[], i: number): Gate => ({ id: gateId(`g${i}`), name: `g${i}`, kind, rules: list });
}
const ownFor = (source: string): string => (source.includes(':') ? 'fd00::4' : '10.0.0.4');
const has = (set: AddressSet, address: string): boolean => !isEmpty(intersect(set, setOf(address)));
const one = <T>(values: T[]): T | 'unknown' => {
  const [first, ...others] = new Set(values);
  return first === undefined || others.length > 0 ? 'unknown' : first;
};

test('every single source gets the same verdict', () => {
  const seen: Record<string, number> = {};
  fc.assert(
    fc.property(nic, cloud, protocol, port, (to, kind, proto, at) => {
      for (const source of sources) {
        const expected = one(
          sourcePorts.map(sourcePort =>
            naive(to, kind, {
              protocol: proto,
              port: at,
              sourcePort,
              source,
              destination: ownFor(source),
              stranger: false,
              without: () => false,
            }),
          ),
        );
        const found = effective(to, { cloud: kind, protocol: proto, port: at, source });
        expect({ source, verdict: found.verdict }).toEqual({ source, verdict: expected });
        seen[expected] = (seen[expected] ?? 0) + 1;
      }
    }),
    { numRuns: 400 },
  );
  // The networks above really are of every kind.
  for (const verdict of ['allowed', 'denied', 'unknown']) expect(seen[verdict]).toBeGreaterThan(200);
});

test('a range is allowed only if all of it is', () => {
  const all = Array.from({ length: 8 }, (_, i) => `203.0.113.${i}`);
  fc.assert(
    fc.property(
      nic,
      cloud,
      fc.constantFrom('tcp' as const, 'udp' as const, 'any' as const),
      port,
      (to, kind, proto, at) => {
        const protocols = proto === 'any' ? (['tcp', 'udp'] as const) : [proto];
        const perProtocol = protocols.map(p =>
          one(
            sourcePorts.map(sourcePort => {
              const verdicts = all.map(source =>
                naive(to, kind, {
                  protocol: p,
                  port: at,
                  sourcePort,
                  source,
                  destination: '10.0.0.4',
                  stranger: false,
                  without: () => false,
                }),
              );
              return verdicts.includes('denied') ? 'denied' : one(verdicts);
            }),
          ),
        );
        const expected = perProtocol.includes('denied') ? 'denied' : one(perProtocol);
        const question = { cloud: kind, protocol: proto, port: at, source: '203.0.113.0/29' };
        expect(effective(to, question).verdict).toBe(expected);
      },
    ),
    { numRuns: 400 },
  );
});

test('the sets of internet addresses that get in are the same', () => {
  fc.assert(
    fc.property(nic, cloud, protocol, port, fc.boolean(), (to, kind, proto, at, noGrants) => {
      const without = (rule: GateRule): boolean => noGrants && rule.by === 'grant';
      fc.pre(to.layers.every(one => one.unread === undefined));
      const reach = allowedInternetSources(to, { cloud: kind, protocol: proto, port: at, without });
      for (const source of sources) {
        const verdicts = sourcePorts.map(sourcePort =>
          naive(to, kind, {
            protocol: proto,
            port: at,
            sourcePort,
            source,
            destination: ownFor(source),
            stranger: true,
            without,
          }),
        );
        const counts = isInternet(source);
        const sure = has(reach.sure, source);
        const may = has(reach.may, source);
        expect({ source, sure, may }).toEqual({
          source,
          sure: counts && verdicts.includes('allowed'),
          may: counts && verdicts.some(verdict => verdict !== 'denied'),
        });
      }
    }),
    { numRuns: 400 },
  );
});

test('of several interfaces, one that lets somebody in is enough', () => {
  const nics = fc.array(nic, { minLength: 1, maxLength: 3 }).map(list =>
    list.map((one, i) => ({
      ...one,
      id: `nic-${i}`,
      primary: i === 1,
      layers: one.layers.filter(each => each.unread === undefined),
    })),
  );
  fc.assert(
    fc.property(nics, port, (interfaces, at) => {
      const vm = azureVm([], { interfaces });
      const judge = (
        to: NetworkInterface,
        source: string,
        without: (rule: GateRule) => boolean,
        stranger: boolean,
      ) =>
        sourcePorts.map(sourcePort =>
          naive(to, 'azure', {
            protocol: 'tcp',
            port: at,
            sourcePort,
            source,
            destination: ownFor(source),
            stranger,
            without,
          }),
        );
      for (const source of sources.filter(isInternet)) {
        const verdicts = interfaces.map(to => one(judge(to, source, () => false, false)));
        const { reach } = wayTo(vm, { port: at, protocol: 'tcp', source });
        expect({ source, in: reach === 'yes' }).toEqual({ source, in: verdicts.includes('allowed') });
        expect({ source, shut: reach === 'no' }).toEqual({
          source,
          shut: verdicts.every(verdict => verdict === 'denied'),
        });
      }
      // Where one of these addresses gets in, the port is exposed; where one may, it is not called shut.
      const noGrant = (rule: GateRule): boolean => rule.by === 'grant';
      const strangers = sources
        .filter(isInternet)
        .flatMap(source => interfaces.flatMap(to => judge(to, source, noGrant, true)));
      const found = exposure(vm, [{ port: at, protocol: 'tcp' }]);
      if (strangers.includes('allowed')) expect(found.exposed).toEqual([at]);
      if (strangers.some(verdict => verdict !== 'denied')) {
        expect([...found.exposed, ...found.unknown]).toEqual([at]);
      }
    }),
    { numRuns: 200 },
  );
});
