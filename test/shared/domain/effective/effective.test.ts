import { describe, expect, test } from 'vitest';
import { effective } from '../../../../shared/domain/effective/effective.ts';
import type { NetworkInterface } from '../../../../shared/domain/vm.ts';
import { grantRule, groups, nic, nsg, rule } from '../samples.ts';

const me = '203.0.113.7';
function ask(to: NetworkInterface, source = me, cloud: 'azure' | 'aws' = 'azure') {
  const { verdict, layers } = effective(to, { cloud, protocol: 'tcp', port: 22, source });
  return { verdict, by: layers.map(l => [l.lets, l.gate?.name, l.rule?.name]) };
}

describe('two NSGs', () => {
  const lock = rule({ name: 'latchkey-lock', priority: 200, access: 'deny', by: 'lock' });
  const mine = grantRule({ from: ['203.0.113.7/32'] });

  test('both must let the packet through, each by the rule that decides', () => {
    expect(ask(nic([nsg('subnet', [mine]), nsg('nic', [lock])]))).toEqual({
      verdict: 'denied',
      by: [
        ['yes', 'subnet-nsg', mine.name],
        ['no', 'nic-nsg', 'latchkey-lock'],
      ],
    });
    expect(ask(nic([nsg('subnet', [mine]), nsg('nic', [lock, mine])])).verdict).toBe('allowed');
  });

  test('without a rule of its own the default denies', () => {
    expect(ask(nic([nsg('nic', [])]))).toEqual({
      verdict: 'denied',
      by: [['no', 'nic-nsg', 'DenyAllInBound']],
    });
  });

  test('the lower number is first, whatever the order they were read in', () => {
    const late = rule({ name: 'late', priority: 300 });
    expect(ask(nic([nsg('nic', [late, lock])])).by).toEqual([['no', 'nic-nsg', 'latchkey-lock']]);
    const early = rule({ name: 'early', priority: 199 });
    expect(ask(nic([nsg('nic', [late, lock, early])])).by).toEqual([['yes', 'nic-nsg', 'early']]);
  });

  test('a rule for another address of the subnet does not count', () => {
    const elsewhere = rule({ priority: 100, destinations: [{ kind: 'cidr', cidr: '10.0.0.5' }] });
    expect(ask(nic([nsg('subnet', [elsewhere])])).verdict).toBe('denied');
  });
});

describe('what we can not know is unknown, only where it matters', () => {
  test('a service tag', () => {
    const cloud = rule({ name: 'cloud', priority: 100, from: ['AzureCloud'] });
    expect(ask(nic([nsg('nic', [cloud])]))).toEqual({
      verdict: 'unknown',
      by: [['unknown', 'nic-nsg', 'cloud']],
    });
    // Denied either way, allowed either way.
    const deny = rule({ name: 'deny', priority: 100, access: 'deny', from: ['AzureCloud'] });
    expect(ask(nic([nsg('nic', [deny])])).verdict).toBe('denied');
    const first = rule({ name: 'first', priority: 99 });
    expect(ask(nic([nsg('nic', [first, cloud])])).verdict).toBe('allowed');
  });

  test('the virtual network may be any private one, and is never a public address', () => {
    expect(ask(nic([nsg('nic', [])]), '10.1.2.3').verdict).toBe('unknown');
    expect(ask(nic([nsg('nic', [])]), '203.0.113.1').verdict).toBe('denied');
  });

  test('members of a group', () => {
    expect(ask(nic([groups([rule({ from: ['sg-1'] })])]), '10.0.0.9', 'aws').verdict).toBe('unknown');
    expect(ask(nic([groups([rule({ from: ['sg-1'] })])]), me, 'aws').verdict).toBe('denied');
    expect(ask(nic([groups([rule({ from: ['pl-1'] })])]), me, 'aws').verdict).toBe('unknown');
    const known = rule({ sources: [{ kind: 'group', id: 'sg-1', memberAddresses: ['10.0.0.9'] }] });
    expect(ask(nic([groups([known])]), '10.0.0.9', 'aws').verdict).toBe('allowed');
    expect(ask(nic([groups([known])]), '10.0.0.8', 'aws').verdict).toBe('denied');
  });

  test('source ports: a client has none it can count on', () => {
    const odd = { priority: 100, sourcePorts: [{ from: 1000, to: 1000 }] };
    expect(ask(nic([nsg('nic', [rule({ ...odd, name: 'odd' })])])).by).toEqual([
      ['unknown', 'nic-nsg', 'odd'],
    ]);
    const shut = rule({ ...odd, name: 'odd', access: 'deny' });
    expect(ask(nic([nsg('nic', [shut, rule({ priority: 101 })])])).verdict).toBe('unknown');
    expect(ask(nic([nsg('nic', [shut])])).verdict).toBe('denied');
  });

  test('an address that can not be read', () => {
    const odd = {
      ...rule({ priority: 100 }),
      sources: [{ kind: 'cidr' as const, cidr: '10.0.0.0-10.0.0.9' }],
    };
    expect(ask(nic([nsg('nic', [odd])])).verdict).toBe('unknown');
  });
});

describe('security groups', () => {
  test('all together, one rule is enough', () => {
    const [a, b] = [
      rule({ name: 'a', from: ['198.51.100.0/24'] }),
      rule({ name: 'b', from: ['203.0.113.0/24'] }),
    ];
    expect(ask(nic([groups([a], [b])]), me, 'aws')).toEqual({
      verdict: 'allowed',
      by: [['yes', 'sg-1', 'b']],
    });
    expect(ask(nic([groups([a], [])]), me, 'aws')).toEqual({
      verdict: 'denied',
      by: [['no', undefined, undefined]],
    });
  });

  test('none attached: nobody gets in', () => {
    expect(ask(nic([groups()]), me, 'aws').verdict).toBe('denied');
    expect(ask(nic([]), me, 'aws').verdict).toBe('denied');
    expect(ask(nic([]), me, 'azure').verdict).toBe('allowed');
  });
});

test('a range that is let in only in part is not let in, and says so', () => {
  const half = rule({ name: 'half', priority: 100, from: ['203.0.113.0/25'] });
  const to = nic([nsg('nic', [half])]);
  const { verdict, layers } = effective(to, {
    cloud: 'azure',
    protocol: 'tcp',
    port: 22,
    source: '203.0.113.0/24',
  });
  expect(verdict).toBe('denied');
  expect(layers).toMatchObject([{ lets: 'no', partly: true, rule: { name: 'DenyAllInBound' } }]);
  expect(ask(to, '203.0.113.0/26').verdict).toBe('allowed');
  // Two halves make a whole.
  const other = rule({ name: 'other', priority: 101, from: ['203.0.113.128/25'] });
  expect(ask(nic([nsg('nic', [half, other])]), '203.0.113.0/24').verdict).toBe('allowed');
});

test('with protocol any both TCP and UDP must get through', () => {
  const question = { cloud: 'azure', protocol: 'any', port: 22, source: me } as const;
  const tcp = rule({ priority: 100 });
  expect(effective(nic([nsg('nic', [tcp])]), question).verdict).toBe('denied');
  const both = [tcp, rule({ priority: 101, protocol: 'udp' })];
  expect(effective(nic([nsg('nic', both)]), question).verdict).toBe('allowed');
});

test('the address must be of the source’s family', () => {
  const open = [nsg('nic', [rule({ priority: 100 })])];
  expect(ask(nic(open), '2001:db8::1')).toEqual({ verdict: 'denied', by: [] });
  expect(ask(nic(open, { privateAddresses: [] })).verdict).toBe('unknown');
  // AWS: an instance's IPv6 addresses are public ones.
  const dual = nic([groups([rule()])], { publicAddresses: ['2001:db8::4'] });
  expect(ask(dual, '2001:db8::1', 'aws').verdict).toBe('allowed');
});
