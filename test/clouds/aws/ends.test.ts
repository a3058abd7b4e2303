/** Who ends a grant: schedules of EventBridge Scheduler, against the practice cloud, which runs them for real. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fireTime, revokeTarget, ruleOfSchedule, scheduleName } from '../../../main/clouds/aws/schedules.ts';
import { type Cloud, guardOf, type RuleOrder } from '../../../main/clouds/cloud.ts';
import { type GrantId, parseGrantId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { type PracticeEc2, startPracticeEc2 } from './practiceEc2.ts';

const mine = parseGrantId('minemineminn');
const hers = parseGrantId('hershershers');
const home = '203.0.113.7/32';
const minute = 60_000;

/** The cloud's clock ahead of the real one, milliseconds: what is due is run by turning it. */
let aheadMs = 0;
let practice: PracticeEc2;
let cloud: Cloud;
let colleague: Cloud;
let vm: Vm;
beforeEach(async () => {
  aheadMs = 0;
  practice = await startPracticeEc2({ lagMs: 0, now: () => Date.now() + aheadMs });
  [cloud, colleague] = [practice.signIn(), practice.signIn()];
  vm = await practice.vm(cloud, 'pay-db');
});
afterEach(() => practice.close());

async function install(by = cloud): Promise<void> {
  const guard = guardOf(by);
  await guard.apply(await guard.plan('install'));
}
function order(grant: GrantId, end: number, ports = [22], source = home): RuleOrder {
  const [first] = cloud.orders(vm, {
    ports: ports.map(port => ({ port, protocol: 'tcp' })),
    sources: [source],
    mark: { grant, owner: 'lena', end, vmName: vm.name },
  });
  if (!first) throw new Error('no order');
  return first;
}
const inMinutes = (n: number) => Math.ceil((Date.now() + n * minute) / 1000) * 1000;
const schedules = () => [...practice.world.schedules.values()].map(({ name, at }) => ({ name, at }));
const rules = () => {
  const own = practice.group('eu-north-1', `latchkey-${vm.id.split('/')[1]}`);
  return own.rules.map(({ id }) => id);
};
function passTo(time: number): void {
  aheadMs = time - Date.now();
  practice.scheduler.tick();
}
const forTheGrant = (name: string, end: number) => ({
  name: scheduleName(name),
  at: fireTime(end, Date.now()),
});

describe('a schedule', () => {
  it('fires at the first whole minute that is not before the end, and never in the past', () => {
    const at = Date.parse('2026-11-23T18:05:00Z');
    expect(fireTime(at, 0)).toBe(at);
    expect(fireTime(at + 1, 0)).toBe(at + minute);
    expect(fireTime(at - 59_999, 0)).toBe(at);
    expect(fireTime(at, at + 1)).toBe(at + minute);
    expect(fireTime(0, at)).toBeGreaterThan(at);
  });

  it('has a name that follows from its rule, and a target as reference 8.2 has it', () => {
    const rule = 'sgr-0123456789abcdef0';
    expect(scheduleName(rule)).toMatch(/^[0-9a-zA-Z\-_.]{1,64}$/);
    expect(ruleOfSchedule(scheduleName(rule))).toBe(rule);
    expect(ruleOfSchedule('latchkey-other')).toBeUndefined();
    for (const [region, partition] of [
      ['eu-north-1', 'aws'],
      ['cn-north-1', 'aws-cn'],
      ['us-gov-west-1', 'aws-us-gov'],
    ] as const) {
      expect(revokeTarget({ region, group: 'sg-1', rule })).toEqual({
        Arn: `arn:${partition}:scheduler:::aws-sdk:ec2:revokeSecurityGroupIngress`,
        Input: `{"GroupId":"sg-1","SecurityGroupRuleIds":["${rule}"]}`,
      });
    }
  });
});

describe('without a guard', () => {
  it('this computer ends a grant, and Scheduler is not asked', async () => {
    const standing = await cloud.open(order(mine, inMinutes(10)));
    expect(standing).toMatchObject({ endedBy: 'this-computer', notes: [] });
    await cloud.close(standing.gate, standing.names, [mine]);
    const asked = practice.actions();
    expect(asked.filter(action => action.endsWith('Schedule'))).toEqual([]);
    expect(asked.filter(action => action === 'GetRole')).toHaveLength(1);
  });

  it('an IAM that does not answer holds up no opening for long, and opens', async () => {
    practice.core.faults.add({ action: 'GetRole', delayMs: 60_000, times: 0 });
    const begun = performance.now();
    expect((await cloud.open(order(mine, inMinutes(10)))).endedBy).toBe('this-computer');
    // Half of what IAM would take.
    expect(performance.now() - begun).toBeLessThan(30_000);
    // Nor the next one at all: it does not ask.
    practice.actions();
    await cloud.open(order(mine, inMinutes(10), [80]));
    expect(practice.actions()).not.toContain('GetRole');
  });
});

describe('with a guard', () => {
  beforeEach(() => install());

  it('every rule gets a schedule beside the looks at the list, not after them; AWS shuts it in time, and not before', async () => {
    const end = inMinutes(3);
    const standing = await cloud.open(order(mine, end, [22, 3389]));
    expect(standing).toMatchObject({ endedBy: 'cloud', notes: [] });
    expect(schedules()).toEqual(standing.names.map(name => forTheGrant(name, end)));
    passTo(end - 1_000);
    expect(rules()).toHaveLength(2);
    passTo(end + minute);
    expect(rules()).toEqual([]);
    expect(schedules()).toEqual([]);
    const closed = await cloud.close(standing.gate, standing.names, [mine]);
    expect(closed.map(({ outcome }) => outcome)).toEqual(['gone', 'gone']);
  });

  it('it moves with an extension, and goes with the rule', async () => {
    const standing = await cloud.open(order(mine, inMinutes(3)));
    const later = inMinutes(30);
    expect((await cloud.extend(order(mine, later), standing)).endedBy).toBe('cloud');
    expect(schedules()).toEqual(standing.names.map(name => forTheGrant(name, later)));
    passTo(inMinutes(5));
    expect(rules()).toEqual(standing.names);
    await cloud.close(standing.gate, standing.names, [mine]);
    expect(schedules()).toEqual([]);
  });

  it('an extension of which AWS can’t be told is refused: the port would be shut at the old end', async () => {
    const standing = await cloud.open(order(mine, inMinutes(3)));
    practice.core.faults.add({
      action: 'UpdateSchedule',
      status: 403,
      code: 'AccessDeniedException',
      times: 0,
    });
    await expect(cloud.extend(order(mine, inMinutes(30)), standing)).rejects.toMatchObject({
      code: 'CLOUD_FORBIDDEN',
    });
  });

  it('a rule that several share keeps one schedule, at the latest end', async () => {
    const [soon, late] = [inMinutes(5), inMinutes(20)];
    const first = await colleague.open(order(hers, late));
    const second = await cloud.open(order(mine, soon));
    expect(second.endedBy).toBe('cloud');
    expect(schedules()).toEqual(first.names.map(name => forTheGrant(name, late)));
    // Hers ends early: what is left is mine.
    expect((await colleague.close(first.gate, first.names, [hers]))[0]?.outcome).toBe('kept');
    expect(schedules()).toEqual(first.names.map(name => forTheGrant(name, soon)));
    // And a later one moves it on.
    await colleague.open(order(hers, late));
    expect(schedules()).toEqual(first.names.map(name => forTheGrant(name, late)));
    passTo(soon + minute);
    expect(rules()).toEqual(first.names);
  });

  it('a rule that a colleague’s schedule shuts too early, and which can’t be moved, is not called open until later', async () => {
    const first = await colleague.open(order(hers, inMinutes(5)));
    const refusal = { status: 403, code: 'AccessDeniedException', times: 0 };
    practice.core.faults.add({ action: 'UpdateSchedule', ...refusal });
    await expect(cloud.open(order(mine, inMinutes(30)))).rejects.toMatchObject({ code: 'CLOUD_FORBIDDEN' });
    // One that ends no later needs no move.
    expect((await cloud.open(order(mine, inMinutes(4)))).endedBy).toBe('cloud');
    expect(rules()).toEqual(first.names);
  });

  it('two who extend at once agree on the later end, every time', async () => {
    const first = await colleague.open(order(hers, inMinutes(2)));
    const second = await cloud.open(order(mine, inMinutes(2)));
    for (let i = 0; i < 6; i++) {
      const [a, b] = [inMinutes(10 + 3 * i), inMinutes(11 + 3 * i)];
      await Promise.all([
        colleague.extend(order(hers, i % 2 ? a : b), first),
        cloud.extend(order(mine, i % 2 ? b : a), second),
      ]);
      expect(schedules()).toEqual(first.names.map(name => forTheGrant(name, b)));
    }
  });

  it('one whose word comes last, from an older look, looks again: a colleague’s later end is not cut', async () => {
    const first = await colleague.open(order(hers, inMinutes(2)));
    const second = await cloud.open(order(mine, inMinutes(2)));
    // His word to Scheduler is on its way for a while; hers overtakes it.
    practice.core.faults.add({ action: 'UpdateSchedule', delayMs: 600 });
    const slow = cloud.extend(order(mine, inMinutes(10)), second);
    while (!practice.core.log.list().some(({ action }) => action === 'UpdateSchedule'))
      await new Promise(resolve => setTimeout(resolve, 5));
    const late = inMinutes(40);
    await colleague.extend(order(hers, late), first);
    await slow;
    expect(schedules()).toEqual(first.names.map(name => forTheGrant(name, late)));
  });

  it.each([
    ['is refused', { status: 403, code: 'AccessDeniedException' }],
    ['finds the role not to be its own', { status: 400, code: 'ValidationException' }],
    ['is over its quota', { status: 402, code: 'ServiceQuotaExceededException' }],
  ])(
    'a schedule that %s does not pass in silence: this computer ends the grant, and it says so',
    async (_what, fault) => {
      practice.core.faults.add({ action: 'CreateSchedule', times: 0, ...fault });
      const standing = await cloud.open(order(mine, inMinutes(10)));
      expect(standing.endedBy).toBe('this-computer');
      expect(standing.notes.join()).toContain('this computer ends it');
      expect(rules()).toEqual(standing.names);
      // The next one is asked for again: a role just made is not known everywhere at once.
      practice.core.faults.remove();
      const next = await cloud.open(order(mine, inMinutes(10), [80]));
      expect(next.endedBy).toBe('cloud');
    },
  );

  it.each([
    ['lost', { drop: true }],
    ['an error', { status: 500, code: 'InternalServerException' }],
  ])('a schedule that was written though its answer was %s is there once', async (_what, fault) => {
    practice.core.faults.add({ action: 'CreateSchedule', when: 'after', ...fault });
    const end = inMinutes(10);
    const standing = await cloud.open(order(mine, end));
    expect(standing.endedBy).toBe('cloud');
    expect(schedules()).toEqual(standing.names.map(name => forTheGrant(name, end)));
  });

  it('a Scheduler that does not answer delays no closing for long, and leaves nothing open', async () => {
    const standing = await cloud.open(order(mine, inMinutes(10)));
    practice.core.faults.add({
      action: 'DeleteSchedule',
      status: 500,
      code: 'InternalServerException',
      times: 0,
    });
    expect((await cloud.close(standing.gate, standing.names, [mine]))[0]?.outcome).toBe('gone');
    expect(rules()).toEqual([]);
  });

  it('a foreign rule gets none', async () => {
    const group = practice.world.regions
      .get('eu-north-1')
      ?.groups.get(order(mine, 1).gate.split('/')[1] ?? '');
    const peer = { kind: 'ipv4' as const, cidr: home };
    const fields = { egress: false, protocol: 'tcp', fromPort: 22, toPort: 22, peer, seenFrom: 0 };
    group?.rules.set('sgr-0f', { id: 'sgr-0f', tags: new Map(), ...fields });
    const standing = await cloud.open(order(mine, inMinutes(10)));
    expect(standing).toMatchObject({ endedBy: 'this-computer', names: [], foreign: ['sgr-0f'] });
    expect(schedules()).toEqual([]);
  });

  it('who may not look at roles asks Scheduler itself', async () => {
    practice.core.faults.add({ action: 'GetRole', status: 403, code: 'AccessDenied', times: 0 });
    const blind = practice.signIn();
    expect((await blind.open(order(mine, inMinutes(10)))).endedBy).toBe('cloud');
  });
});

describe('the guard', () => {
  const guard = () => guardOf(cloud);

  it('is installed as planned, and nothing is left to do then; removed, nothing is left at all', async () => {
    expect(await guard().state()).toMatchObject({ state: 'absent', holds: 0 });
    practice.actions();
    const plan = await guard().plan('install');
    expect(practice.actions().every(action => /^(Get|List)/.test(action))).toBe(true);
    expect(plan.steps.map(({ document }) => document !== undefined)).toEqual([true, true]);
    await guard().apply(plan);
    expect(await guard().state()).toMatchObject({ state: 'installed', holds: 0 });
    expect((await guard().plan('install')).steps).toEqual([]);
    const role = practice.world.roles.get('latchkey-guard');
    expect(JSON.parse(role?.trust ?? '')).toEqual(JSON.parse(plan.steps[0]?.document ?? ''));
    expect([...(role?.policies.values() ?? [])].map(text => JSON.parse(text))).toEqual([
      JSON.parse(plan.steps[1]?.document ?? ''),
    ]);
    await guard().apply(await guard().plan('remove'));
    expect(practice.world.roles.size).toBe(0);
    expect((await guard().plan('remove')).steps).toEqual([]);
  });

  it('installed twice at once, or cut off in the middle, is installed', async () => {
    const plan = await guard().plan('install');
    practice.core.faults.add({ action: 'PutRolePolicy', status: 403, code: 'AccessDenied' });
    await expect(guard().apply(plan)).rejects.toMatchObject({ code: 'CLOUD_FORBIDDEN' });
    expect(await guard().state()).toMatchObject({ state: 'broken' });
    await guard().apply(plan);
    expect(await guard().state()).toMatchObject({ state: 'installed' });
    await guardOf(colleague).apply(plan);
    expect(await guard().state()).toMatchObject({ state: 'installed' });
  });

  it('that somebody changed is broken, and set right by installing', async () => {
    await install();
    const role = practice.world.roles.get('latchkey-guard');
    role?.policies.set('latchkey-revoke', '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}');
    expect(await guard().state()).toMatchObject({ state: 'broken' });
    await install();
    expect(await guard().state()).toMatchObject({ state: 'installed' });
  });

  it('says what loses its ending before it is removed, and takes it along', async () => {
    await install();
    const standing = await cloud.open(order(mine, inMinutes(10)));
    expect(await guard().state()).toMatchObject({ holds: 1 });
    const plan = await guard().plan('remove');
    expect(plan.warnings).toHaveLength(1);
    await guard().apply(plan);
    expect(schedules()).toEqual([]);
    expect(practice.world.roles.size).toBe(0);
    // The open grant is this computer's now, and an extension of it is nothing AWS has to be told.
    const extended = await cloud.extend(order(mine, inMinutes(20)), standing);
    expect(extended.endedBy).toBe('this-computer');
  });

  it('with policies of somebody else is left', async () => {
    await install();
    practice.world.roles.get('latchkey-guard')?.policies.set('theirs', '{"Statement":[]}');
    await expect(guard().apply(await guard().plan('remove'))).rejects.toMatchObject({
      code: 'CLOUD_CONFLICT',
    });
    expect(practice.world.roles.get('latchkey-guard')?.policies.size).toBe(2);
  });

  it('is not installed by who may not, and the state of one who may not look is unknown', async () => {
    const viewer = guardOf(practice.signIn({ role: 'viewer' }));
    await expect(viewer.apply(await viewer.plan('install'))).rejects.toMatchObject({
      code: 'CLOUD_FORBIDDEN',
    });
    practice.core.faults.add({ action: 'GetRole', status: 403, code: 'AccessDenied' });
    expect(await guard().state()).toMatchObject({ state: 'unknown' });
  });

  it('lets Scheduler revoke rules of VMs’ own groups and of no other', async () => {
    await install();
    const end = inMinutes(3);
    const standing = await cloud.open(order(mine, end));
    const own = practice.group('eu-north-1', `latchkey-${vm.id.split('/')[1]}`);
    own.tags.delete('latchkey-vm');
    passTo(end + minute);
    expect(rules()).toEqual(standing.names);
  });
});
