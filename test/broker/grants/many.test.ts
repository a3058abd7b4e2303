/** A thousand grants, and watching them. */
import { expect, test } from 'vitest';
import type { Grant, GrantChange } from '../../../shared/contract/grants.ts';
import { now, open, startWorld, told } from './world.ts';

const minute = 60_000;
/** Of each cloud's VM: so many rules, each carrying so many grants. */
const rulesEach = 50;
const sharing = 10;
const total = 2 * rulesEach * sharing;

test('1,000 grants that end in one second are closed in few calls, and quickly in the ledger', {
  timeout: 60_000,
}, async () => {
  const world = await startWorld();
  let sync = (_how: 'OFF' | 'FULL') => {};
  const broker = await world.broker({
    databases: real => ({
      open(path) {
        const db = real.open(path);
        sync = how => void db.get(`PRAGMA synchronous = ${how}`);
        return db;
      },
    }),
  });
  // Waiting for the disk is for the end that is looked at.
  sync('OFF');
  // All of them end together, so that shared rules are written once.
  const end = Math.ceil(world.clock.now() / 1000) * 1000 + 30 * minute;
  const ask = (vm: string, n: number) =>
    open(broker, vm, { sources: [`198.51.${n % 100}.${n}`], forMs: end + 500 - world.clock.now() });
  for (let n = 0; n < rulesEach; n++) {
    const asked = ['sql-prod-1', 'pay-db'].flatMap(vm => Array.from({ length: sharing }, () => ask(vm, n)));
    await Promise.all(asked);
  }
  const live = broker.grants.list(false);
  expect(live).toHaveLength(total);
  const seconds = [...new Set(live.map(({ endsAt }) => Date.parse(endsAt)))].toSorted((a, b) => a - b);
  expect(seconds.length).toBeLessThanOrEqual(3);
  expect((await world.standing()).length).toBe(2 * rulesEach);
  await world.quiet();
  await world.asked();

  const stop = new AbortController();
  const closed = new Set<string>();
  const watching = (async () => {
    for await (const change of broker.grants.watch(stop.signal)) {
      const grants = change.kind === 'snapshot' ? change.grants : change.upsert;
      for (const { id, state } of grants) if (state === 'closed') closed.add(id);
      if (closed.size === total) return;
    }
  })();
  sync('FULL');
  world.clock.set(31 * minute);
  const cpu = process.cpuUsage();
  broker.resumed();
  await watching;
  stop.abort();
  const { user, system } = process.cpuUsage(cpu);
  expect((user + system) / 1000).toBeLessThan(8_000);

  expect(await world.standing()).toEqual([]);
  await world.quiet();
  const count = (kind: string) => broker.services.activity.list({ kinds: [kind as 'expired'], limit: 1000 });
  expect(count('expired').rows).toHaveLength(total);
  expect(count('rule-removed').rows).toHaveLength(2 * rulesEach);
});

test('AWS: all rules of a group go in one call; Azure: one look, then one call for each', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  const most = 8;
  for (const vm of ['sql-prod-1', 'pay-db'])
    await Promise.all(
      Array.from({ length: most }, (_, n) => open(broker, vm, { sources: [`198.51.100.${n}`] })),
    );
  await world.quiet();
  await world.asked();
  await broker.grants.revoke({ all: true });
  const asked = await world.asked();
  const aws = asked.flatMap(({ action }) => action ?? []);
  expect(aws.filter(action => action === 'RevokeSecurityGroupIngress')).toHaveLength(1);
  const azure = asked.filter(({ cloud }) => cloud === 'azure');
  const deletes = azure.filter(({ method }) => method === 'DELETE');
  expect(deletes).toHaveLength(most);
  // What else is asked meanwhile (a sweep, a list) looks at whole NSGs: no rule is looked at by itself.
  const looks = azure.filter(({ method, path }) => method === 'GET' && /\/securityRules\//i.test(path));
  expect(looks).toEqual([]);
  expect(azure[0]?.method).toBe('GET');
});

test('watching: a snapshot, then patches without a gap, to each watcher by itself; a slow reader sees how it ended', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  const early = await open(broker, 'pay-db');
  const stop = new AbortController();
  const quick = broker.grants.watch(stop.signal);
  const slow = broker.grants.watch(stop.signal);
  const first = await slow.next();
  expect(first.value).toMatchObject({ kind: 'snapshot', grants: [{ id: early.id, state: 'open' }] });

  const seen: GrantChange[] = [];
  const reading = (async () => {
    for await (const change of quick) seen.push(change);
  })();
  const late = await open(broker, 'sql-prod-1');
  await broker.grants.extend(late.id, { byMs: minute });
  await broker.grants.revoke({ all: true });
  const behind = await slow.next();
  expect(behind.value).toMatchObject({ kind: 'patch' });
  const held = new Map<string, Grant>();
  const take = (change: GrantChange | undefined) => {
    for (const grant of (change?.kind === 'snapshot' ? change.grants : change?.upsert) ?? [])
      held.set(grant.id, grant);
  };
  take(first.value as GrantChange);
  take(behind.value as GrantChange);
  expect(held.get(early.id)).toEqual(now(broker, early.id));
  expect(held.get(late.id)).toEqual(now(broker, late.id));
  stop.abort();
  await reading;
  expect(seen.map(({ kind }) => kind)).toEqual(['snapshot', ...Array(seen.length - 1).fill('patch')]);
  const revs = seen.map(({ rev }) => rev);
  expect(revs).toEqual(revs.map((_, n) => (revs[0] ?? 0) + n));
  const states = seen.flatMap(change =>
    (change.kind === 'snapshot' ? change.grants : change.upsert).flatMap(({ id, state }) =>
      id === late.id ? [state] : [],
    ),
  );
  expect(states.at(-1)).toBe('closed');
  for (const state of ['opening', 'open', 'closing'] as const) expect(states).toContain(state);
  expect(told(broker)).toContain('extended');
});

test('what ended a day ago is not listed any more unless asked for', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  const grant = await open(broker, 'pay-db', { forMs: 3 * 60 * minute });
  await world.clock.advance(2 * 60 * minute);
  await broker.grants.extend(grant.id, { byMs: 60 * minute });
  await broker.grants.revoke({ all: true });
  await world.clock.advance(23 * 60 * minute);
  expect(broker.grants.list(false).map(({ id }) => id)).toEqual([grant.id]);
  await world.clock.advance(61 * minute);
  expect(broker.grants.list(false)).toEqual([]);
  expect(broker.grants.list(true)).toHaveLength(1);
});
