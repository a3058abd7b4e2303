/**
 * The roles that `latchkey roles azure` prints are exactly enough: each job done under its role, by a user of the practice
 * cloud who has nothing else, and done again with each single action taken away.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Cloud } from '../../../main/clouds/cloud.ts';
import type { Clock } from '../../../main/os/ports.ts';
import type { JitWay } from '../../../shared/contract/accounts.ts';
import { goBy } from '../../../shared/domain/defender.ts';
import { parseGrantId } from '../../../shared/domain/ids.ts';
import { defaultPolicy } from '../../../shared/domain/policyTag.ts';
import { type Job, jobs, useOf } from '../../../shared/domain/rights/azureActions.ts';
import { type AzureRole, azureRole } from '../../../shared/domain/rights/azureRole.ts';
import type { LatchkeyError } from '../../../shared/errors.ts';
import { ask } from '../../practice/ask.ts';
import { all, type Practice, quickClock, startPractice } from './practice.ts';

/** Writes take a moment, so that operations have to be followed. */
const latencyMs = 5;
const grant = parseGrantId('aaaaaaaaaaaa');
const mark = { grant, owner: 'jo@contoso.example', vmName: 'web-1', end: Date.UTC(2030, 0) };

interface Way {
  asked: string;
  locked: string;
  way: JitWay;
  /** Where the cloud holds a request to a longest time. */
  forMs?: number;
  clock: Clock;
}

/** How the jobs are done, by the way a mode has. */
const ways: Record<'direct' | 'defender' | 'classic' | 'policy', Way> = {
  direct: { asked: 'web-1', locked: 'backup-1', way: 'auto', clock: quickClock() },
  defender: { asked: 'crm-1', locked: 'backup-1', way: 'defender', forMs: 3_600_000, clock: quickClock() },
  // The two kinds of firewall.
  classic: { asked: 'ledger-1', locked: 'ledger-2', way: 'auto', clock: quickClock() },
  policy: { asked: 'batch-1', locked: 'batch-2', way: 'auto', clock: quickClock() },
};
const waysOf = { direct: ['direct'], defender: ['defender'], firewall: ['classic', 'policy'] } as const;

/** A job as a person does it, from signing in on; what it gives is the same for everybody who may do all of it. */
async function view(cloud: Cloud, practice: Practice, { asked }: Way) {
  const scope = (await cloud.scopes()).find(({ id }) => practice.vm(asked).includes(id));
  if (!scope) return fail('no subscription is seen');
  const listed = (await all(cloud.inventory(scope))).flat();
  const vm = await cloud.vm(practice.vm(asked));
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

async function request(cloud: Cloud, practice: Practice, by: Way) {
  const seen = await view(cloud, practice, by);
  const now = by.clock.now();
  const mine = { ...mark, end: by.forMs === undefined ? mark.end : now + by.forMs };
  const ports = [{ port: 22, protocol: 'tcp' as const }];
  const wanted = { ports, sources: ['203.0.113.77/32'], mark: mine };
  const later = { ...mine, end: mine.end + 3_600_000 };
  const orders = cloud.orders(seen.vm, wanted);
  // A write that is accepted and comes to nothing: whoever can't follow its operation can't say why.
  const told = { code: 'InternalServerError', message: 'The operation knows why.' };
  if (by === ways.direct)
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
  const names = swept.map(found => found.name);
  return {
    ...seen,
    why: typeof why === 'string' ? why : '',
    opened: standing.map(({ names }) => names),
    swept: names,
  };
}

async function configure(cloud: Cloud, practice: Practice, by: Way) {
  const done = await request(cloud, practice, by);
  for (const nsg of practice.arm.world.all('Microsoft.Network/networkSecurityGroups')) {
    const vendor = nsg.properties.rules.find(({ name }) => name === 'AllowBackupVendor')?.properties;
    const group = `/subscriptions/${practice.arm.world.subscriptions[0]?.id}/resourceGroups/rg-edge/providers/Microsoft.Network/applicationSecurityGroups/vendors`;
    const sources = { sourceAddressPrefix: undefined, sourceApplicationSecurityGroups: [{ id: group }] };
    if (vendor) Object.assign(vendor, sources);
  }
  // Its NSG has a foreign rule in the way, which names such a group: a lock has to move it and remember that.
  const found = await cloud.vm(practice.vm(by.locked));
  if (!found) return fail('no VM is seen');
  const vm = goBy(found, by.way);
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

const work: Record<Job, (cloud: Cloud, practice: Practice, by: Way) => Promise<object>> = {
  view,
  request,
  configure,
};

/** A second firewall beside the VM, listed before the one that its routes lead to: only they tell which it is. */
function addDecoy(practice: Practice): void {
  const [subscription] = /^\/subscriptions\/[^/]+/.exec(practice.vm(ways.policy.asked)) ?? [];
  for (const firewall of practice.arm.world.all('Microsoft.Network/azureFirewalls')) {
    if (!firewall.id.startsWith(subscription ?? '-')) continue;
    const decoy = structuredClone(firewall);
    for (const one of decoy.properties.ipConfigurations) one.properties.privateIPAddress = '10.99.99.99';
    const id = `${firewall.id.slice(0, firewall.id.lastIndexOf('/'))}/a-decoy`;
    practice.arm.world.add({ ...decoy, id, name: 'a-decoy' });
    return;
  }
}

/** A practice cloud of its own, and what the job gives (or throws) there under this role; without one, as its owner. */
async function under(
  role: AzureRole | undefined,
  job: Job,
  by: Way,
): Promise<{ gave?: object; error?: LatchkeyError }> {
  const practice = await startPractice({ latencyMs, clock: by.clock });
  if (by === ways.policy) addDecoy(practice);
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
    return { gave: await work[job](cloud, practice, by) };
  } catch (error) {
    return { error: error as LatchkeyError };
  } finally {
    await practice.stop();
  }
}

/** The practice cloud's subscription ids are the same in every run. */
async function subscriptionIds(): Promise<string[]> {
  const practice = await startPractice();
  onTestFinished(() => practice.stop());
  return practice.arm.world.subscriptions.map(({ id }) => id);
}

/** Who may not see what keeps a VM goes without it, and is refused what that takes. */
const keepers =
  /\/(jitNetworkAccessPolicies|azureFirewalls|routeTables|firewallPolicies|ruleCollectionGroups)\/read$/;

/** What a firewall takes as well, and mode direct shows the need of: a write that fails, a rule that names such a group. */
const shownByDirect = /\/(locations\/operations\/read|joinNetworkSecurityRule\/action)$/;

describe.each(['direct', 'defender', 'firewall'] as const)('mode %s', mode => {
  const bys = waysOf[mode].map(name => ways[name]);
  describe.each(jobs)('%s', job => {
    test('is done under its role, as an owner does it; without any single action it is not', async () => {
      const role = azureRole({ job, modes: [mode], subscriptions: await subscriptionIds() });
      const all = (given: AzureRole | undefined) => Promise.all(bys.map(by => under(given, job, by)));
      const owners = await all(undefined);
      expect(owners.map(({ error }) => error)).toEqual(owners.map(() => undefined));
      expect(await all(role)).toEqual(owners);

      const idle: string[] = [];
      for (const action of role.Actions) {
        if (mode === 'firewall' && shownByDirect.test(action)) continue;
        const outcomes = await all({ ...role, Actions: role.Actions.filter(one => one !== action) });
        if (JSON.stringify(outcomes) === JSON.stringify(owners)) idle.push(action);
        for (const { error } of outcomes) {
          if (error?.code !== 'CLOUD_FORBIDDEN' || keepers.test(action)) continue;
          // ARM names it as the path of the request was written.
          expect(String(error.detail?.['action']).toLowerCase()).toBe(action.toLowerCase());
          expect(error.fix).toContain(`latchkey roles azure --for ${useOf(action)?.job}`);
        }
      }
      expect(idle).toEqual([]);
    }, 240_000);
  });
});
