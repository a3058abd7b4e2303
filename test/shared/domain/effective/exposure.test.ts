import { describe, expect, test } from 'vitest';
import { toCidrs } from '../../../../shared/domain/effective/addressSet.ts';
import { allowedInternetSources, exposure } from '../../../../shared/domain/effective/exposure.ts';
import { awsVm, azureVm, grantRule, groups, nic, nsg, rule } from '../samples.ts';

const ports = [22, 3389].map(port => ({ port, protocol: 'tcp' as const }));
const exposed = (...rules: Parameters<typeof nsg>[1]) => exposure(azureVm([nsg('nic', rules)]), ports);

describe('exposed is what some internet address can reach without a grant', () => {
  test('the default rules expose nothing: neither the virtual network nor the health probes are the internet', () => {
    expect(exposed()).toEqual({ exposed: [], unknown: [] });
  });

  test('a grant does not expose, a foreign rule does, however narrow', () => {
    expect(exposed(grantRule({ from: ['203.0.113.7/32'] })).exposed).toEqual([]);
    expect(exposed(rule({ priority: 300, from: ['203.0.113.7/32'] })).exposed).toEqual([22]);
    expect(
      exposed(rule({ priority: 300, from: ['Internet'], ports: [{ from: 1, to: 5000 }] })).exposed,
    ).toEqual([22, 3389]);
  });

  test('a lock above it shuts it; below it does not', () => {
    const lock = rule({ priority: 200, access: 'deny', by: 'lock' });
    expect(exposed(lock, rule({ priority: 300 })).exposed).toEqual([]);
    expect(exposed(lock, rule({ priority: 199 })).exposed).toEqual([22]);
  });

  test('a deny that leaves one address open exposes', () => {
    const deny = rule({ priority: 200, access: 'deny', from: ['0.0.0.0/1', '128.0.0.0/2', '192.0.0.0/3'] });
    expect(exposed(deny, rule({ priority: 300 })).exposed).toEqual([]);
    const most = rule({ priority: 200, access: 'deny', from: ['0.0.0.0/1', '128.0.0.0/2', '192.0.0.0/4'] });
    expect(exposed(most, rule({ priority: 300, from: ['208.1.2.3'] })).exposed).toEqual([22]);
  });

  test('private networks are not the internet; everything is; loopback stands for it in the practice cloud', () => {
    const from = (source: string): number[] => exposed(rule({ priority: 300, from: [source] })).exposed;
    expect(from('10.0.0.0/8')).toEqual([]);
    expect(from('100.64.0.0/10')).toEqual([]);
    expect(from('fd00::/8')).toEqual([]);
    expect(from('0.0.0.0/0')).toEqual([22]);
    expect(from('127.0.0.1/32')).toEqual([22]);
  });

  test('another service tag is unknown', () => {
    expect(exposed(rule({ priority: 300, from: ['AzureCloud'] }))).toEqual({ exposed: [], unknown: [22] });
  });

  test('an odd source port is no protection', () => {
    expect(exposed(rule({ priority: 300, sourcePorts: [{ from: 53, to: 53 }] })).exposed).toEqual([22]);
    const deny = rule({ priority: 299, access: 'deny', sourcePorts: [{ from: 1024, to: 65_535 }] });
    expect(exposed(deny, rule({ priority: 300 })).exposed).toEqual([22]);
  });

  test('any interface, any family, TCP or UDP', () => {
    const shut = nic([nsg('nic', [])]);
    const open = nic([nsg('nic', [rule({ priority: 300, protocol: 'udp' })])], { primary: false });
    const vm = azureVm([], { interfaces: [shut, open] });
    expect(exposure(vm, [{ port: 22, protocol: 'any' }]).exposed).toEqual([22]);
    expect(exposure(vm, [{ port: 22, protocol: 'tcp' }]).exposed).toEqual([]);
    const v6 = nic([groups([rule({ from: ['::/0'] })])], { publicAddresses: ['2001:db8::4'] });
    expect(exposure(awsVm([], { interfaces: [v6] }), ports).exposed).toEqual([22]);
    expect(exposure(awsVm([groups([rule({ from: ['::/0'] })])]), ports).exposed).toEqual([]);
  });

  test('a group that refers to itself does not expose, a prefix list may', () => {
    expect(exposure(awsVm([groups([rule({ from: ['sg-0'] })])]), ports)).toEqual({
      exposed: [],
      unknown: [],
    });
    expect(exposure(awsVm([groups([rule({ from: ['pl-0'] })])]), ports)).toEqual({
      exposed: [],
      unknown: [22],
    });
  });

  test('no gate: all in Azure, nothing in AWS', () => {
    expect(exposure(azureVm([]), ports).exposed).toEqual([22, 3389]);
    expect(exposure(awsVm([]), ports).exposed).toEqual([]);
  });
});

test('the addresses that get in, exactly', () => {
  const deny = rule({ priority: 200, access: 'deny', from: ['203.0.113.64/26'] });
  const allow = rule({ priority: 300, from: ['203.0.113.0/24'] });
  const reach = allowedInternetSources(nic([nsg('subnet', [allow]), nsg('nic', [deny, allow])]), {
    cloud: 'azure',
    protocol: 'tcp',
    port: 22,
  });
  expect(toCidrs(reach.sure)).toEqual(['203.0.113.0/26', '203.0.113.128/25']);
  expect(reach.may).toEqual(reach.sure);
});
