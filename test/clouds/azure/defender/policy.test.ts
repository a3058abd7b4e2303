/** Policies are read leniently and go back as they came, but for the one VM that was meant to change. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkNames, says, withoutVm, withVm } from '../../../../main/clouds/azure/defender/edit.ts';
import {
  entryOf,
  type JitPolicyJson,
  parsePolicy,
  parseRequest,
} from '../../../../main/clouds/azure/defender/policy.ts';
import {
  askedIn,
  inForce,
  justificationOf,
  parseRequestName,
  requestName,
} from '../../../../main/clouds/azure/defender/record.ts';
import { policyOf } from '../../../../main/clouds/azure/defender/vmPolicy.ts';
import type { PolicyPort } from '../../../../shared/contract/policies.ts';
import { parseGrantId } from '../../../../shared/domain/ids.ts';

const group = '/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg-shop';
const place = {
  id: `${group}/providers/Microsoft.Security/locations/northeurope/jitNetworkAccessPolicies/default`,
  name: 'default',
  location: 'northeurope',
};
const vmId = (name: string) => `${group}/providers/Microsoft.Compute/virtualMachines/${name}`;
const grant = parseGrantId('abcd2345efgh');

/** A policy as the service may write it tomorrow: fields nobody knows yet, an enum value nobody documented, seven digits. */
const json = {
  kind: 'Basic',
  etag: 'W/"7"',
  properties: {
    virtualMachines: [
      {
        id: vmId('Till-1'),
        zone: { new: true },
        ports: [
          {
            number: 22,
            protocol: 'TCP',
            allowedSourceAddressPrefixes: ['203.0.113.9', '198.51.100.0/24'],
            maxRequestAccessDuration: 'PT2H',
            note: 'keep me',
          },
          {
            number: 3389,
            protocol: '*',
            allowedSourceAddressPrefix: '*',
            maxRequestAccessDuration: 'P1D',
          },
        ],
      },
      { id: vmId('till-2'), ports: [{ number: 'odd' }], publicIpAddress: '203.0.113.200' },
    ],
    requests: [
      {
        virtualMachines: [
          {
            id: vmId('till-1'),
            ports: [
              {
                number: 22,
                allowedSourceAddressPrefix: '203.0.113.9',
                endTimeUtc: '2026-11-28T09:06:45.5691611Z',
                status: 'Initiating',
                statusReason: 'SomethingNew',
                mappedPort: 50_022,
              },
            ],
          },
        ],
        startTimeUtc: '2026-11-28T08:06:45.1234567Z',
        requestor: 'kim@contoso.example',
        justification: 'latchkey abcd2345efgh: look at logs',
        origin: 'cli',
      },
    ],
    provisioningState: 'Succeeded',
    future: [1, null],
  },
  id: place.id,
  name: 'default',
  type: 'Microsoft.Security/locations/jitNetworkAccessPolicies',
  location: 'northeurope',
};

const port = (number: number, change: Partial<PolicyPort> = {}): PolicyPort => ({
  port: number,
  protocol: 'tcp',
  sources: [],
  maxMs: 3_600_000,
  ...change,
});

describe('a policy', () => {
  test('is found by the VM’s id in any case, whatever its name', () => {
    const policy = parsePolicy(json);
    expect(entryOf(policy, vmId('TILL-1').toLowerCase())?.id).toBe(vmId('Till-1'));
    expect(entryOf(policy, vmId('till-3'))).toBeUndefined();
  });

  test('goes back as it came when nothing of it was meant to change', () => {
    const policy = parsePolicy(json);
    expect(policy.raw).toEqual(json);
    const ports = policyOf(entryOf(policy, vmId('till-1')) as never).ports;
    expect(JSON.stringify(withVm(policy, place, vmId('till-1'), ports))).toBe(JSON.stringify(json));
  });

  test('keeps other VMs, requests, digits and fields it does not know when one VM changes', () => {
    const after = withVm(parsePolicy(json), place, vmId('till-1'), [
      port(3389, { protocol: 'any', maxMs: 86_400_000 }),
      port(5986),
    ]);
    const [first, second] = after.properties.virtualMachines;
    expect(first).toEqual({
      ...json.properties.virtualMachines[0],
      ports: [
        json.properties.virtualMachines[0]?.ports[1],
        {
          number: 5986,
          protocol: 'TCP',
          allowedSourceAddressPrefix: '*',
          maxRequestAccessDuration: 'PT1H',
        },
      ],
    });
    expect(second).toEqual(json.properties.virtualMachines[1]);
    expect(JSON.stringify({ ...after, properties: { ...after.properties, virtualMachines: 0 } })).toBe(
      JSON.stringify({ ...json, properties: { ...json.properties, virtualMachines: 0 } }),
    );
  });

  test('that is made anew has all that one was seen to be missed', () => {
    expect(withVm(undefined, place, vmId('till-1'), [port(22)])).toMatchObject({
      kind: 'Basic',
      id: place.id,
      name: 'default',
      type: 'Microsoft.Security/locations/jitNetworkAccessPolicies',
      location: 'northeurope',
    });
  });

  test('without its last VM is none', () => {
    const policy = parsePolicy(json);
    const rest = withoutVm(policy, vmId('TILL-2'));
    expect(rest?.properties.virtualMachines).toEqual([json.properties.virtualMachines[0]]);
    expect(withoutVm(parsePolicy(rest), vmId('till-1'))).toBeUndefined();
  });

  test('one VM’s nonsense is told of that VM alone; half a policy is not worked with', () => {
    const policy = parsePolicy(json);
    expect(policyOf(entryOf(policy, vmId('till-1')) as never).ports.map(one => one.sources)).toEqual([
      ['203.0.113.9/32', '198.51.100.0/24'],
      [],
    ]);
    const of = (rule: object) => () => policyOf({ id: vmId('x'), ports: [{ ...goodRule, ...rule }] });
    const goodRule = { number: 22, protocol: 'tcp', maxRequestAccessDuration: 'PT1H' };
    expect(of({})().ports).toEqual([port(22)]);
    for (const rule of [
      { protocol: 'ICMP' },
      { protocol: '' },
      { maxRequestAccessDuration: 'soon' },
      { allowedSourceAddressPrefix: 'Internet' },
      { number: 0 },
    ])
      expect(of(rule)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
    expect(() => policyOf(entryOf(policy, vmId('till-2')) as never)).toThrow(/can't be understood/);
  });

  test('what is no policy is no policy', () => {
    for (const bad of [undefined, null, 7, {}, { id: 'x', name: 'y' }, { ...json, properties: {} }])
      expect(() => parsePolicy(bad)).toThrow(expect.objectContaining({ code: 'CLOUD_FAILED' }));
  });

  test('holds what Defender can hold, and no more', () => {
    const into = (change: Partial<PolicyPort>) => () =>
      withVm(undefined, place, vmId('a'), [port(22, change)]);
    expect(into({ maxMs: 300_000 })().properties.virtualMachines[0]?.ports[0]).toMatchObject({
      maxRequestAccessDuration: 'PT5M',
    });
    expect(into({ maxMs: 299_000 })).toThrow(/between 5m and 1d/);
    expect(into({ maxMs: 86_400_001 })).toThrow(/between 5m and 1d/);
    expect(into({ sources: ['2001:db8::/32'] })).toThrow(/IPv4/);
  });

  test('name and VM have 56 characters together', () => {
    expect(() => checkNames('default', 'v'.repeat(49))).not.toThrow();
    expect(() => checkNames('default', 'v'.repeat(50))).toThrow(/56 characters.*57/);
  });
});

const ports = fc
  .uniqueArray(
    fc.record({
      port: fc.integer({ min: 1, max: 65_535 }),
      protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'any' as const),
      sources: fc.uniqueArray(
        fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 9, max: 32 })).map(
          // Host bits none: that is what a canonical range is.
          ([octet, bits]) => (bits < 24 ? `10.0.0.0/${bits}` : `10.1.${octet}.0/${bits < 32 ? 24 : 32}`),
        ),
        { maxLength: 4 },
      ),
      maxMs: fc.integer({ min: 300, max: 86_400 }).map(seconds => seconds * 1000),
    }),
    { minLength: 1, maxLength: 8, selector: one => `${one.port}/${one.protocol}` },
  )
  .filter(all => all.length > 0);

test('any policy that is written reads back the same, and is then said', () => {
  fc.assert(
    fc.property(ports, wanted => {
      const made = parsePolicy(withVm(parsePolicy(json), place, vmId('new'), wanted));
      expect(policyOf(entryOf(made, vmId('NEW')) as never)).toEqual({ ports: wanted });
      expect(says(made, vmId('new'), wanted)).toBe(true);
      expect(withoutVm(made, vmId('new'))).toEqual(json);
    }),
  );
});

test('any JSON beside what is known stays where it is', () => {
  const key = fc.string({ minLength: 1 }).filter(name => !(name in json) && name !== '__proto__');
  fc.assert(
    fc.property(key, fc.jsonValue(), ports, (name, value, wanted) => {
      const given = JSON.parse(JSON.stringify({ ...json, [name]: value })) as JitPolicyJson;
      const after = withVm(parsePolicy(given), place, vmId('till-2'), wanted);
      expect(after[name]).toEqual(given[name]);
      expect(JSON.stringify(after.properties.requests)).toBe(JSON.stringify(json.properties.requests));
    }),
  );
});

describe('a record', () => {
  const [asked] = askedIn(parsePolicy(json));

  test('tells times to the millisecond, whoever asked, and the grant that the justification names', () => {
    expect(asked).toMatchObject({
      port: 22,
      source: '203.0.113.9/32',
      end: Date.UTC(2026, 10, 28, 9, 6, 45, 569),
      start: Date.UTC(2026, 10, 28, 8, 6, 45, 123),
      requestor: 'kim@contoso.example',
      status: 'Initiating',
      grant,
    });
  });

  test('is open by an unknown status, until its end', () => {
    if (!asked) throw new Error('nothing was asked');
    expect(inForce(asked, asked.end - 1)).toBe(true);
    expect(inForce(asked, asked.end)).toBe(false);
    expect(inForce({ ...asked, status: 'Revoked' }, asked.start)).toBe(false);
  });

  test.each([
    [justificationOf(grant, undefined), grant],
    [justificationOf(grant, 'why: because'), grant],
    ['latchkey abcd2345efg', undefined],
    ['latchkey abcd2345efghh', undefined],
    ['see latchkey abcd2345efgh', undefined],
    ['Latchkey abcd2345efgh', undefined],
    ['', undefined],
  ])('the justification “%s” is of grant %s', (justification, wanted) => {
    const request = { ...json.properties.requests[0], justification };
    const policy = parsePolicy({ ...json, properties: { ...json.properties, requests: [request] } });
    expect(askedIn(policy)[0]?.grant).toBe(wanted);
  });

  test('without readable times says nothing, and spoils nothing', () => {
    const bad = [
      { ...json.properties.requests[0], startTimeUtc: 'yesterday' },
      { virtualMachines: 'none' },
      null,
    ];
    const requests = [...bad, ...json.properties.requests];
    const policy = parsePolicy({ ...json, properties: { ...json.properties, requests } });
    expect(askedIn(policy)).toEqual([asked]);
    expect(policy.raw.properties.requests).toEqual(requests);
  });

  test('a name says all that closing needs, whatever the VM is called', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 65_535 }), (vm, number) => {
        const name = requestName(grant, {
          vm: `/x/${vm.replaceAll('/', '_')}`,
          port: number,
          source: '10.0.0.9',
        });
        expect(parseRequestName(name)).toEqual({
          grant,
          port: number,
          source: '10.0.0.9/32',
          vmName: vm.replaceAll('/', '_').toLowerCase(),
        });
      }),
    );
    expect(() => parseRequestName('latchkey-abcd2345efgh-0')).toThrow();
  });
});

const examples = join(
  import.meta.dirname,
  '..',
  '..',
  '..',
  '..',
  '..',
  'shared',
  'reference',
  'jit-examples',
);
const there = existsSync(examples);
if (!there)
  console.warn(
    'SKIPPED: the public examples are not beside this tree; only policies of our own are read here.',
  );

test.skipIf(!there)('the eight public examples parse and go back as they came', () => {
  const files = readdirSync(examples);
  expect(files).toHaveLength(8);
  let policies = 0;
  for (const file of files) {
    const example = JSON.parse(readFileSync(join(examples, file), 'utf8'));
    const bodies = Object.values<{ body?: { value?: unknown[] } }>(example.responses);
    for (const { body } of bodies) {
      if (body === undefined) continue;
      if (file.startsWith('Initiate')) {
        const asked = parseRequest(body);
        expect(asked).toEqual(body);
        expect(asked?.virtualMachines[0]?.ports[0]?.status).toBe('Initiating');
        continue;
      }
      for (const one of body.value ?? [body]) {
        const policy = parsePolicy(one);
        expect(JSON.stringify(policy.raw)).toBe(JSON.stringify(one));
        const id = policy.vms[0]?.id ?? '';
        const { ports: read } = policyOf(entryOf(policy, id) as never);
        expect(read.map(({ port: number, maxMs }) => [number, maxMs])).toEqual([
          [22, 10_800_000],
          [3389, 10_800_000],
        ]);
        const back = withVm(policy, { id: policy.raw.id, name: policy.name, location: '' }, id, read);
        expect(JSON.stringify(back)).toBe(JSON.stringify(one));
        expect(askedIn(policy)).toHaveLength(1);
        policies++;
      }
    }
  }
  expect(policies).toBe(6);
});
