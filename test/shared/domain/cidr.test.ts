import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bareAddress,
  canonicalCidr,
  cidrContains,
  cidrFamily,
  isAnyCidr,
  parseCidr,
} from '../../../shared/domain/cidr.ts';

const ipv4Cidr = fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 })).map(([a, p]) => `${a}/${p}`);
const ipv6Cidr = fc.tuple(fc.ipV6(), fc.integer({ min: 1, max: 128 })).map(([a, p]) => `${a}/${p}`);

describe('canonicalCidr', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7/32'],
    ['203.0.113.7/32', '203.0.113.7/32'],
    ['100.68.0.18/18', '100.68.0.0/18'],
    ['10.255.255.255/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['::/0', '::/0'],
    ['0:0:0:0:0:0:0:0/0', '::/0'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1/128'],
    ['2001:db8::1/32', '2001:db8::/32'],
    ['::1', '::1/128'],
    ['::ffff:10.0.0.9', '10.0.0.9/32'],
    ['::ffff:a00:9', '10.0.0.9/32'],
    ['::ffff:10.0.0.9/120', '10.0.0.0/24'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304/128'],
    // IPv4-compatible, deprecated by RFC 4291: it is an IPv6 address, not 1.2.3.4.
    ['::1.2.3.4', '::102:304/128'],
  ])('%s is %s', (text, canonical) => expect(canonicalCidr(text)).toBe(canonical));

  test.each([
    '',
    ' ',
    '/',
    '/24',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.',
    '.1.2.3',
    '01.2.3.4',
    '1.2.3.04',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '2130706433',
    '256.1.1.1',
    '1.2.3.4/33',
    '1.2.3.4/-1',
    '1.2.3.4/08',
    '1.2.3.4/',
    '1.2.3.4/24/8',
    '1.2.3.4/2 4',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.4\n',
    '1.2.3.4/24\n',
    '1.2.3.0-1.2.3.9',
    '*',
    'any',
    'Internet',
    'fe80::1%eth0',
    '[::1]',
    '::1/129',
    '::00001',
    '1::2::3',
    ':::',
    '12345::',
    '::ffff:010.0.0.1',
    '::ffff:1.2.3',
    '::ffff:1.2.3.4/95',
    '１.2.3.4',
    '1.2.3.4/1e1',
    '1.2.3.4/٣',
  ])('“%s” is an error', text => {
    expect(() => canonicalCidr(text)).toThrowError(expect.objectContaining({ code: 'BAD_CIDR' }));
  });

  test.each(['203.0.113.7/0', '2001:db8::1/0', '::ffff:0.0.0.0/96'])(
    '%s is not every address by accident',
    text => {
      expect(() => canonicalCidr(text)).toThrowError(/every address/);
      expect(isAnyCidr(text)).toBe(true);
    },
  );

  test('is its own canonical text, and holds the address it came from', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4Cidr, ipv6Cidr), text => {
        const canonical = canonicalCidr(text);
        expect(canonicalCidr(canonical)).toBe(canonical);
        expect(cidrContains(canonical, text.split('/')[0] ?? '')).toBe(true);
        expect(canonicalCidr(bareAddress(canonical))).toBe(canonical);
      }),
    );
  });

  test('never takes text that is not one, and never throws anything else', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'0123456789abcdef.:/ xX%-'.split('')), maxLength: 24 }),
        text => {
          let canonical: string;
          try {
            canonical = canonicalCidr(text);
          } catch (error) {
            expect(error).toMatchObject({ code: 'BAD_CIDR' });
            return;
          }
          expect(canonical).toMatch(/^[0-9a-f.:]+\/\d+$/);
          expect(text).toMatch(/^[0-9a-f.:]+(\/\d+)?$/i);
        },
      ),
      { numRuns: 500 },
    );
  });
});

test('ranges hold exactly 2^(width - prefix) addresses and agree with bits written out', () => {
  const bits = (address: string): string =>
    address
      .split('.')
      .map(part => Number(part).toString(2).padStart(8, '0'))
      .join('');
  fc.assert(
    fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.ipV4(), (address, prefix, other) => {
      const { first, last } = parseCidr(`${address}/${prefix}`);
      expect(last - first + 1n).toBe(2n ** BigInt(32 - prefix));
      const same = bits(address).slice(0, prefix) === bits(other).slice(0, prefix);
      expect(cidrContains(`${address}/${prefix}`, other)).toBe(same);
    }),
  );
});

test('families never contain each other', () => {
  expect(cidrContains('::/0', '1.2.3.4')).toBe(false);
  expect(cidrContains('0.0.0.0/0', '::1')).toBe(false);
  expect(cidrFamily('::ffff:1.2.3.4')).toBe('ipv4');
  expect(cidrFamily('2001:db8::/32')).toBe('ipv6');
});

test('a wider range is not inside a narrower one', () => {
  expect(cidrContains('10.0.0.0/8', '10.1.0.0/16')).toBe(true);
  expect(cidrContains('10.1.0.0/16', '10.0.0.0/8')).toBe(false);
});

test('bareAddress drops the length of single addresses only', () => {
  expect(bareAddress('203.0.113.7/32')).toBe('203.0.113.7');
  expect(bareAddress('203.0.113.0/24')).toBe('203.0.113.0/24');
  expect(bareAddress('2001:db8::1')).toBe('2001:db8::1');
});
