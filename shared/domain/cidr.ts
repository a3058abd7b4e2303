/**
 * Addresses and CIDRs, IPv4 and IPv6. The canonical text is a CIDR with its prefix length, always
 * (`203.0.113.7/32`, `2001:db8::/32`, IPv6 as RFC 5952 writes it), so that two texts mean the same addresses exactly
 * when they are equal. `bareAddress` is for showing.
 */
import ipaddr from 'ipaddr.js';
import { LatchkeyError } from '../errors.ts';

export type Family = 'ipv4' | 'ipv6';

/** A CIDR in parts. `first` and `last` are the addresses as numbers, both inside. */
export interface Cidr {
  family: Family;
  first: bigint;
  last: bigint;
  prefix: number;
}

const dottedQuad = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const prefixLength = /^(?:0|[1-9]\d{0,2})$/;
const mappedPrefix = 0xffffn << 32n;

/**
 * The canonical CIDR of an address or CIDR. Host bits are cut off as the clouds do (`10.0.0.9/8` → `10.0.0.0/8`) and
 * IPv4-mapped IPv6 is IPv4 (`::ffff:10.0.0.9` → `10.0.0.9/32`). Throws BAD_CIDR on anything that can be read in two
 * ways: leading zeros, octal, missing parts, spaces, zones. An address of its own with `/0` is refused too: who means
 * every address writes `0.0.0.0/0` or `::/0`.
 */
export function canonicalCidr(text: string): string {
  const cidr = parseCidr(text);
  if (cidr.prefix === 0 && !/^[0:.]+\/0$/.test(text)) {
    const any = cidr.family === 'ipv4' ? '0.0.0.0/0' : '::/0';
    throw bad(text, `With /0 it means every address. Write ${any} if that is meant.`);
  }
  return cidrText(cidr);
}

/** The parts of an address or CIDR, as lenient about host bits as a cloud's own rules are. Throws BAD_CIDR. */
export function parseCidr(text: string): Cidr {
  const [address = '', prefixText, ...more] = text.split('/');
  const parsed = parseAddress(address);
  const width = widthOf(parsed?.family ?? 'ipv4');
  if (parsed === undefined || more.length > 0) throw bad(text);
  if (prefixText === undefined) return cidrOf(parsed.family, parsed.value, width);
  if (!prefixLength.test(prefixText)) throw bad(text);
  const prefix = Number(prefixText) - (parsed.mapped ? 96 : 0);
  if (prefix < 0 || prefix > width) throw bad(text, 'Its prefix length is out of range.');
  return cidrOf(parsed.family, parsed.value, prefix);
}

/** The canonical text of parts. */
export function cidrText(cidr: Cidr): string {
  return `${addressText(cidr.family, cidr.first)}/${cidr.prefix}`;
}

/** The family of an address or CIDR. Throws BAD_CIDR. */
export function cidrFamily(text: string): Family {
  return parseCidr(text).family;
}

/** True if every address of `inner` is in `outer`. Both are addresses or CIDRs; throws BAD_CIDR. */
export function cidrContains(outer: string, inner: string): boolean {
  const a = parseCidr(outer);
  const b = parseCidr(inner);
  return a.family === b.family && a.first <= b.first && b.last <= a.last;
}

/** True if the CIDR is every address of its family: something a person must have asked for in so many words. */
export function isAnyCidr(text: string): boolean {
  return parseCidr(text).prefix === 0;
}

/** For showing: a single address without its prefix length; a wider CIDR as it is. Throws BAD_CIDR. */
export function bareAddress(text: string): string {
  const cidr = parseCidr(text);
  return cidr.prefix === widthOf(cidr.family) ? addressText(cidr.family, cidr.first) : cidrText(cidr);
}

/** Bits of an address: 32 or 128. */
export function widthOf(family: Family): 32 | 128 {
  return family === 'ipv4' ? 32 : 128;
}

function cidrOf(family: Family, value: bigint, prefix: number): Cidr {
  const hostBits = BigInt(widthOf(family) - prefix);
  const first = (value >> hostBits) << hostBits;
  return { family, first, last: first + (1n << hostBits) - 1n, prefix };
}

function parseAddress(text: string): { family: Family; value: bigint; mapped: boolean } | undefined {
  if (dottedQuad.test(text)) return { family: 'ipv4', value: dottedValue(text), mapped: false };
  const hex = withoutDots(text);
  if (hex === undefined || !/^[0-9a-f:]+$/i.test(hex) || !ipaddr.IPv6.isValid(hex)) return undefined;
  const value = ipaddr.IPv6.parse(hex).parts.reduce((sum, part) => (sum << 16n) | BigInt(part), 0n);
  if (value >> 32n === mappedPrefix >> 32n) {
    return { family: 'ipv4', value: value & 0xffff_ffffn, mapped: true };
  }
  return { family: 'ipv6', value, mapped: false };
}

/** A dotted IPv4 tail as two groups of hex digits (RFC 4291 section 2.2): ipaddr.js reads octal there. */
function withoutDots(text: string): string | undefined {
  const dotted = /^(.*:)([^:]*\..*)$/.exec(text);
  if (dotted === null) return text;
  const [, head = '', tail = ''] = dotted;
  if (!dottedQuad.test(tail)) return undefined;
  const value = dottedValue(tail);
  return `${head}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}

function dottedValue(text: string): bigint {
  return BigInt(text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0));
}

function addressText(family: Family, value: bigint): string {
  const bits = widthOf(family);
  const step = family === 'ipv4' ? 8 : 16;
  const parts: number[] = [];
  for (let shift = bits - step; shift >= 0; shift -= step) {
    parts.push(Number((value >> BigInt(shift)) & ((1n << BigInt(step)) - 1n)));
  }
  return family === 'ipv4' ? parts.join('.') : new ipaddr.IPv6(parts).toRFC5952String();
}

function bad(text: string, why?: string): LatchkeyError {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return new LatchkeyError({
    code: 'BAD_CIDR',
    message: `“${shown}” is not an IP address or CIDR.${why === undefined ? '' : ` ${why}`}`,
    fix: 'Write it like 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32.',
  });
}
