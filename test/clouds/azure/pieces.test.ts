import { describe, expect, it } from 'vitest';
import { armPath, parseArmId } from '../../../main/clouds/azure/armIds.ts';
import { KnownRules } from '../../../main/clouds/azure/known.ts';
import { mapClassicVm, mapVm, type Surroundings, type VmFacts } from '../../../main/clouds/azure/mapVm.ts';
import { saysTheSame } from '../../../main/clouds/azure/rules.ts';
import { whoIs } from '../../../main/clouds/azure/token.ts';
import { gateId, parseAccountId } from '../../../shared/domain/ids.ts';
import { armRule, group, vmId } from './build.ts';

const gate = gateId('/nsg');
const place = { account: parseAccountId('practice-azure'), scope: 's' };

describe('priorities known without reading', () => {
  it('keeps the one a rule has, else any free one; before a foreign deny where there is room', () => {
    const known = new KnownRules();
    known.learn(gate, [
      armRule('a', 100),
      armRule('deny', 103, { access: 'Deny' }),
      armRule('out', 101, { direction: 'Outbound' }),
    ]);
    expect(known.priorityForGrant(gate, 'A', 0.99)).toBe(100);
    expect([0, 0.5, 0.999].map(chance => known.priorityForGrant(gate, 'new', chance))).toEqual([
      101, 102, 102,
    ]);
    known.wrote(gate, 'x', 101);
    known.wrote(gate, 'y', 102);
    expect(known.priorityForGrant(gate, 'new', 0)).toBe(104);
    known.forget(gate, 'X');
    expect(known.priorityForGrant(gate, 'new', 0)).toBe(101);
  });

  it('says when all hundred are taken', () => {
    const known = new KnownRules();
    known.learn(
      gate,
      Array.from({ length: 100 }, (_, i) => armRule(`r${i}`, 100 + i)),
    );
    expect(() => known.priorityForGrant(gate, 'new', 0)).toThrow(
      expect.objectContaining({ code: 'CLOUD_QUOTA' }),
    );
  });
});

describe('a rule says what was meant', () => {
  const meant = armRule('r', 120, {
    sourceAddressPrefix: '203.0.113.7/32',
    destinationPortRanges: ['22', '23'],
  });
  it.each([
    ['another spelling', { sourceAddressPrefix: '', sourceAddressPrefixes: ['203.0.113.7'] }, true],
    [
      'another order',
      { destinationPortRange: '', destinationPortRanges: ['23', '22'], protocol: 'TCP' },
      true,
    ],
    ['a wider source', { sourceAddressPrefix: '203.0.113.0/24' }, false],
    ['a new end', { description: 'x' }, false],
    ['another place', { priority: 121 }, false],
    ['a source group', { sourceApplicationSecurityGroups: [{ id: 'a' }] }, false],
  ])('%s', (_name, change, same) => {
    expect(saysTheSame(meant, { ...meant, ...change })).toBe(same);
  });
});

describe('a VM', () => {
  const facts: VmFacts = {
    id: vmId,
    name: 'web-1',
    nics: [{ id: `${group}/providers/x/y/nic` }],
    os: 'Linux',
  };
  const nothing: Surroundings = {
    nic: () => undefined,
    publicAddress: () => undefined,
    subnetGate: () => undefined,
    gate: () => undefined,
    balancer: () => undefined,
    admin: () => undefined,
    firewall: () => undefined,
  };

  it('whose pieces are missing is shown with the reason, and is not judged', () => {
    const vm = mapVm(facts, nothing, place);
    expect(vm).toMatchObject({ interfaces: [], problem: expect.stringContaining('network interface “nic”') });
    const subnet = {
      ipConfigurations: [{ subnet: { id: '/vnet/subnets/a' }, privateIPAddress: '10.0.0.4' }],
    };
    expect(mapVm(facts, { ...nothing, nic: () => subnet }, place).problem).toContain('subnet');
    const nsg = { networkSecurityGroup: { id: '/nsg' } };
    expect(mapVm(facts, { ...nothing, nic: () => nsg }, place).problem).toContain('security group');
  });

  it('with a damaged policy tag still comes, with the error beside it', () => {
    const vm = mapVm({ ...facts, tags: { 'latchkey-policy': 'nonsense' }, nics: [] }, nothing, place);
    expect(vm.policy).toBeUndefined();
    expect(vm.policyError).toMatchObject({ code: 'BAD_INPUT' });
  });

  it.each([
    ['PowerState/running', 'running'],
    ['VM deallocated', 'stopped'],
    ['PowerState/deallocating', 'stopping'],
    ['PowerState/starting', 'starting'],
    ['Started', 'running'],
    ['StoppedDeallocated', 'stopped'],
    [undefined, 'unknown'],
  ])('is %s', (power, told) => {
    const id = vmId.replace('microsoft.compute', 'microsoft.classiccompute');
    expect(mapClassicVm({ ...facts, id, power }, place)).toMatchObject({ kind: 'classic', power: told });
  });
});

describe('ids', () => {
  it('are taken apart in any case, and put into paths whatever they hold', () => {
    const id = '/SUBSCRIPTIONS/s/resourcegroups/G/providers/P.Q/vnets/v/subnets/a b';
    expect(parseArmId(id)).toEqual({ subscription: 's', group: 'G', name: 'v', child: 'a b' });
    expect(() => parseArmId('/subscriptions/s')).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
    expect(armPath('/a/b?c#d%20 e')).toBe('/a/b%3Fc%23d%2520%20e');
  });
});

describe('who we are', () => {
  const token = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;
  it.each([
    [token({ upn: 'a@contoso.com', name: 'A. Berg', oid: 'o' }), 'a@contoso.com', 'A. Berg'],
    [token({ appid: 'app', oid: 'o' }), 'app', 'app'],
    [token({ oid: 'o' }), 'o', 'o'],
    ['opaque', 'unknown', 'unknown'],
    ['a.!!.c', 'unknown', 'unknown'],
  ])('%#', (text, user, name) => {
    expect(whoIs(text)).toEqual({ user, name });
  });
});
