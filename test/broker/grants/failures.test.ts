/**
 * Every bad day of Azure as the person with a grant meets it, by the table of the adapter's tests: what is said, how the
 * grant stands, what stands in the cloud at once and when the bad day is over, and that nothing outlives its end.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { troubleByName } from '../../../main/practice/arm/troubles.ts';
import type { Grant } from '../../../shared/contract/grants.ts';
import { type Row, table } from '../../clouds/azure/troubleTable.ts';
import { now, once, open, startWorld, type TestBroker, type World } from './world.ts';

const minute = 60_000;
const hour = 60 * minute;
const vm = 'web-2';
const write = { method: 'PUT', path: 'securityRules/latchkey' };
const remove = { method: 'DELETE', path: 'securityRules/latchkey' };
const all = { cloud: 'azure' as const, path: '^/subscriptions/[^/]+/resourceGroups' };

let world: World;
let broker: TestBroker;
let over: (() => Promise<void>)[];

beforeAll(async () => {
  over = [];
  world = await startWorld({}, end => over.push(end));
  broker = await world.broker();
});
afterAll(async () => {
  for (const end of over) await end();
});
beforeEach(() => async () => {
  await world.heal();
  await drive(broker.grants.revoke({ all: true }), 2_500);
  expect(await world.standing()).toEqual([]);
});

/** Runs the clock while the work waits. Network time counts for little of it. */
async function drive<T>(work: Promise<T>, stepMs: number): Promise<T> {
  let done = false;
  const end = work.finally(() => {
    done = true;
  });
  end.catch(() => undefined);
  while (!done) {
    await new Promise(resolve => setTimeout(resolve, 4));
    if (!done) await world.clock.advance(stepMs);
  }
  return await end;
}

async function outcome(row: Row, work: Promise<unknown>): Promise<unknown> {
  return await drive(
    work.then(
      () => 'done',
      (error: unknown) => error,
    ),
    row.kind === 'OperationNever' ? 15_000 : 2_500,
  );
}

const request = () => open(broker, vm, { forMs: hour });
const newest = (): Grant => {
  const [grant] = broker.grants.list(true).toSorted((a, b) => b.requestedAt.localeCompare(a.requestedAt));
  if (!grant) throw new Error('no grant');
  return grant;
};
const trouble = (row: Row, where: object, when: 'before' | 'after', times = 1) =>
  world.fault({ ...troubleByName(row.kind), ...where, when, times });

/** What the person reads, where the table says that they read something. */
function expectTold(row: Row, code: string, told: unknown): void {
  if (code === 'done') return expect(told).toBe('done');
  expect(told).toMatchObject({ name: 'LatchkeyError', code });
  if (code === row.always) expect(told).toMatchObject({ message: expect.stringContaining(row.says) });
}

/** Not shut, and known to be; the next try may have begun. */
const notShut = ['stuck', 'closing'];

const rows = table.map(row => [row.kind, row] as const);

describe.each(['before', 'after'] as const)('%s the write took effect', when => {
  const meeting = (row: Row) => (when === 'after' ? (row.onceAfter ?? row.once) : row.once);

  test.each(rows)('asking for access meets %s', async (_name, row) => {
    await trouble(row, write, when);
    const told = await outcome(row, request());
    expectTold(row, meeting(row), told);
    const { state, error } = newest();
    if (told === 'done') expect(state).toBe('open');
    else {
      expect([state, error?.code]).toEqual(['failed', meeting(row)]);
      expect(await world.standing()).toEqual([]);
    }
  });

  test.each(rows)('extending meets %s, again and again', async (_name, row) => {
    const { id, endsAt } = await drive(request(), 2_500);
    await trouble(row, write, when, 0);
    const told = await outcome(row, broker.grants.extend(id, { byMs: minute }));
    const took = row.kind === 'OperationLost' && when === 'after';
    expectTold(row, took ? 'done' : row.always, told);
    expect(now(broker, id).state).toBe('open');
    if (!took) expect(now(broker, id).endsAt).toBe(endsAt);
    await world.heal();
    // Whatever its description says meanwhile: it goes with the grant.
    await drive(broker.grants.revoke({ grants: [id] }), 2_500);
    expect(now(broker, id).state).toBe('closed');
    expect(await world.standing()).toEqual([]);
  });

  test.each(rows)('shutting meets %s, again and again', async (_name, row) => {
    const { id } = await drive(request(), 2_500);
    await trouble(row, remove, when, 0);
    await outcome(row, broker.grants.revoke({ grants: [id] }));
    const { state, error } = now(broker, id);
    if (state === 'closed') expect(await world.standing()).toEqual([]);
    else {
      expect(notShut).toContain(state);
      expect(error?.code).toBe(row.removing?.always ?? row.always);
    }
    await world.heal();
    await drive(Promise.all([broker.grants.sweep(), once(broker, id, 'closed')]), 2_500);
    expect(await world.standing()).toEqual([]);
  });
});

describe('a whole day like that', () => {
  const readable = table.filter(({ writesOnly }) => !writesOnly).map(row => [row.kind, row] as const);

  test.each(readable)(
    '%s: what opened for a moment is known, and shut when the day is over',
    async (_name, row) => {
      // The first write takes effect and is answered so; from then on everything is.
      await trouble(row, write, 'after');
      await trouble(row, { ...all, skip: 0 }, 'before', 0);
      const told = await outcome(row, request());
      expect(told).toMatchObject({ name: 'LatchkeyError' });
      const { id, state } = newest();
      expect(notShut).toContain(state);
      expect(told).toMatchObject({ message: expect.stringContaining('could not be shut yet') });
      await world.heal();
      await drive(Promise.all([broker.grants.sweep(), once(broker, id, 'failed')]), 2_500);
      expect(await world.standing()).toEqual([]);
    },
  );
});
