import { describe, expect, test } from 'vitest';
import { defaultPolicy } from '../../../shared/domain/policyTag.ts';
import { accessOf, gateOf, tabOf, watchedPorts } from '../../../shared/domain/tabs.ts';
import { awsVm, azureVm, grantRule, groups, nsg, rule } from './samples.ts';

const shut = [nsg('nic', [])];
const wide = [nsg('nic', [rule({ priority: 300 })])];

describe('the tab', () => {
  test('by policy', () => {
    expect(tabOf(azureVm(shut))).toEqual({ tab: 'not-configured' });
    expect(tabOf(azureVm(shut, { policy: defaultPolicy }))).toEqual({ tab: 'configured' });
    expect(tabOf(awsVm([groups()]))).toEqual({ tab: 'not-configured' });
    expect(tabOf(awsVm([]))).toEqual({ tab: 'not-configured' });
  });

  test('unsupported says why', () => {
    expect(tabOf(azureVm(shut, { kind: 'classic' })).reason).toMatch(/classic/);
    expect(tabOf(azureVm([])).reason).toMatch(/network security group/);
    expect(tabOf(azureVm(shut, { interfaces: [] })).reason).toMatch(/interface/);
    expect(tabOf(azureVm(shut, { problem: 'It makes no sense.' }))).toEqual({
      tab: 'unsupported',
      reason: 'Other: It makes no sense.',
    });
  });

  test('a stopped VM can be configured, a damaged policy is one', () => {
    expect(tabOf(azureVm(shut, { power: 'stopped' })).tab).toBe('not-configured');
    const policyError = { code: 'BAD_INPUT' as const, message: 'The tag is damaged.' };
    expect(tabOf(azureVm(shut, { policyError }))).toEqual({
      tab: 'configured',
      reason: 'The tag is damaged.',
    });
  });
});

describe('access', () => {
  const access = (...args: Parameters<typeof accessOf>): string => accessOf(...args).access;

  test('open, shut, exposed, stopped, unknown', () => {
    expect(accessOf(azureVm(shut), false)).toEqual({ access: 'shut', exposedPorts: [] });
    expect(accessOf(azureVm(wide), false)).toEqual({ access: 'exposed', exposedPorts: [22] });
    expect(accessOf(azureVm(wide), true)).toEqual({ access: 'open', exposedPorts: [22] });
    expect(accessOf(azureVm(wide, { power: 'stopped' }), false)).toEqual({
      access: 'stopped',
      exposedPorts: [22],
    });
    expect(access(azureVm(shut, { power: 'unknown' }), false)).toBe('shut');
    expect(access(azureVm([nsg('nic', [rule({ priority: 300, from: ['AzureCloud'] })])]), false)).toBe(
      'unknown',
    );
    expect(access(azureVm(shut, { kind: 'classic' }), false)).toBe('unknown');
    expect(access(azureVm([nsg('nic', [grantRule({})])]), false)).toBe('shut');
  });

  test('is judged on the policy’s ports, else on the four defaults', () => {
    const policy = { ports: [{ port: 8443, protocol: 'tcp' as const, sources: [], maxMs: 60_000 }] };
    expect(watchedPorts(azureVm(wide)).map(p => p.port)).toEqual([22, 3389, 5985, 5986]);
    expect(access(azureVm(wide, { policy }), false)).toBe('shut');
  });
});

test('the gate’s icon', () => {
  expect(gateOf(azureVm(shut))).toBe('nsg');
  expect(gateOf(awsVm([groups([])]))).toBe('security-group');
  expect(gateOf(azureVm([]))).toBe('none');
});
