/** What the doctor finds in Azure: each trouble planted in the practice cloud is found, nothing on a healthy VM, and nothing is written. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { rule } from '../../../main/practice/arm/build.ts';
import type { NetworkSecurityGroup } from '../../../main/practice/arm/resources.ts';
import type { Finding } from '../../../shared/contract/doctor.ts';
import { azureRole } from '../../../shared/domain/rights/azureRole.ts';
import { ask } from '../../practice/ask.ts';
import { type Practice, startPractice } from './practice.ts';

let practice: Practice;
beforeEach(async () => {
  practice = await startPractice();
});
afterEach(() => practice.stop());

const bad = (findings: Finding[]) => findings.filter(({ state }) => state !== 'ok');

async function examine(name: string, options: { token?: string } = {}) {
  const owner = await practice.signIn();
  const vm = await owner.vm(practice.vm(name));
  const cloud = options.token === undefined ? owner : await practice.signIn(options);
  practice.forget();
  return cloud.examine(vm);
}

/** POSTs that only ask. */
const asking =
  /retrieveBootDiagnosticsData$|ResourceGraph\/resources$|listNetworkManagerEffectiveSecurityAdminRules$/i;

test('a healthy VM: nothing to say, every check made, nothing but reads', async () => {
  const findings = await examine('web-1');
  expect(bad(findings)).toEqual([]);
  const checks = new Set(findings.map(({ check }) => check));
  expect([...checks].toSorted()).toEqual(['locks', 'plan', 'priorities', 'rights', 'rules']);
  const asked = practice.asked();
  expect(asked.length).toBeGreaterThan(5);
  expect(asked.filter(one => !one.startsWith('GET ') && !asking.test(one))).toEqual([]);
});

function nsg(name: string): NetworkSecurityGroup {
  for (const one of practice.arm.world.all('Microsoft.Network/networkSecurityGroups'))
    if (one.name === name) return one;
  throw new Error(`no ${name}`);
}
const fill = (count: number, from: number) =>
  nsg('web-1-nsg').properties.rules.push(
    ...Array.from({ length: count }, (_none, at) =>
      rule(`r${from + at}`, from + at, 'Allow', { ports: ['8080'] }),
    ),
  );
const lockAt = (scope: string, level: string) =>
  sendAsOwner('PUT', `${scope}/providers/Microsoft.Authorization/locks/keep`, { properties: { level } });

async function sendAsOwner(method: string, path: string, body?: object) {
  const token = await practice.arm.tokens.mint('admin', practice.url);
  const url = `${practice.url}${path}?api-version=2020-05-01`;
  return ask(url, { ca: practice.core.certificates.ca, method, token, body });
}
const production = () => `/subscriptions/${practice.arm.world.subscriptions[0]?.id}`;

const troubles: Record<string, { plant: () => unknown; finds: Partial<Finding>; says: RegExp; fix: RegExp }> =
  {
    'an NSG that is full': {
      plant: () => fill(998, 1000),
      finds: { check: 'rules', state: 'problem', subject: 'web-1-nsg' },
      says: /^It is full: Azure takes 1000 rules/,
      fix: /Remove rules/,
    },
    'an NSG that is nearly full': {
      plant: () => fill(960, 1000),
      finds: { check: 'rules', state: 'warning', subject: 'web-1-nsg' },
      says: /room for 38 more rules/,
      fix: /Remove rules/,
    },
    'no priority left for a grant': {
      plant: () => fill(100, 100),
      finds: { check: 'priorities', state: 'problem', subject: 'web-1-nsg' },
      says: /No priority from 100 to 199 is free/,
      fix: /move rules of others to 300/,
    },
    'few priorities left for grants': {
      plant: () => fill(97, 100),
      finds: { check: 'priorities', state: 'warning' },
      says: /Only 3 of the priorities from 100 to 199/,
      fix: /move rules of others/,
    },
    'a foreign deny before every grant': {
      plant: () => nsg('web-1-nsg').properties.rules.push(rule('no-ssh', 100, 'Deny', { ports: ['22'] })),
      finds: { check: 'priorities', state: 'problem' },
      says: /“no-ssh”, which is not Latchkey’s, denies protected ports at 100, and nothing is free before it/,
      fix: /Move it to 300/,
    },
    'a foreign deny with room before it': {
      plant: () => nsg('web-1-nsg').properties.rules.push(rule('no-ssh', 150, 'Deny', { ports: ['20-25'] })),
      finds: { check: 'priorities', state: 'warning' },
      says: /denies protected ports at 150; grants are put before it/,
      fix: /Move it/,
    },
    'a foreign allow before the lock': {
      plant: () => nsg('web-1-nsg').properties.rules.push(rule('vendor', 150, 'Allow', { ports: ['22'] })),
      finds: { check: 'priorities', state: 'warning' },
      says: /“vendor”, which is not Latchkey’s, lets protected ports through at 150, before any lock/,
      fix: /Lock the VM/,
    },
    'a read-only lock on the group': {
      plant: () => lockAt(`${production()}/resourceGroups/rg-web`, 'ReadOnly'),
      finds: { check: 'locks', state: 'problem', subject: 'web-1-nsg' },
      says: /read-only lock “keep” at resourceGroups\/rg-web lets no rule be written/,
      fix: /Have the lock “keep” taken off/,
    },
    'a delete lock on the NSG': {
      plant: () => lockAt(nsg('web-1-nsg').id, 'CanNotDelete'),
      finds: { check: 'locks', state: 'problem', subject: 'web-1-nsg' },
      says: /keeps rules from being removed: what is opened can’t be shut/,
      fix: /taken off networkSecurityGroups\/web-1-nsg/,
    },
    'a basic address': {
      plant: () => Object.assign(address(), { sku: { name: 'Basic', tier: 'Regional' } }),
      finds: { check: 'address', state: 'warning', subject: 'web-1-ip' },
      says: /203\.0\.113\.1 is a basic public address/,
      fix: /Upgrade/,
    },
    'an address that changes': {
      plant: () => Object.assign(address().properties, { publicIPAllocationMethod: 'Dynamic' }),
      finds: { check: 'address', state: 'warning' },
      says: /is dynamic/,
      fix: /Make it static/,
    },
    'a check that the cloud does not answer': {
      plant: () => practice.core.faults.add({ path: '/locks', status: 400, code: 'Broken', times: 0 }),
      finds: { check: 'locks', state: 'warning' },
      says: /^This could not be looked at\./,
      fix: /./,
    },
  };

function address() {
  for (const one of practice.arm.world.all('Microsoft.Network/publicIPAddresses'))
    if (one.name === 'web-1-ip') return one;
  throw new Error('no address');
}

describe('a planted trouble is found, and by itself', () => {
  test.each(Object.entries(troubles))('%s', async (_name, { plant, finds, says, fix }) => {
    await plant();
    const found = bad(await examine('web-1'));
    expect(found.map(({ check }) => check)).toEqual(found.map(() => finds.check));
    expect(found).toContainEqual(
      expect.objectContaining({
        ...finds,
        text: expect.stringMatching(says),
        fix: expect.stringMatching(fix),
      }),
    );
  });

  test('and a lock of the practice cloud really refuses what the doctor says', async () => {
    await lockAt(nsg('web-1-nsg').id, 'CanNotDelete');
    const path = `${nsg('web-1-nsg').id}/securityRules/x`;
    const { properties } = rule('x', 130, 'Allow', { ports: ['22'] });
    expect((await sendAsOwner('PUT', path, { properties })).status).toBe(201);
    const refused = await sendAsOwner('DELETE', path);
    expect([refused.status, refused.json['error']['code']]).toEqual([409, 'ScopeLocked']);
  });
});

test('a VM that goes by way of Defender: its plan and its rights are asked for', async () => {
  const cloud = await practice.signIn();
  const vm = await cloud.vm(practice.vm('crm-1'));
  expect(vm?.defender?.policyName).toBeDefined();
  expect(bad(await cloud.examine(vm))).toEqual([]);
  practice.arm.world.defender.plans.clear();
  expect(bad(await cloud.examine(vm))).toMatchObject([
    { check: 'plan', state: 'problem', fix: expect.stringContaining('latchkey settings --jit ') },
  ]);
  expect(bad(await examine('web-1'))).toEqual([]);
});

test('a VM behind a firewall: that way’s rights, and the firewall’s locks', async () => {
  const cloud = await practice.signIn();
  for (const name of ['batch-1', 'ledger-1']) {
    const vm = await cloud.vm(practice.vm(name));
    expect(vm?.firewall?.id).toBeDefined();
    expect(bad(await cloud.examine(vm))).toEqual([]);
    await lockAt(vm?.firewall?.gate.id ?? '', 'ReadOnly');
    expect(bad(await cloud.examine(vm))).toMatchObject([{ check: 'locks', state: 'problem' }]);
  }
});

describe('rights', () => {
  const userWith = async (role: object) => {
    const made = await sendAsOwner('POST', '/practice/users', { name: 'jo', role });
    return String(made.json['token']);
  };
  const role = (
    job: 'view' | 'request' | 'configure',
    change: (actions: string[]) => string[] = actions => actions,
  ) => {
    const made = azureRole({
      job,
      doctor: true,
      subscriptions: [production().slice('/subscriptions/'.length)],
    });
    return { ...made, Actions: change(made.Actions) };
  };
  const states = (findings: Finding[]) =>
    findings.filter(({ check }) => check === 'rights').map(({ state }) => state);

  test.each([
    ['view', ['ok', 'problem', 'warning']],
    ['request', ['ok', 'ok', 'warning']],
    ['configure', ['ok', 'ok', 'ok']],
  ] as const)('of who may %s', async (job, expected) => {
    const token = await userWith(role(job));
    expect(states(await examine('web-1', { token }))).toEqual(expected);
  });

  test('one right that is missing is named, with where and the role', async () => {
    const write = 'Microsoft.Network/networkSecurityGroups/securityRules/write';
    const token = await userWith(role('request', actions => actions.filter(one => one !== write)));
    const [finding] = bad(await examine('web-1', { token }));
    expect(finding?.text).toBe(
      `You may not open and shut ports here: ${write} at web-subnet-nsg and 1 more is missing.`,
    );
    expect(finding?.fix).toContain('latchkey roles azure --for request --subscription ');
  });

  test('at one of two NSGs only: the other one is named', async () => {
    const request = role('request');
    const token = await userWith({
      ...request,
      Actions: request.Actions.filter(one => !/securityRules/.test(one)),
    });
    const { oid } = practice.arm.people.add('jo');
    const rules = '11111111-0000-4000-8000-000000000000';
    const permissions = [
      {
        actions: ['Microsoft.Network/networkSecurityGroups/*'],
        notActions: [],
        dataActions: [],
        notDataActions: [],
      },
    ];
    practice.arm.people.roles.set(rules, {
      id: rules,
      name: 'x',
      description: '',
      custom: true,
      permissions,
      assignableScopes: ['/'],
    });
    practice.arm.people.assign(oid, rules, nsg('web-1-nsg').id);
    const [finding] = bad(await examine('web-1', { token }));
    expect(finding?.text).toMatch(/securityRules\/read at web-subnet-nsg,/);
    expect(finding?.text).not.toContain('web-1-nsg');
  });

  test('who may not ask for permissions is told so, with the role that may', async () => {
    const token = await userWith(
      azureRole({ job: 'view', subscriptions: [production().slice('/subscriptions/'.length)] }),
    );
    const found = bad(await examine('web-1', { token }));
    const about = found.find(({ check }) => check === 'rights');
    expect(about).toMatchObject({ state: 'warning', fix: expect.stringContaining('--for view --doctor') });
    expect(found.every(({ state }) => state === 'warning')).toBe(true);
  });

  test('of the whole account, subscription by subscription; and of one that sees none', async () => {
    const owner = await practice.signIn();
    practice.forget();
    const all = await owner.examine(undefined);
    expect(bad(all)).toEqual([]);
    expect(all[0]?.text).toBe('You see 2 subscriptions: Contoso Production, Contoso Test.');
    expect(practice.asked().filter(one => !one.startsWith('GET '))).toEqual([]);
    const nobody = await practice.signIn({ user: 'nobody' });
    expect(await nobody.examine(undefined)).toMatchObject([{ check: 'scopes', state: 'problem' }]);
  });
});
