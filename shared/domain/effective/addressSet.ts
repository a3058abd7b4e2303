/**
 * Sets of addresses, IPv4 and IPv6 together, with exact arithmetic. An address is a point on one line: IPv6 from 0,
 * IPv4 far beyond it with a gap between, so that intervals of the two families never touch.
 */
import { type Cidr, cidrText, type Family, parseCidr, widthOf } from '../cidr.ts';

/** Both ends inside. */
interface Interval {
  first: bigint;
  last: bigint;
}

/** Sorted, disjoint and not touching: two sets are the same exactly when their intervals are. */
export type AddressSet = readonly Interval[];

const ipv4Base = 1n << 129n;

export const nowhere: AddressSet = [];
export const everywhere: AddressSet = setOf('0.0.0.0/0', '::/0');

/** The set of all addresses in these addresses and CIDRs. Throws BAD_CIDR. */
export function setOf(...cidrs: string[]): AddressSet {
  return tidy(cidrs.map(text => interval(parseCidr(text))));
}

export function union(...sets: AddressSet[]): AddressSet {
  const full = sets.filter(set => set.length > 0);
  return full.length <= 1 ? (full[0] ?? nowhere) : tidy(full.flat());
}

export function intersect(a: AddressSet, b: AddressSet): AddressSet {
  const both: Interval[] = [];
  for (let i = 0, j = 0; ; ) {
    const x = a[i];
    const y = b[j];
    if (x === undefined || y === undefined) return both;
    const first = x.first > y.first ? x.first : y.first;
    const last = x.last < y.last ? x.last : y.last;
    if (first <= last) both.push({ first, last });
    if (x.last < y.last) i += 1;
    else j += 1;
  }
}

/** Do two sets have an address in common? */
export function meet(a: AddressSet, b: AddressSet): boolean {
  for (const x of a) for (const y of b) if (x.first <= y.last && y.first <= x.last) return true;
  return false;
}

export function subtract(a: AddressSet, b: AddressSet): AddressSet {
  return meet(a, b) ? intersect(a, complement(b)) : a;
}

export function isEmpty(set: AddressSet): boolean {
  return set.length === 0;
}

/** The addresses of one family in the set. */
export function onlyFamily(set: AddressSet, family: Family): AddressSet {
  return intersect(set, family === 'ipv4' ? allIpv4 : allIpv6);
}

/** The fewest CIDRs that make up the set, in canonical text, IPv6 first. */
export function toCidrs(set: AddressSet): string[] {
  return set.flatMap(({ first, last }) => {
    const family: Family = first >= ipv4Base ? 'ipv4' : 'ipv6';
    const base = family === 'ipv4' ? ipv4Base : 0n;
    const found: string[] = [];
    for (let at = first - base; at <= last - base; ) {
      let bits = 0;
      while (bits < widthOf(family) && fits(at, bits + 1, last - base)) bits += 1;
      const end = at + (1n << BigInt(bits)) - 1n;
      found.push(cidrText({ family, first: at, last: end, prefix: widthOf(family) - bits }));
      at = end + 1n;
    }
    return found;
  });
}

const allIpv4 = setOf('0.0.0.0/0');
const allIpv6 = setOf('::/0');

function interval(cidr: Cidr): Interval {
  const base = cidr.family === 'ipv4' ? ipv4Base : 0n;
  return { first: cidr.first + base, last: cidr.last + base };
}

function tidy(intervals: Interval[]): AddressSet {
  const sorted = intervals.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const merged: Interval[] = [];
  for (const next of sorted) {
    const before = merged.at(-1);
    if (before === undefined || next.first > before.last + 1n) merged.push({ ...next });
    else if (next.last > before.last) before.last = next.last;
  }
  return merged;
}

function complement(set: AddressSet): AddressSet {
  const rest: Interval[] = [];
  for (const whole of everywhere) {
    let first = whole.first;
    for (const hole of set) {
      if (hole.last < first || hole.first > whole.last) continue;
      if (hole.first > first) rest.push({ first, last: hole.first - 1n });
      first = hole.last + 1n;
    }
    if (first <= whole.last) rest.push({ first, last: whole.last });
  }
  return rest;
}

function fits(at: bigint, bits: number, last: bigint): boolean {
  const size = 1n << BigInt(bits);
  return at % size === 0n && at + size - 1n <= last;
}
