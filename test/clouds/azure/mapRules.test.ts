import { describe, expect, it } from 'vitest';
import { lifted } from '../../../main/clouds/azure/graph.ts';
import { mapGate, mapRule } from '../../../main/clouds/azure/mapRules.ts';
import { grantRule } from '../../../main/clouds/azure/rules.ts';
import { gateId } from '../../../shared/domain/ids.ts';
import { lockDescription, lockRuleName } from '../../../shared/domain/lockMark.ts';
import { formatMark, grantRuleName } from '../../../shared/domain/ruleMark.ts';
import { armNsg, armRule, mark, vmId } from './build.ts';

const noMembers = () => undefined;

describe('rules in normal form', () => {
  it.each([
    ['*', { kind: 'any' }],
    ['Internet', { kind: 'tag', tag: 'Internet' }],
    ['Sql.WestEurope', { kind: 'tag', tag: 'Sql.WestEurope' }],
    ['203.0.113.7', { kind: 'cidr', cidr: '203.0.113.7' }],
    ['2001:db8::/32', { kind: 'cidr', cidr: '2001:db8::/32' }],
  ])('a source of %s', (text, spec) => {
    expect(mapRule(armRule('r', 300, { sourceAddressPrefix: text }), noMembers, false).sources).toEqual([
      spec,
    ]);
  });

  it('takes singular and plural fields together, and leaves out source ports that say nothing', () => {
    const rule = mapRule(
      armRule('r', 300, { destinationPortRange: '22', destinationPortRanges: ['80-90', '*'] }),
      noMembers,
      false,
    );
    expect(rule.ports).toEqual([
      { from: 22, to: 22 },
      { from: 80, to: 90 },
      { from: 0, to: 65_535 },
    ]);
    expect(rule.sourcePorts).toBeUndefined();
    const odd = mapRule(armRule('r', 300, { sourcePortRange: '1024-2048' }), noMembers, false);
    expect(odd.sourcePorts).toEqual([{ from: 1024, to: 2048 }]);
  });

  it.each(['70000', '20-10', 'ssh', ''])('refuses to judge a rule with the port range “%s”', text => {
    const rule = armRule('r', 300, { destinationPortRange: 'x', destinationPortRanges: [text] });
    expect(() => mapRule(rule, noMembers, false)).toThrow(/can't be read/);
  });

  it('knows members of application security groups by side', () => {
    const rule = mapRule(
      armRule('r', 300, {
        sourceAddressPrefix: '',
        sourceApplicationSecurityGroups: [{ id: '/ASG/Src' }],
        destinationAddressPrefix: '',
        destinationApplicationSecurityGroups: [{ id: '/ASG/Dst' }],
      }),
      (id, side) => (side === 'destination' ? [`${id} members`] : undefined),
      false,
    );
    expect(rule.sources).toEqual([{ kind: 'group', id: '/asg/src', memberAddresses: undefined }]);
    expect(rule.destinations).toEqual([
      { kind: 'group', id: '/asg/dst', memberAddresses: ['/asg/dst members'] },
    ]);
  });

  it('tells whose rule it is', () => {
    const of = (name: string, description?: string, isDefault = false) => {
      const rule = armRule(name, 300, description === undefined ? {} : { description });
      return mapRule(rule, noMembers, isDefault).by;
    };
    const ours = grantRuleName(mark.grant, 0);
    expect(of(ours, formatMark(mark))).toBe('grant');
    expect(of(ours)).toBe('foreign');
    expect(of('allow-ssh', formatMark(mark))).toBe('foreign');
    expect(of(lockRuleName(vmId), lockDescription('web-1', [{ port: 22, protocol: 'tcp' }]))).toBe('lock');
    expect(of('MicrosoftDefenderForCloud-JITRule_-12_AB')).toBe('defender');
    expect(of('DenyAllInBound', undefined, true)).toBe('default');
  });

  it('leaves outbound rules out and sorts by priority', () => {
    const gate = mapGate(
      armNsg('n', [armRule('b', 400), armRule('out', 100, { direction: 'Outbound' }), armRule('a', 300)]),
      noMembers,
    );
    expect(gate.rules.map(rule => rule.name)).toEqual(['a', 'b', 'DenyAllInBound']);
  });

  it('a grant it writes reads back as that grant', () => {
    const order = {
      vm: vmId,
      gate: gateId('/x'),
      gateName: 'x',
      index: 0,
      protocol: 'tcp' as const,
      ports: [22, 3389],
      sources: ['203.0.113.7/32'],
      destinations: ['10.0.0.4'],
      mark,
    };
    const back = mapRule({ ...grantRule(order, 123), name: grantRuleName(mark.grant, 0) }, noMembers, false);
    expect(back).toMatchObject({ by: 'grant', mark, priority: 123, access: 'allow', protocol: 'tcp' });
    expect(back.ports.map(range => range.from)).toEqual([22, 3389]);
  });
});

describe('lifted', () => {
  it('moves properties up at all depths and drops nulls', () => {
    const row = {
      id: 'x',
      tags: null,
      rules: [{ name: 'r', properties: { priority: 100, inner: { properties: { a: 1 } } } }],
    };
    expect(lifted(row)).toEqual({ id: 'x', rules: [{ name: 'r', priority: 100, inner: { a: 1 } }] });
  });
});
