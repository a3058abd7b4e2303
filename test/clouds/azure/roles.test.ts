/**
 * The roles that `latchkey roles azure` prints are exactly enough: each job done under its role, by a user of the practice
 * cloud who has nothing else, and done again with each single action taken away.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Cloud } from '../../../main/clouds/cloud.ts';
import { parseGrantId } from '../../../shared/domain/ids.ts';
import { defaultPolicy } from '../../../shared/domain/policyTag.ts';
import { type Job, jobs, type Mode, useOf } from '../../../shared/domain/rights/azureActions.ts';
import { type AzureRole, azureRole } from '../../../shared/domain/rights/azureRole.ts';
import type { LatchkeyError } from '../../../shared/errors.ts';
import { ask } from '../../practice/ask.ts';
import { all, type Practice, quickClock, startPractice } from './practice.ts';

/** Writes take a moment, so that operations have to be followed. */
const latencyMs = 5;
const grant = parseGrantId('aaaaaaaaaaaa');
const mark = { grant, owner: 'jo@contoso.example', vmName: 'web-1', end: Date.UTC(2030, 0) };

/** A job as a person does it, from signing in on; what it gives is the same for everybody who may do all of it. */
async function view(cloud: Cloud, practice: Practice) {
  const [scope] = await cloud.scopes();
  if (!scope) return fail('no subscription is seen');
  const listed = (await all(cloud.inventory(scope))).flat();
  const vm = await cloud.vm(practice.vm('web-1'));
  if (!vm) return fail('no VM is seen');
  const history = (await all(cloud.history(scope, Date.now() - 3_600_000))).flat();
  return {
    scope,
    history,
    listed,
    vm,
    endpoints: cloud.endpoints(vm, [22]),
    hostKeys: await cloud.hostKeys(vm),
  };
}

async function request(cloud: Cloud, practice: Practice) {
  const seen = await view(cloud, practice);
  const wanted = { ports: [{ port: 22, protocol: 'tcp' as const }], sources: ['203.0.113.77/32'], mark };
  const later = { ...mark, end: mark.end + 3_600_000 };
  const orders = cloud.orders(seen.vm, wanted);
  // A write that is accepted and comes to nothing: whoever can't follow its operation can't say why.
  const told = { code: 'InternalServerError', message: 'The operation knows why.' };
  practice.core.faults.add({ cloud: 'azure', method: 'PUT', operation: 'Failed', ...told });
  const [first] = orders;
  const why = await cloud.open(first ?? fail('no order')).catch((error: LatchkeyError) => error.message);
  const standing = [];
  for (const order of orders) {
    const stands = await cloud.open(order);
    standing.push(await cloud.extend({ ...order, mark: later }, stands));
  }
  const swept = await all(cloud.ours({ scope: seen.scope }));
  for (const { gate, names } of standing) await cloud.close(gate, names, [grant]);
  return { ...seen, why, opened: standing.map(({ names }) => names), swept };
}

async function configure(cloud: Cloud, practice: Practice) {
  const done = await request(cloud, practice);
  for (const nsg of practice.arm.world.all('Microsoft.Network/networkSecurityGroups')) {
    const vendor = nsg.properties.rules.find(({ name }) => name === 'AllowBackupVendor')?.properties;
    const group = `/subscriptions/${practice.arm.world.subscriptions[0]?.id}/resourceGroups/rg-edge/providers/Microsoft.Network/applicationSecurityGroups/vendors`;
    const sources = { sourceAddressPrefix: undefined, sourceApplicationSecurityGroups: [{ id: group }] };
    if (vendor) Object.assign(vendor, sources);
  }
  // Its NSG has a foreign rule in the way, which names such a group: a lock has to move it and remember that.
  const vm = await cloud.vm(practice.vm('backup-1'));
  if (!vm) return fail('no VM is seen');
  const lock = await cloud.planLock(vm, defaultPolicy.ports);
  await cloud.apply(lock, vm, async () => undefined);
  const locked = await cloud.vm(vm.id);
  const unlock = await cloud.planUnlock(vm);
  await cloud.apply(unlock, vm, async () => undefined);
  return { ...done, lock: lock.steps, locked, unlock: unlock.steps, unlocked: await cloud.vm(vm.id) };
}

function fail(why: string): never {
  throw new Error(why);
}

const work: Record<Job, (cloud: Cloud, practice: Practice) => Promise<object>> = { view, request, configure };

/** A practice cloud of its own, and what the job gives (or throws) there under this role; without one, as its owner. */
async function under(
  role: AzureRole | undefined,
  job: Job,
): Promise<{ gave?: object; error?: LatchkeyError }> {
  const practice = await startPractice({ latencyMs, clock: quickClock() });
  try {
    let token: string | undefined;
    if (role) {
      const owner = await practice.arm.tokens.mint('admin', practice.url);
      const made = await ask(`${practice.url}/practice/users`, {
        ca: practice.core.certificates.ca,
        method: 'POST',
        token: owner,
        body: { name: 'jo', role },
      });
      token = String(made.json['token']);
    }
    const cloud = await practice.signIn(token === undefined ? {} : { token });
    await cloud.identity();
    return { gave: await work[job](cloud, practice) };
  } catch (error) {
    return { error: error as LatchkeyError };
  } finally {
    await practice.stop();
  }
}

/** The practice cloud's subscription ids are the same in every run. */
async function productionId(): Promise<string> {
  const practice = await startPractice();
  onTestFinished(() => practice.stop());
  return practice.arm.world.subscriptions[0]?.id ?? '';
}

describe.each<Mode>(['direct'])('mode %s', mode => {
  describe.each(jobs)('%s', job => {
    test('is done under its role, as an owner does it; without any single action it is not', async () => {
      const role = azureRole({ job, modes: [mode], subscriptions: [await productionId()] });
      const owner = await under(undefined, job);
      expect(owner.error).toBeUndefined();
      expect(await under(role, job)).toEqual(owner);

      const idle: string[] = [];
      for (const action of role.Actions) {
        const { gave, error } = await under(
          { ...role, Actions: role.Actions.filter(one => one !== action) },
          job,
        );
        if (error === undefined && JSON.stringify(gave) === JSON.stringify(owner.gave)) idle.push(action);
        if (error?.code === 'CLOUD_FORBIDDEN') {
          expect(error.detail).toMatchObject({ action });
          expect(error.fix).toContain(`latchkey roles azure --for ${useOf(action)?.job}`);
        }
      }
      expect(idle).toEqual([]);
    }, 120_000);
  });
});
