import { afterEach, describe, expect, test } from 'vitest';
import { letsThrough } from '../../../main/practice/arm/evaluate.ts';
import { inWeb, type PracticeArm, ruleBody, startArm } from './setup.ts';

let practice: PracticeArm;
afterEach(() => practice.stop());

const nsg = 'Microsoft.Network/networkSecurityGroups/web-1-nsg';
const rulePath = (name: string) => inWeb(practice, `${nsg}/securityRules/${encodeURIComponent(name)}`);
const put = (name: string, body: object) => practice.send('PUT', rulePath(name), body);
const sshOpen = () =>
  letsThrough(
    practice.arm.world,
    inWeb(practice, 'Microsoft.Compute/virtualMachines/web-1'),
    '127.0.0.1',
    22,
  );

describe('writing a rule', () => {
  test('through the SDK: made, read, listed, gone', async () => {
    practice = await startArm({ latencyMs: 5 });
    const { securityRules } = practice.network();
    const made = await securityRules.createOrUpdate('rg-web', 'web-1-nsg', 'Mine', {
      priority: 120,
      access: 'Allow',
      direction: 'Inbound',
      protocol: 'Tcp',
      sourceAddressPrefixes: ['127.0.0.1/32', '192.0.2.0/24'],
      sourcePortRange: '*',
      destinationAddressPrefix: '10.10.1.4',
      destinationPortRanges: ['22', '3389-3390'],
      description: 'a rule',
    });
    expect(made).toMatchObject({ name: 'Mine', priority: 120, provisioningState: 'Succeeded' });
    expect(await securityRules.get('rg-web', 'WEB-1-NSG', 'mine')).toMatchObject({
      destinationPortRanges: ['22', '3389-3390'],
      description: 'a rule',
    });
    await securityRules.delete('rg-web', 'web-1-nsg', 'Mine');
    await expect(securityRules.get('rg-web', 'web-1-nsg', 'Mine')).rejects.toMatchObject({ statusCode: 404 });
    expect((await practice.send('DELETE', rulePath('Mine'))).status).toBe(204);
  });

  test('takes effect when its operation is done, not before; so does removing it', async () => {
    practice = await startArm({ latencyMs: 60 });
    // Both NSGs stand before web-1.
    const subnet = inWeb(practice, 'Microsoft.Network/networkSecurityGroups/web-subnet-nsg/securityRules/x');
    const [first, second] = [
      await put('x', ruleBody(110)),
      await practice.send('PUT', subnet, ruleBody(110)),
    ];
    expect([first.status, first.json['properties']['provisioningState']]).toEqual([201, 'Updating']);
    expect(first.headers['retry-after']).toBe('1');
    expect(sshOpen()).toBe(false);
    for (const answer of [first, second]) await finished(String(answer.headers['azure-asyncoperation']));
    expect(sshOpen()).toBe(true);
    expect((await practice.send('GET', rulePath('x'))).json['properties']['provisioningState']).toBe(
      'Succeeded',
    );

    const gone = await practice.send('DELETE', rulePath('x'));
    expect([gone.status, sshOpen()]).toEqual([202, true]);
    const location = String(gone.headers.location).slice(practice.url.length).split('?')[0] ?? '';
    expect((await practice.send('GET', location)).status).toBe(200);
    expect(sshOpen()).toBe(false);
  });

  test('a rule that is put again while it goes stays', async () => {
    practice = await startArm({ latencyMs: 20 });
    await finished(String((await put('x', ruleBody(110))).headers['azure-asyncoperation']));
    await practice.send('DELETE', rulePath('x'));
    const again = await put('x', ruleBody(111));
    await finished(String(again.headers['azure-asyncoperation']));
    const { json } = await practice.send('GET', rulePath('x'));
    expect(json['properties']).toMatchObject({ priority: 111, provisioningState: 'Succeeded' });
  });

  test('ignores an etag, as Azure does: the last one wins', async () => {
    practice = await startArm();
    await put('x', ruleBody(110));
    const answer = await put('x', { ...ruleBody(112), etag: 'W/"stale"' });
    expect([answer.status, answer.json['properties']['priority']]).toEqual([200, 112]);
  });
});

async function finished(operation: string): Promise<void> {
  const path = operation.slice(practice.url.length).split('?')[0] ?? '';
  expect((await practice.send('GET', path)).json['status']).toBe('Succeeded');
}

describe('refusals', () => {
  const cases: [string, string, string, object][] = [
    ['a priority below 100', 'x', 'SecurityRuleInvalidPriority', { priority: 99 }],
    ['a priority above 4096', 'x', 'SecurityRuleInvalidPriority', { priority: 4097 }],
    ['a taken priority', 'x', 'SecurityRuleConflict', { priority: 400 }],
    ['a name that begins with a dash', '-x', 'InvalidResourceName', {}],
    ['a name that ends with a dot', 'x.', 'InvalidResourceName', {}],
    ['a name of 81 characters', 'x'.repeat(81), 'InvalidResourceName', {}],
    ['a description of 141 characters', 'x', 'InvalidRequestFormat', { description: 'd'.repeat(141) }],
    ['a port that is none', 'x', 'SecurityRuleInvalidPortRange', { destinationPortRange: '70000' }],
    ['a range upside down', 'x', 'SecurityRuleInvalidPortRange', { destinationPortRange: '30-20' }],
    [
      'host bits in a prefix',
      'x',
      'SecurityRuleInvalidAddressPrefix',
      { sourceAddressPrefix: '192.0.2.1/24' },
    ],
    ['a protocol there is not', 'x', 'InvalidRequestFormat', { protocol: 'Sctp' }],
    ['no destination', 'x', 'InvalidRequestFormat', { destinationAddressPrefix: undefined }],
    [
      'a tag among several prefixes',
      'x',
      'SecurityRuleParameterContainsUnsupportedValue',
      { sourceAddressPrefix: undefined, sourceAddressPrefixes: ['Internet', '192.0.2.1'] },
    ],
    [
      'both address families',
      'x',
      'ResourceCannotContainAddressPrefixesFromDifferentAddressFamilies',
      { destinationAddressPrefix: '2001:db8::1' },
    ],
  ];
  test.each(cases)('%s', async (_what, name, code, rest) => {
    practice = await startArm();
    const answer = await put(name, ruleBody(110, rest));
    expect([answer.status, answer.json['error']['code']]).toEqual([400, code]);
    expect((await practice.send('GET', rulePath(name))).status).toBe(404);
  });

  test('the same priority in the other direction is fine', async () => {
    practice = await startArm();
    expect((await put('out', ruleBody(400, { direction: 'Outbound' }))).status).toBe(201);
  });

  test('more than 1,000 rules', async () => {
    practice = await startArm();
    const path = inWeb(practice, 'Microsoft.Network/networkSecurityGroups/full');
    const securityRules = Array.from({ length: 1000 }, (_none, index) => ({
      name: `r${index}`,
      ...ruleBody(100 + index),
    }));
    const made = await practice.send('PUT', path, { location: 'westeurope', properties: { securityRules } });
    expect([made.status, made.json['properties']['securityRules'].length]).toEqual([201, 1000]);
    const answer = await practice.send('PUT', `${path}/securityRules/last`, ruleBody(4000));
    expect(answer.json['error']['code']).toBe('SecurityRuleCountLimitReached');
  });
});

test('a whole-NSG PUT drops what it does not name', async () => {
  practice = await startArm();
  const path = inWeb(practice, nsg);
  const before = await practice.send('GET', path);
  await put('colleague', ruleBody(110));
  await practice.send('PUT', path, before.json);
  const after = await practice.send('GET', path);
  expect(after.json['properties']['securityRules'].map((rule: { name: string }) => rule.name)).toEqual(
    before.json['properties']['securityRules'].map((rule: { name: string }) => rule.name),
  );
  expect(after.json['properties']['networkInterfaces']).toEqual(
    before.json['properties']['networkInterfaces'],
  );
});
