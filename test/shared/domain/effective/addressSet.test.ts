import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalCidr, cidrContains } from '../../../../shared/domain/cidr.ts';
import {
  type AddressSet,
  everywhere,
  intersect,
  isEmpty,
  nowhere,
  onlyFamily,
  setOf,
  subtract,
  toCidrs,
  union,
} from '../../../../shared/domain/effective/addressSet.ts';

/** A world small enough to look at every address: the ends of both families, where arithmetic breaks first. */
const world = [
  ...[0, 1, 2, 3, 4, 5, 6, 7].map(i => `10.0.0.${i}`),
  '0.0.0.0',
  '0.0.0.1',
  '255.255.255.254',
  '255.255.255.255',
  '::',
  '::1',
  '::2',
  '2001:db8::',
  '2001:db8::1',
  'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
];
const cidr = fc
  .tuple(fc.constantFrom(...world), fc.integer({ min: 0, max: 128 }))
  .map(([address, prefix]) => {
    const length = address.includes(':') ? prefix : Math.min(prefix, 32);
    return length === 0 ? (address.includes(':') ? '::/0' : '0.0.0.0/0') : `${address}/${length}`;
  });
const cidrs = fc.array(cidr, { maxLength: 6 });

const has = (set: AddressSet, address: string): boolean => !isEmpty(intersect(set, setOf(address)));
const inAny = (list: string[], address: string): boolean => list.some(one => cidrContains(one, address));

test('union, intersection and difference are those of the addresses', () => {
  fc.assert(
    fc.property(cidrs, cidrs, (left, right) => {
      const a = setOf(...left);
      const b = setOf(...right);
      for (const address of world) {
        const inA = inAny(left, address);
        const inB = inAny(right, address);
        expect(has(union(a, b), address)).toBe(inA || inB);
        expect(has(intersect(a, b), address)).toBe(inA && inB);
        expect(has(subtract(a, b), address)).toBe(inA && !inB);
      }
    }),
    { numRuns: 300 },
  );
});

test('equal sets have equal intervals', () => {
  fc.assert(
    fc.property(cidrs, cidrs, (left, right) => {
      const a = setOf(...left);
      const b = setOf(...right);
      expect(union(a, b)).toEqual(union(b, a));
      expect(union(subtract(a, b), intersect(a, b))).toEqual(a);
      expect(subtract(everywhere, subtract(everywhere, a))).toEqual(a);
      expect(setOf(...toCidrs(a))).toEqual(a);
      expect(union(onlyFamily(a, 'ipv4'), onlyFamily(a, 'ipv6'))).toEqual(a);
    }),
    { numRuns: 300 },
  );
});

test('toCidrs gives the fewest, canonical', () => {
  expect(toCidrs(setOf('10.0.0.0/25', '10.0.0.128/25'))).toEqual(['10.0.0.0/24']);
  expect(toCidrs(subtract(setOf('10.0.0.0/30'), setOf('10.0.0.0')))).toEqual(['10.0.0.1/32', '10.0.0.2/31']);
  expect(toCidrs(everywhere)).toEqual(['::/0', '0.0.0.0/0']);
  expect(toCidrs(nowhere)).toEqual([]);
  fc.assert(
    fc.property(cidrs, list => {
      for (const text of toCidrs(setOf(...list))) expect(canonicalCidr(text)).toBe(text);
    }),
  );
});

test('the last IPv6 and the first IPv4 address do not touch', () => {
  expect(setOf('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '0.0.0.0')).toHaveLength(2);
});
