import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Policy } from '../../../shared/contract/policies.ts';
import { canonicalCidr } from '../../../shared/domain/cidr.ts';
import { defaultPolicy, policyTagKeys, policyTags, readPolicy } from '../../../shared/domain/policyTag.ts';

const source = fc.oneof(
  fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 })).map(([a, p]) => canonicalCidr(`${a}/${p}`)),
  fc.tuple(fc.ipV6(), fc.integer({ min: 1, max: 128 })).map(([a, p]) => canonicalCidr(`${a}/${p}`)),
);
const port = fc.record({
  port: fc.integer({ min: 1, max: 65_535 }),
  protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'any' as const),
  sources: fc.array(source, { maxLength: 5 }),
  maxMs: fc.integer({ min: 60_000, max: 86_400_000 }),
});
const policies = (maxLength: number): fc.Arbitrary<Policy> =>
  fc
    .uniqueArray(port, { minLength: 1, maxLength, selector: p => `${p.port}/${p.protocol}` })
    .map(ports => ({ ports }));

/** Many short ports: a cut often falls on a space. */
const shortPolicies = fc
  .uniqueArray(
    fc.record({
      port: fc.integer({ min: 1, max: 65_535 }),
      protocol: fc.constant('tcp' as const),
      sources: fc.constant<string[]>([]),
      maxMs: fc.constantFrom(3_600_000, 5_400_000, 3_661_000, 60_000),
    }),
    { minLength: 15, maxLength: 40, selector: p => p.port },
  )
  .map((ports): Policy => ({ ports }));

const badInput = expect.objectContaining({ code: 'BAD_INPUT' });

test('is written as people would read it', () => {
  const policy: Policy = {
    ports: [
      { port: 22, protocol: 'tcp', sources: [], maxMs: 10_800_000 },
      {
        port: 3389,
        protocol: 'tcp',
        sources: ['203.0.113.0/24', '2001:db8::/32', '198.51.100.7/32'],
        maxMs: 3_600_000,
      },
    ],
  };
  const text = '22/tcp=3h@any 3389/tcp=1h@203.0.113.0/24+2001:db8::/32+198.51.100.7';
  expect(policyTags(policy)).toEqual({ 'latchkey-policy': text });
  expect(readPolicy({ 'latchkey-policy': text, other: 'x' })).toEqual(policy);
  expect(readPolicy({ 'Latchkey-Policy': text })).toEqual(policy);
});

test('the default: 22, 3389, 5985, 5986; TCP; any source; three hours', () => {
  expect(policyTags(defaultPolicy)).toEqual({
    'latchkey-policy': '22/tcp=3h@any 3389/tcp=3h@any 5985/tcp=3h@any 5986/tcp=3h@any',
  });
});

test('reads back exactly what was written, in legal values of at most 256 characters', () => {
  let continued = 0;
  fc.assert(
    fc.property(fc.oneof(policies(8), shortPolicies), policy => {
      let tags: Record<string, string>;
      try {
        tags = policyTags(policy);
      } catch (error) {
        expect(error).toEqual(badInput);
        return;
      }
      if (Object.keys(tags).length > 1) continued += 1;
      for (const value of Object.values(tags)) {
        expect(value.length).toBeLessThanOrEqual(256);
        expect(value).toMatch(/^[A-Za-z0-9+\-=._:/@](?:[A-Za-z0-9 +\-=._:/@]*[A-Za-z0-9+\-=._:/@])?$/);
      }
      expect(readPolicy(tags)).toEqual(policy);
    }),
    { numRuns: 300 },
  );
  expect(continued).toBeGreaterThan(10);
});

test('a lost or cut piece of a continued policy is never a policy', () => {
  fc.assert(
    fc.property(policies(8), fc.nat(), (policy, at) => {
      let tags: Record<string, string>;
      try {
        tags = policyTags(policy);
      } catch {
        return;
      }
      const keys = Object.keys(tags);
      if (keys.length < 2) return;
      const lost = Object.fromEntries(Object.entries(tags).filter(([key]) => key !== keys[at % keys.length]));
      expect(() => readPolicy(lost)).toThrowError(badInput);
    }),
    { numRuns: 300 },
  );
});

test('no tag, no policy', () => {
  expect(readPolicy({})).toBeUndefined();
  expect(readPolicy({ owner: 'a', 'latchkey-policy': undefined })).toBeUndefined();
});

describe('damaged tags say what is wrong', () => {
  const one = (value: string): Record<string, string> => ({ 'latchkey-policy': value });
  test.each([
    [one(''), '22/tcp=3h@any'],
    [one('22'), '“22”'],
    [one('22/tcp=3h@any '), 'is not like'],
    [one('22/tcp=3h'), '22/tcp=3h'],
    [one('22/icmp=3h@any'), '22/icmp'],
    [one('0/tcp=3h@any'), '0/tcp'],
    [one('022/tcp=3h@any'), '022'],
    [one('99999/tcp=3h@any'), '65535'],
    [one('22/tcp=3x@any'), '3x'],
    [one('22/tcp=1s@any'), '60000'],
    [one('22/tcp=2d@any'), '86400000'],
    [one('22/tcp=3h@10.0.0'), '10.0.0'],
    [one('22/tcp=3h@10.0.0.1/0'), 'every address'],
    [one('22/tcp=3h@any+10.0.0.1'), 'any'],
    [one('22/tcp=3h@any 22/tcp=1h@any'), 'twice'],
    [one('22/tcp=3h@any_'), 'latchkey-policy-2 is missing'],
    [{ ...one('22/tcp=3h@any'), 'latchkey-policy-2': '80/tcp=3h@any' }, 'left over'],
    [{ 'latchkey-policy-2': '80/tcp=3h@any' }, 'latchkey-policy is missing'],
    [{ 'latchkey-policy': 'a_', 'latchkey-policy-2': 'b_', 'latchkey-policy-3': 'c_' }, 'last piece'],
  ])('%j', (tags, what) => {
    expect(() => readPolicy(tags)).toThrowError(badInput);
    expect(() => readPolicy(tags)).toThrowError(what);
  });
});

test('too long says so', () => {
  const sources = Array.from({ length: 60 }, (_, i) => `203.0.${i}.0/24`);
  const policy: Policy = { ports: [{ port: 22, protocol: 'tcp', sources, maxMs: 60_000 }] };
  expect(() => policyTags(policy)).toThrowError(badInput);
  expect(() => policyTags(policy)).toThrowError(/too long/);
  expect(policyTagKeys).toHaveLength(3);
});
