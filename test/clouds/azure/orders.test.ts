import { describe, expect, it } from 'vitest';
import { ordersFor } from '../../../main/clouds/azure/orders.ts';
import { armNsg, freshVmWith, mark } from './build.ts';

const ssh = { port: 22, protocol: 'tcp' as const };
const both = freshVmWith([armNsg('subnet-nsg', []), armNsg('nic-nsg', [])], {
  addresses: ['10.0.0.4', 'fd00::4'],
}).vm;

describe('orders of a grant', () => {
  it('one per NSG, all ports of a protocol together, destinations of the source’s family', () => {
    const ports = [ssh, { port: 53, protocol: 'udp' as const }, { port: 3389, protocol: 'tcp' as const }];
    const orders = ordersFor(both, { ports, sources: ['203.0.113.7/32'], mark });
    expect(orders.map(o => [o.gateName, o.protocol, o.ports, o.destinations, o.index])).toEqual([
      ['subnet-nsg', 'tcp', [22, 3389], ['10.0.0.4'], 0],
      ['subnet-nsg', 'udp', [53], ['10.0.0.4'], 1],
      ['nic-nsg', 'tcp', [22, 3389], ['10.0.0.4'], 2],
      ['nic-nsg', 'udp', [53], ['10.0.0.4'], 3],
    ]);
  });

  it('splits sources of both families into rules of one family each', () => {
    const orders = ordersFor(both, { ports: [ssh], sources: ['203.0.113.7/32', '2001:db8::7/128'], mark });
    expect(orders.map(o => [o.gateName, o.sources, o.destinations])).toEqual([
      ['subnet-nsg', ['203.0.113.7/32'], ['10.0.0.4']],
      ['subnet-nsg', ['2001:db8::7/128'], ['fd00::4']],
      ['nic-nsg', ['203.0.113.7/32'], ['10.0.0.4']],
      ['nic-nsg', ['2001:db8::7/128'], ['fd00::4']],
    ]);
  });

  it('writes once to an NSG that is both the subnet’s and the interface’s', () => {
    const same = freshVmWith([armNsg('n', []), armNsg('n', [])]).vm;
    expect(ordersFor(same, { ports: [ssh], sources: ['203.0.113.7/32'], mark })).toHaveLength(1);
  });

  it('refuses a VM without NSG, a classic one, one it can’t make sense of, and a family it has not', () => {
    const wanted = { ports: [ssh], sources: ['203.0.113.7/32'], mark };
    expect(() => ordersFor(freshVmWith([]).vm, wanted)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED' }),
    );
    const classic = { ...both, kind: 'classic' as const, interfaces: [] };
    expect(() => ordersFor(classic, wanted)).toThrow(/classic/);
    expect(() => ordersFor({ ...both, problem: 'half of it is missing' }, wanted)).toThrow(/half of it/);
    const v4 = freshVmWith([armNsg('n', [])]).vm;
    expect(() => ordersFor(v4, { ...wanted, sources: ['2001:db8::7/128'] })).toThrow(
      expect.objectContaining({ code: 'SOURCE_FAMILY' }),
    );
  });
});
