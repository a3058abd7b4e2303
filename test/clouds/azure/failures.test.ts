/**
 * Every bad day of Azure against every kind of call, by the table: what Latchkey gets over, what it says where it does
 * not, and that nothing is lost: afterwards the same call goes through, and what was to be shut is shut.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RenewalOptions } from '../../../main/clouds/azure/renewal.ts';
import type { Cloud, RuleOrder } from '../../../main/clouds/cloud.ts';
import { troubleByName, troubles, wantedClaims } from '../../../main/practice/arm/troubles.ts';
import { gateId, parseGrantId, parseVmId } from '../../../shared/domain/ids.ts';
import { defaultPolicy } from '../../../shared/domain/policyTag.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { createHandClock, type HandClock } from '../../fakes/handClock.ts';
import { all, type Practice, startPractice } from './practice.ts';
import { type Row, table } from './troubleTable.ts';

let practice: Practice;
let clock: HandClock;
let cloud: Cloud;
let vm: Vm;
let before: string[];
let count = 0;

beforeAll(async () => {
  clock = createHandClock();
  practice = await startPractice({ clock });
  cloud = await practice.signIn();
  vm = await look('web-2');
});
afterAll(() => practice.stop());
beforeEach(() => {
  before = snapshot();
  return async () => {
    practice.core.faults.remove();
    await drive(Promise.resolve());
    const after = snapshot();
    // One test's failure is not the next one's.
    for (const { properties } of practice.arm.world.all('Microsoft.Network/networkSecurityGroups'))
      properties.rules = properties.rules.filter(({ name }) => !name.startsWith('latchkey-trouble'));
    // Whatever came of it: nothing of ours is left, and nothing of others was touched.
    expect(after.filter(line => !before.includes(line))).toEqual([]);
    expect(after).toHaveLength(before.length);
  };
});

const me = '198.51.100.7';
const letters = 'abcdefghijklmnopqrstuvwxyz';

async function look(name: string): Promise<Vm> {
  const found = await cloud.vm(practice.vm(name));
  if (!found) throw new Error(`no ${name}`);
  return found;
}

function order(): RuleOrder {
  const grant = parseGrantId(`trouble${letters[Math.floor(count / 26)]}${letters[count++ % 26]}aaa`);
  const mark = { grant, owner: 'jo@contoso.example', end: clock.now() + 3_600_000, vmName: vm.name };
  const [only] = cloud.orders(vm, { ports: [{ port: 22, protocol: 'tcp' }], sources: [me], mark });
  if (!only) throw new Error('no order');
  return only;
}

const standing = (one: RuleOrder) =>
  practice.arm.world.nsg(one.gate)?.properties.rules.find(({ name }) => name.includes(one.mark.grant));
const isOpen = () =>
  practice.arm.machines.find(({ id }) => id === practice.vm('web-2'))?.lets(me, 22) ?? false;
const nameOf = (one: RuleOrder) => `latchkey-${one.mark.grant}-${one.index}`;

/** All that a client could have changed. */
function snapshot(): string[] {
  return [...practice.arm.world.all()].flatMap(({ id, tags }) => [
    `${id} ${JSON.stringify(tags ?? {})}`,
    ...(practice.arm.world.nsg(id)?.properties.rules ?? []).map(
      ({ name, properties }) => `${id} ${name} ${JSON.stringify(properties)}`,
    ),
  ]);
}

/**
 * Runs the clock from timer to timer while nothing is on its way. Returns when the work is done
 * and all that it asked for on the side is answered.
 */
async function drive<T>(work: Promise<T>): Promise<T> {
  let done = false;
  const end = work.finally(() => {
    done = true;
  });
  end.catch(() => undefined);
  for (let seen = -1, still = 0; !done || still < 3 || clock.waiting() > 0; ) {
    await new Promise(resolve => setTimeout(resolve, 1));
    const log = practice.core.log.list();
    // Nobody answers one whose connection was dropped.
    const quiet =
      log.length === seen && (log.every(({ status }) => status > 0) || still > 0 || --patience < 0);
    if (!quiet) still = 0;
    else {
      // Waits between tries are short; a limit of minutes is only reached by what really hangs.
      const next = clock.next() ?? 0;
      if (++still > (next > 20_000 ? 150 : 2) && clock.waiting() > 0) {
        await clock.advance(next);
        still = 0;
      }
    }
    if (log.length !== seen) patience = 15;
    seen = log.length;
  }
  practice.forget();
  return await end;
}
let patience = 15;

/** The call's outcome; the clock runs while it waits. */
async function outcome(work: Promise<unknown>): Promise<unknown> {
  return await drive(
    work.then(
      () => 'done',
      (error: unknown) => error,
    ),
  );
}

function expectError(row: Row, code: string, told: unknown): void {
  expect(told).toMatchObject({ name: 'LatchkeyError', code });
  if (code !== row.always) return;
  expect(told).toMatchObject({ message: expect.stringContaining(row.says) });
  if (row.fix) expect(told).toMatchObject({ fix: expect.stringContaining(row.fix) });
}

function expectOutcome(row: Row, wanted: string, told: unknown): void {
  if (wanted === 'done') expect(told).toBe('done');
  else expectError(row, wanted, told);
}

const close = (one: RuleOrder) => cloud.close(one.gate, [nameOf(one)], [one.mark.grant]);

async function shut(one: RuleOrder): Promise<void> {
  practice.core.faults.remove();
  expect(await close(one)).toMatchObject([{ outcome: 'gone' }]);
  expect([standing(one), isOpen()]).toEqual([undefined, false]);
}

test('the table has every bad day there is, once', () => {
  expect(table.map(({ kind }) => kind).toSorted()).toEqual(Object.keys(troubles).toSorted());
});

const whens = ['before', 'after'] as const;
const rows = table.map(row => [row.kind, row] as const);

describe.each(whens)('%s the write took effect', when => {
  const fault = (row: Row, where: object, times = 1) =>
    practice.core.faults.add({ ...troubleByName(row.kind), ...where, when, times });
  const put = { method: 'PUT', path: 'securityRules/latchkey' };
  const remove = { method: 'DELETE', path: 'securityRules/latchkey' };
  const once = ({ once, onceAfter = once }: Pick<Row, 'once' | 'onceAfter'>) =>
    when === 'after' ? onceAfter : once;

  test.each(rows)('opening meets %s', async (_name, row) => {
    const one = order();
    fault(row, put);
    const told = await outcome(cloud.open(one));
    expectOutcome(row, once(row), told);
    if (told === 'done') expect([standing(one)?.state, isOpen()]).toEqual(['Succeeded', true]);
    await shut(one);

    const again = order();
    fault(row, put, 0);
    const always = await outcome(cloud.open(again));
    // What took effect after all is found to stand, and is as good.
    if (row.kind === 'OperationLost' && when === 'after') expect(always).toBe('done');
    else expectError(row, row.always, always);
    await shut(again);
  });

  test.each(rows)('extending meets %s', async (_name, row) => {
    const one = order();
    const stood = await cloud.open(one);
    const later = { ...one, mark: { ...one.mark, end: one.mark.end + 3_600_000 } };
    fault(row, put);
    const told = await outcome(cloud.extend(later, stood));
    expectOutcome(row, once(row), told);
    // It was open, and nothing but a close shuts it.
    expect(isOpen()).toBe(true);
    practice.core.faults.remove();
    await cloud.extend(later, stood);
    expect((await all(cloud.ours({ gate: one.gate }))).map(({ mark }) => mark.end)).toEqual([later.mark.end]);
    await shut(one);
  });

  test.each(rows)('closing meets %s', async (_name, row) => {
    const one = order();
    await cloud.open(one);
    const removing = row.removing ?? row;
    fault(row, remove);
    const told = await outcome(close(one));
    expectOutcome(row, once(removing), told);
    if (told === 'done') expect(isOpen()).toBe(false);

    await cloud.open(one);
    fault(row, remove, 0);
    const always = await outcome(close(one));
    // Whatever is answered: that it is shut is said only when it is.
    if (always === 'done') expect(isOpen()).toBe(false);
    else expectError(row, row.removing?.always ?? row.always, always);
    await shut(one);
  });

  test.each(rows)('locking and unlocking meet %s', async (_name, row) => {
    // Each row at another of the writes.
    const skip = table.indexOf(row) % 4;
    const open = await look('backup-1');
    const change = async (kind: 'lock' | 'unlock', troubled: boolean) => {
      const now = await look('backup-1');
      const plan = await (kind === 'lock' ? cloud.planLock(now, defaultPolicy.ports) : cloud.planUnlock(now));
      if (troubled) fault(row, { path: 'securityRules|tags/default', skip });
      const told = await outcome(cloud.apply(plan, now, async () => {}));
      practice.core.faults.remove();
      return told;
    };
    for (const kind of ['lock', 'unlock'] as const) {
      const told = await change(kind, true);
      if (told !== 'done') expect(told).toMatchObject({ name: 'LatchkeyError' });
      expect(await change(kind, false)).toBe('done');
      const { policy } = await look('backup-1');
      expect(policy !== undefined).toBe(kind === 'lock');
    }
    expect(await look('backup-1')).toEqual(open);
  });
});

describe('looking', () => {
  const calls: Record<string, { path: string; ask: () => Promise<unknown> }> = {
    identity: { path: '^/subscriptions\\?', ask: () => cloud.identity() },
    vm: { path: 'virtualMachines/web-2', ask: () => cloud.vm(vm.id) },
    'the NSG of a vm': { path: 'networkSecurityGroups', ask: () => cloud.vm(vm.id) },
    planLock: { path: 'networkInterfaces', ask: () => cloud.planLock(vm, defaultPolicy.ports) },
    inventory: {
      path: 'ResourceGraph',
      ask: () => all(cloud.inventory({ id: vm.scope, name: 'Contoso' })),
    },
    ours: {
      path: 'networkSecurityGroups',
      ask: () => all(cloud.ours({ scope: { id: vm.scope, name: 'x' } })),
    },
    'ours in a gate': {
      path: 'networkSecurityGroups',
      ask: () => all(cloud.ours({ gate: vm.interfaces[0]?.layers[0]?.gates[0]?.id ?? gateId('') })),
    },
    'what is to be closed': {
      path: 'networkSecurityGroups',
      ask: () => close(order()),
    },
  };
  const seen = table.filter(({ writesOnly }) => !writesOnly);
  test.each(Object.keys(calls).flatMap(call => seen.map(row => [call, row.kind, row] as const)))(
    '%s meets %s',
    async (call, kind, row) => {
      const { path, ask } = calls[call] ?? { path: '', ask: async () => undefined };
      practice.core.faults.add({ ...troubleByName(kind), path });
      expectOutcome(row, row.once, await outcome(ask()));
      practice.core.faults.remove();
      practice.core.faults.add({ ...troubleByName(kind), path, times: 0 });
      expectError(row, row.always, await outcome(ask()));
    },
  );
});

describe('a token that is refused, over the wire', () => {
  /** A sign-in whose tokens are told apart, and what it was asked for. */
  async function signedIn() {
    const asked: { forceRefresh: boolean; claims?: string; tenantId: string | undefined }[] = [];
    const tokens = [
      await practice.arm.tokens.mint('admin', practice.url, { jti: '1' }),
      await practice.arm.tokens.mint('admin', practice.url, { jti: '2' }),
    ];
    const own = await practice.signIn({
      credential: {
        getToken: async (_scopes, { forceRefresh, claims, tenantId }: RenewalOptions) => {
          asked.push({ forceRefresh, tenantId, ...(claims === undefined ? {} : { claims }) });
          return { token: tokens[forceRefresh ? 1 : 0] ?? '', expiresOnTimestamp: Date.now() + 3_600_000 };
        },
      },
    });
    await own.identity();
    asked.length = 0;
    return { own, asked };
  }

  test('is renewed once for all who were refused, by every client, and stays renewed', async () => {
    const { own, asked } = await signedIn();
    await own.vm(vm.id);
    asked.length = 0;
    practice.core.faults.add({
      ...troubleByName('ExpiredAuthenticationToken'),
      path: 'networkSecurityGroups|subnets',
    });
    await Promise.all([own.vm(vm.id), own.vm(vm.id)]);
    await own.scopes();
    expect(asked.filter(({ forceRefresh }) => forceRefresh)).toEqual([
      { forceRefresh: true, tenantId: 'practice' },
    ]);
    const log = practice.core.log.list().map(({ status }) => status);
    expect(log.filter(status => status === 401)).toHaveLength(1);
  });

  test('with the claims that were asked for, in plain requests too', async () => {
    const { own, asked } = await signedIn();
    practice.core.faults.add({ ...troubleByName('ClaimsChallenge'), path: 'ClassicCompute' });
    const classic = [...practice.arm.world.all('Microsoft.ClassicCompute/virtualMachines')][0]?.id ?? '';
    expect((await own.vm(parseVmId(classic)))?.kind).toBe('classic');
    expect(asked).toContainEqual({ forceRefresh: true, tenantId: 'practice', claims: wantedClaims });
  });

  test('whoever stops waiting for it stops nobody else', async () => {
    const asked = Promise.withResolvers<void>();
    const slow = Promise.withResolvers<void>();
    const fresh = await practice.arm.tokens.mint('admin', practice.url);
    const own = await practice.signIn({
      credential: {
        getToken: async (_scopes, { forceRefresh }: Partial<RenewalOptions> = {}) => {
          if (!forceRefresh) return { token: 'refused', expiresOnTimestamp: Date.now() + 3_600_000 };
          asked.resolve();
          await slow.promise;
          return { token: fresh, expiresOnTimestamp: Date.now() + 3_600_000 };
        },
      },
    });
    const stop = new AbortController();
    const [stopped, waiting] = [own.scopes(stop.signal), own.scopes()];
    const failed = expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
    await asked.promise;
    stop.abort();
    await failed;
    slow.resolve();
    expect((await waiting).length).toBeGreaterThan(1);
  });

  test('a sign-in that needs the person says so in its own words', async () => {
    let silent = true;
    const own = await practice.signIn({
      credential: {
        getToken: async () => {
          if (silent) return { token: 'refused', expiresOnTimestamp: Date.now() + 3_600_000 };
          throw new LatchkeyError({
            code: 'CLOUD_UNAUTHORIZED',
            message: 'Your organisation wants a second factor.',
          });
        },
      },
    });
    const refused = own.scopes();
    silent = false;
    await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('second factor') });
  });
});
