import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Policy, PolicyPort } from '../../../shared/contract/policies.ts';
import { defaultPolicy } from '../../../shared/domain/policyTag.ts';
import { checkRequest, checkTime, maxTime, type Wanted } from '../../../shared/domain/request.ts';
import { LatchkeyError } from '../../../shared/errors.ts';

const hour = 3_600_000;
const me = ['203.0.113.7'];
const entry = (port: number, change: Partial<PolicyPort> = {}): PolicyPort => ({
  port,
  protocol: 'tcp',
  sources: [],
  maxMs: 3 * hour,
  ...change,
});
const policy = (...ports: PolicyPort[]): Policy => ({ ports });

function refusal(of: Policy, wanted: Partial<Wanted>): LatchkeyError {
  try {
    checkRequest(of, 'linux', { sources: me, ...wanted });
  } catch (error) {
    if (error instanceof LatchkeyError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('what is not said', () => {
  const ports = (of: Policy, os: 'linux' | 'windows' | 'unknown'): string[] =>
    checkRequest(of, os, { sources: me }).ports.map(p => `${p.port}/${p.protocol}`);

  test('the port that fits the system, else all', () => {
    expect(ports(defaultPolicy, 'linux')).toEqual(['22/tcp']);
    expect(ports(defaultPolicy, 'windows')).toEqual(['3389/tcp']);
    expect(ports(defaultPolicy, 'unknown')).toEqual(['22/tcp', '3389/tcp', '5985/tcp', '5986/tcp']);
    expect(ports(policy(entry(8443), entry(53, { protocol: 'udp' })), 'linux')).toEqual([
      '8443/tcp',
      '53/udp',
    ]);
    expect(ports(policy(entry(22, { protocol: 'any' })), 'linux')).toEqual(['22/tcp']);
  });

  test('an hour, or the maximum if that is less', () => {
    expect(checkRequest(defaultPolicy, 'linux', { sources: me }).forMs).toBe(hour);
    const tight = policy(entry(22, { maxMs: hour / 2 }), entry(80));
    expect(checkRequest(tight, 'linux', { sources: me }).forMs).toBe(hour / 2);
    expect(checkRequest(tight, 'linux', { sources: me, ports: [{ port: 80 }] }).forMs).toBe(hour);
  });

  test('TCP, unless the policy has only UDP', () => {
    const both = policy(entry(53, { protocol: 'any' }), entry(514, { protocol: 'udp' }));
    const wanted = { sources: me, ports: [{ port: 53 }, { port: 514 }, { port: 53 }] };
    expect(checkRequest(both, 'linux', wanted).ports).toEqual([
      { port: 53, protocol: 'tcp' },
      { port: 514, protocol: 'udp' },
    ]);
  });
});

describe('ports', () => {
  test('outside the policy: names those that are in it', () => {
    const error = refusal(defaultPolicy, { ports: [{ port: 22 }, { port: 23 }] });
    expect(error.code).toBe('PORT_NOT_IN_POLICY');
    expect(error.message).toContain('23/tcp');
    expect(error.message).toContain('22/tcp, 3389/tcp, 5985/tcp, 5986/tcp');
    expect(error.detail).toMatchObject({ port: 23, allowed: ['22/tcp', '3389/tcp', '5985/tcp', '5986/tcp'] });
    expect(refusal(defaultPolicy, { ports: [{ port: 22, protocol: 'udp' }] }).code).toBe(
      'PORT_NOT_IN_POLICY',
    );
    expect(refusal(defaultPolicy, { ports: [{ port: 22, protocol: 'any' }] }).code).toBe(
      'PORT_NOT_IN_POLICY',
    );
  });

  test('any covers TCP and UDP, and TCP with UDP covers any, each with its own limits', () => {
    const any = policy(entry(22, { protocol: 'any' }));
    for (const protocol of ['tcp', 'udp', 'any'] as const) {
      expect(checkRequest(any, 'linux', { sources: me, ports: [{ port: 22, protocol }] }).ports).toEqual([
        { port: 22, protocol },
      ]);
    }
    const split = policy(entry(22), entry(22, { protocol: 'udp', maxMs: hour / 2 }));
    const ports = [{ port: 22, protocol: 'any' as const }];
    expect(maxTime(split, ports)).toBe(hour / 2);
    expect(refusal(split, { ports, forMs: hour }).code).toBe('TIME_TOO_LONG');
  });
});

test('time: names the limit of the tightest port', () => {
  const mixed = policy(entry(22), entry(3389, { maxMs: hour }));
  const error = refusal(mixed, { ports: [{ port: 22 }, { port: 3389 }], forMs: 2 * hour });
  expect(error.code).toBe('TIME_TOO_LONG');
  expect(error.message).toBe('2h is too long: the policy opens port 3389/tcp for at most 1h.');
  expect(checkRequest(mixed, 'linux', { sources: me, forMs: 3 * hour }).forMs).toBe(3 * hour);
  expect(() => checkTime(mixed, [{ port: 22, protocol: 'tcp' }], 3 * hour + 1)).toThrowError(/at most 3h/);
});

describe('sources', () => {
  const office = policy(entry(22, { sources: ['198.51.100.0/25', '198.51.100.128/25', '2001:db8::/32'] }));

  test('all must be inside, and those that are not are named', () => {
    const error = refusal(office, { sources: ['198.51.100.7', '203.0.113.7', '2001:db9::1'] });
    expect(error.code).toBe('SOURCE_NOT_ALLOWED');
    expect(error.detail).toMatchObject({ refused: ['203.0.113.7/32', '2001:db9::1/128'] });
    expect(error.message).toContain('198.51.100.0/25');
  });

  test('a range inside two ranges together is inside; a wider one, and any, is not', () => {
    const ok = checkRequest(office, 'linux', { sources: ['198.51.100.9/24', '198.51.100.0/24'] });
    expect(ok.sources).toEqual(['198.51.100.0/24']);
    for (const source of ['198.51.100.0/23', '0.0.0.0/0', '::/0']) {
      expect(refusal(office, { sources: [source] }).code).toBe('SOURCE_NOT_ALLOWED');
    }
  });

  test('any is allowed where the policy says any', () => {
    expect(checkRequest(defaultPolicy, 'linux', { sources: ['0.0.0.0/0'] }).sources).toEqual(['0.0.0.0/0']);
    expect(refusal(defaultPolicy, { sources: ['1.2.3'] }).code).toBe('BAD_CIDR');
  });

  test('every port asked for counts', () => {
    const two = policy(entry(22), entry(80, { sources: ['198.51.100.0/24'] }));
    expect(checkRequest(two, 'linux', { sources: me }).sources).toEqual(['203.0.113.7/32']);
    expect(refusal(two, { ports: [{ port: 22 }, { port: 80 }] }).code).toBe('SOURCE_NOT_ALLOWED');
  });
});

test('a request for nothing is none', () => {
  expect(refusal(defaultPolicy, { sources: [] }).code).toBe('BAD_INPUT');
  expect(refusal(defaultPolicy, { ports: [] }).code).toBe('BAD_INPUT');
  for (const forMs of [0, -1, Number.NaN]) expect(refusal(defaultPolicy, { forMs }).code).toBe('BAD_INPUT');
});

test('nothing that is granted is more than the policy has', () => {
  const sources = ['10.0.0.0/8', '10.1.0.0/16', '203.0.113.0/24', '2001:db8::/32'];
  const anyEntry = fc.record({
    port: fc.integer({ min: 20, max: 24 }),
    protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'any' as const),
    sources: fc.subarray(sources),
    maxMs: fc.integer({ min: 60_000, max: 120_000 }),
  });
  const anyPolicy = fc.uniqueArray(anyEntry, {
    minLength: 1,
    maxLength: 6,
    selector: e => `${e.port}${e.protocol}`,
  });
  const wanted = fc.record({
    ports: fc.array(
      fc.record({
        port: fc.integer({ min: 20, max: 24 }),
        protocol: fc.constantFrom(undefined, 'tcp' as const, 'udp' as const, 'any' as const),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    sources: fc.subarray([...sources, '10.2.0.0/16', '0.0.0.0/0'], { minLength: 1 }),
    forMs: fc.option(fc.integer({ min: 1, max: 130_000 }), { nil: undefined }),
  });
  let granted = 0;
  fc.assert(
    fc.property(anyPolicy, wanted, (ports, request) => {
      let checked: ReturnType<typeof checkRequest>;
      try {
        checked = checkRequest({ ports }, 'linux', request);
      } catch (error) {
        expect(error).toBeInstanceOf(LatchkeyError);
        return;
      }
      granted += 1;
      for (const { port, protocol } of checked.ports) {
        const covers = (p: 'tcp' | 'udp'): boolean =>
          ports.some(
            e =>
              e.port === port &&
              (e.protocol === p || e.protocol === 'any') &&
              checked.forMs <= e.maxMs &&
              (e.sources.length === 0 || checked.sources.every(s => s !== '0.0.0.0/0')),
          );
        expect(protocol === 'any' ? covers('tcp') && covers('udp') : covers(protocol)).toBe(true);
      }
    }),
    { numRuns: 1000 },
  );
  expect(granted).toBeGreaterThan(20);
});
