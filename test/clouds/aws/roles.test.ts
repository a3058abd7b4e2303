/**
 * The policies that `latchkey roles aws` prints are exactly enough: each job done by a user of the practice cloud who has
 * nothing else, and done again with each single action of each statement taken away.
 */
import { describe, expect, test } from 'vitest';
import { type Cloud, guardOf, pushKey } from '../../../main/clouds/cloud.ts';
import { newAgentKey } from '../../../main/os/agentKey.ts';
import { parseGrantId } from '../../../shared/domain/ids.ts';
import { type AwsPolicy, awsPolicy, type Extra } from '../../../shared/domain/rights/awsPolicy.ts';
import { type Job, jobs } from '../../../shared/domain/rights/azureActions.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { toErrorData } from '../../../shared/errors.ts';
import { collect, type PracticeEc2, startPracticeEc2 } from './practiceEc2.ts';

const north = 'eu-north-1';
const publicKey = `ssh-ed25519 ${newAgentKey().blob.toString('base64')}`;
const grant = parseGrantId('aaaaaaaaaaaa');
const another = parseGrantId('bbbbbbbbbbbb');
const ssh = [{ port: 22, protocol: 'tcp' as const, sources: [], maxMs: 3_600_000 }];

/** A VM without what AWS names anew in every world. */
const facts = (vm: Vm | undefined) =>
  vm && {
    name: vm.name,
    power: vm.power,
    policy: vm.policy,
    gates: vm.interfaces.map(nic =>
      nic.layers.map(layer => [
        layer.place,
        layer.unread,
        // Their order is that of their ids, which are new each time.
        layer.gates.map(gate =>
          gate.rules
            .map(rule => JSON.stringify([rule.access, rule.ports, rule.sources.length]))
            .toSorted((a, b) => (a < b ? -1 : 1)),
        ),
      ]),
    ),
  };

async function view(cloud: Cloud, practice: PracticeEc2) {
  const listed = (
    await Promise.all([...practice.world.regions.keys()].map(region => practice.vms(cloud, region)))
  ).flat();
  const vm = await cloud.vm((await practice.vm(cloud, 'pay-db')).id);
  if (!vm) throw new Error('no VM is seen');
  const log = await newest(cloud, practice);
  return { listed: listed.map(facts), vm: facts(vm), hostKeys: await cloud.hostKeys(vm), log, found: vm };
}

/** The newest page of CloudTrail: one request, where all of them would take seconds at its pace. */
async function newest(cloud: Cloud, { world }: PracticeEc2): Promise<number> {
  for await (const events of cloud.history({ id: `${world.account}/${north}`, name: north }, 0))
    return events.length;
  return 0;
}

/** Somebody opened a door before. */
function writeLog({ world }: PracticeEc2): void {
  const [at, name] = [world.now(), 'AuthorizeSecurityGroupIngress'];
  const record = { eventID: 'e-1', eventName: name, eventTime: new Date(at).toISOString() };
  const event = { at, region: north, source: 'ec2.amazonaws.com', user: 'lena', resources: [] };
  world.trail.push({ ...event, id: 'e-1', name, record });
}

async function request(cloud: Cloud, practice: PracticeEc2) {
  const { found: vm, ...seen } = await view(cloud, practice);
  const mark = { grant, owner: 'jo', vmName: vm.name, end: Date.now() + 3_600_000 };
  const wanted = { ports: [{ port: 22, protocol: 'tcp' as const }], sources: ['203.0.113.77/32'], mark };
  const ended: unknown[] = [];
  const swept: number[] = [];
  for (const order of cloud.orders(vm, wanted)) {
    const opened = await cloud.open(order);
    const stands = await cloud.extend({ ...order, mark: { ...mark, end: mark.end + 3_600_000 } }, opened);
    ended.push(opened.endedBy, stands.endedBy, opened.notes, stands.notes);
    const scope = { id: `${practice.world.account}/${north}`, name: north };
    swept.push((await collect(cloud.ours({ scope }))).length);
    // Somebody else needs the same rule: ending one grant keeps it, ending the other removes it.
    await cloud.open({ ...order, mark: { ...mark, grant: another } });
    for (const one of [grant, another]) {
      const closed = await cloud.close(order.gate, stands.names, [one]);
      ended.push(closed.map(({ outcome }) => outcome));
    }
    ended.push(practice.world.schedules.size);
  }
  return { ...seen, ended, swept };
}

async function configure(cloud: Cloud, practice: PracticeEc2) {
  const done = await request(cloud, practice);
  const vm = await practice.vm(cloud, 'pay-batch');
  const lock = await cloud.planLock(vm, ssh);
  await cloud.apply(lock, vm, async () => undefined);
  const locked = await cloud.vm(vm.id);
  if (!locked) throw new Error('no VM is seen');
  const unlock = await cloud.planUnlock(locked);
  await cloud.apply(unlock, locked, async () => undefined);
  const steps = [lock, unlock].map(plan => plan.steps.map(({ action, foreign }) => [action, foreign]));
  return { ...done, steps, locked: facts(locked), unlocked: facts(await cloud.vm(vm.id)) };
}

const work: Record<Job, (cloud: Cloud, practice: PracticeEc2) => Promise<object>> = {
  view,
  request,
  configure,
};

/** What the job gives in a practice cloud of its own, or the code of what it throws. Without a policy, as an operator. */
async function under(policy: AwsPolicy | undefined, job: Job, extras: Extra[]): Promise<string> {
  const practice = await startPracticeEc2({ lagMs: 0 });
  writeLog(practice);
  try {
    if (extras.includes('guard')) {
      const own = guardOf(practice.signIn());
      await own.apply(await own.plan('install'));
    }
    const own = policy === undefined ? {} : { policies: [JSON.stringify(policy)] };
    const cloud = practice.signIn({ ...own, regions: 'all' });
    await cloud.identity();
    const scopes = await cloud.scopes();
    const done = await work[job](cloud, practice);
    if (extras.includes('keys')) {
      const vm = await practice.vm(cloud, 'pay-db');
      await pushKey(cloud, vm, { user: 'ec2-user', publicKey });
    }
    return JSON.stringify({ ...done, scopes }, (key, value: unknown) =>
      key === 'found' ? undefined : value,
    );
  } catch (error) {
    return `failed: ${toErrorData(error).code}`;
  } finally {
    await practice.close();
  }
}

/** The policy with one action of one statement gone. */
function without(policy: AwsPolicy, sid: string, action: string): AwsPolicy {
  return {
    ...policy,
    Statement: policy.Statement.map(one =>
      one.Sid === sid ? { ...one, Action: one.Action.filter(name => name !== action) } : one,
    ),
  };
}

describe.each<{ job: Job; extras: Extra[] }>([
  ...jobs.map(job => ({ job, extras: [] })),
  { job: 'request', extras: ['guard'] },
  { job: 'view', extras: ['keys'] },
])('$job $extras', ({ job, extras }) => {
  test('is done under its policy, as an operator does it; without any single action it is not', async () => {
    const policy = awsPolicy(job, extras);
    const operator = await under(undefined, job, extras);
    expect(operator).not.toMatch(/^failed/);
    expect(await under(policy, job, extras)).toBe(operator);
    const idle: string[] = [];
    for (const { Sid, Action } of policy.Statement) {
      for (const action of Action) {
        const outcome = await under(without(policy, Sid, action), job, extras);
        if (outcome === operator) idle.push(`${Sid} ${action}`);
      }
    }
    expect(idle).toEqual([]);
  }, 180_000);
});
