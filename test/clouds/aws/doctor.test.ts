/** What the doctor finds in AWS: rights by DryRun, which changes nothing, and room for a group. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Finding } from '../../../shared/contract/doctor.ts';
import { awsPolicy } from '../../../shared/domain/rights/awsPolicy.ts';
import { type PracticeEc2, startPracticeEc2 } from './practiceEc2.ts';

let practice: PracticeEc2;
beforeEach(async () => {
  practice = await startPracticeEc2({ lagMs: 0 });
});
afterEach(() => practice.close());

const bad = (findings: Finding[]) => findings.filter(({ state }) => state !== 'ok');
const snapshot = () =>
  JSON.stringify([...practice.world.regions.values()], (_key, value: unknown) =>
    value instanceof Map ? [...value] : value,
  );

async function examine(name: string, who: Parameters<PracticeEc2['signIn']>[0] = {}) {
  const vm = await practice.vm(practice.signIn(), name);
  const cloud = practice.signIn(who);
  practice.core.log.clear();
  return cloud.examine(vm);
}

test('a healthy instance: nothing to say; every write was only tried, and nothing is changed', async () => {
  const before = snapshot();
  const findings = await examine('pay-db');
  expect(bad(findings)).toEqual([]);
  expect(findings.filter(({ check }) => check === 'rights')).toHaveLength(3);
  const asked = practice.core.log.list();
  expect(asked.length).toBeGreaterThan(8);
  // 412: “would have succeeded, but DryRun flag is set”. The log can only be looked into.
  expect(asked.filter(({ status }) => status !== 412)).toMatchObject([
    { action: 'LookupEvents', status: 200 },
  ]);
  expect(snapshot()).toBe(before);
});

describe('rights', () => {
  const states = (findings: Finding[]) =>
    findings.filter(({ check }) => check === 'rights').map(({ state }) => state);

  test.each([
    ['view', ['ok', 'problem', 'warning']],
    ['request', ['ok', 'ok', 'warning']],
    ['configure', ['ok', 'ok', 'ok']],
  ] as const)('of who may %s', async (job, expected) => {
    const findings = await examine('pay-db', { policies: [JSON.stringify(awsPolicy(job))] });
    expect(states(findings)).toEqual(expected);
    const [first] = bad(findings);
    if (first) expect(first.fix).toMatch(/latchkey roles aws --for (request|configure)/);
  });

  test('who may not read the log is told what is not shown then; where there is none, nobody is', async () => {
    const policy = awsPolicy('configure');
    policy.Statement = policy.Statement.filter(({ Sid }) => Sid !== 'LatchkeyReadLog');
    const found = bad(await examine('pay-db', { policies: [JSON.stringify(policy)] }));
    expect(found).toMatchObject([
      { check: 'rights', state: 'warning', text: expect.stringContaining('LookupEvents') },
    ]);
    practice.core.faults.add({
      cloud: 'aws',
      action: 'LookupEvents',
      status: 404,
      code: 'UnknownOperationException',
    });
    expect(bad(await examine('pay-db'))).toEqual([]);
  });

  test('what is missing is named', async () => {
    const policy = awsPolicy('request');
    for (const statement of policy.Statement)
      statement.Action = statement.Action.filter(
        action => action !== 'ec2:UpdateSecurityGroupRuleDescriptionsIngress',
      );
    const found = bad(await examine('pay-db', { policies: [JSON.stringify(policy)] }));
    expect(found[0]?.text).toMatch(
      /^You may not open and shut ports here: ec2:UpdateSecurityGroupRuleDescriptionsIngress on sg-\w+ is missing\.$/,
    );
  });

  test('of a viewer of an instance that has no group of its own yet: opening is not asked for', async () => {
    const findings = await examine('pay-batch', { role: 'viewer' });
    expect(states(findings)).toEqual(['ok', 'warning']);
  });

  test('what AWS does not tell is told so', async () => {
    practice.core.faults.add({
      cloud: 'aws',
      action: 'GetConsoleOutput',
      status: 400,
      code: 'Strange',
      times: 0,
    });
    expect(bad(await examine('pay-db'))).toMatchObject([
      {
        check: 'rights',
        state: 'warning',
        text: expect.stringContaining('does not tell of ec2:GetConsoleOutput'),
      },
    ]);
  });
});

test('an interface without room for a group of its own', async () => {
  const vm = await practice.vm(practice.signIn(), 'pay-hub');
  expect(vm.interfaces[0]?.layers.flatMap(layer => layer.gates).length).toBeGreaterThanOrEqual(5);
  expect(bad(await examine('pay-hub')).filter(({ check }) => check === 'rules')).toMatchObject([
    { state: 'problem' },
  ]);
});
