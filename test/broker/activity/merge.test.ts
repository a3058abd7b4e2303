/** What a cloud's log tells, merged with what this Latchkey wrote: one row, not two. */
import { expect, test } from 'vitest';
import { createActivity } from '../../../main/broker/activity/index.ts';
import { migrations } from '../../../main/broker/schema.ts';
import type { ToldByCloud } from '../../../main/broker/services.ts';
import { openStore } from '../../../main/broker/store.ts';
import type { CloudEvent } from '../../../main/clouds/cloud.ts';
import { gateId, parseAccountId, parseGrantId, parseVmId } from '../../../shared/domain/ids.ts';
import { createTestOs, createTestStore } from '../../fakes/os.ts';

const account = parseAccountId('practice-azure');
const vm = parseVmId('/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/web-1');
const grant = parseGrantId('abcdefghijkl');
const minute = 60_000;
const day = 1440 * minute;

async function setUp(offset = 0) {
  const { os, db } = await createTestStore();
  const activity = createActivity({ db, os, clouds: { offset: () => offset, isLogRead: () => true } });
  const own = (correlation: string, text = 'Rule stands.') =>
    activity.write({ kind: 'rule-written', account, vm, vmName: 'web-1', grant, text, correlation });
  return { os, db, activity, own };
}

function event(at: number, change: Partial<CloudEvent> = {}): CloudEvent {
  return {
    id: `${at}-${change.outcome}`,
    correlation: 'C-1',
    at,
    operation: 'Microsoft.Network/networkSecurityGroups/securityRules/write',
    resource: '/subscriptions/s/x/securityRules/allow-all',
    did: 'rule-written',
    outcome: 'ok',
    caller: 'k.holm@contoso.example',
    client: 'Azure CLI at 203.0.113.9',
    name: 'allow-all',
    removed: false,
    gate: gateId('/subscriptions/s/x'),
    gateName: 'web-nsg',
    ...change,
  };
}

const told = (...events: CloudEvent[]): ToldByCloud[] => events.map(one => ({ event: one, account }));

test('a row of ours waits to be seen in the cloud, and is one row when it is, at the cloud’s time', async () => {
  const { os, activity, own } = await setUp(90_000);
  const stop = new AbortController();
  const watched = activity.watch(stop.signal);
  const first = watched.next();
  own('c-1');
  expect((await first).value).toMatchObject({
    at: new Date(os.clock.now() + 90_000).toISOString(),
    origin: 'local',
    inCloud: 'awaited',
  });
  expect(activity.awaitedSince(os.clock.now())).toEqual([account]);
  const at = os.clock.now() + 89_200;
  activity.merge(told(event(at), event(at - 300, { outcome: 'begun' })));
  const { rows } = activity.list({});
  expect(rows).toMatchObject([{ inCloud: 'seen', user: 'jo', at: new Date(at).toISOString() }]);
  expect((await watched.next()).value).toEqual(rows[0]);
  expect(activity.awaitedSince(0)).toEqual([]);
  stop.abort();
});

test('the event may come before our own row is written', async () => {
  const { os, activity, own } = await setUp();
  activity.merge(told(event(os.clock.now(), { outcome: 'begun' })));
  expect(activity.list({}).rows).toMatchObject([{ origin: 'cloud', user: 'k.holm@contoso.example' }]);
  own('c-1');
  activity.merge(told(event(os.clock.now())));
  expect(activity.list({}).rows).toMatchObject([{ origin: 'local', inCloud: 'seen', text: 'Rule stands.' }]);
  expect(activity.list({ text: 'allow-all' }).rows).toEqual([]);
});

test('what others did is one row per operation, with caller and client, whatever comes first', async () => {
  const { os, activity } = await setUp();
  const at = os.clock.now();
  const begun = event(at, { outcome: 'begun', ports: '22/tcp', source: '*', access: 'allow', priority: 110 });
  for (const [n, pair] of [
    [begun, event(at + 900)],
    [event(at + 900), begun],
  ].entries()) {
    const correlation = `x-${n}`;
    for (const one of pair) activity.merge(told({ ...one, correlation }));
    activity.merge(told({ ...begun, correlation }));
  }
  const { rows } = activity.list({});
  expect(rows).toHaveLength(2);
  for (const row of rows) {
    expect(row).toMatchObject({
      kind: 'rule-written',
      outcome: 'ok',
      origin: 'cloud',
      inCloud: 'seen',
      user: 'k.holm@contoso.example',
      client: 'Azure CLI at 203.0.113.9',
      ports: '22/tcp',
      text: 'Rule allow-all was written in web-nsg: allow 22/tcp from *, priority 110.',
    });
  }
  expect(activity.list({ text: 'priority 110' }).rows).toHaveLength(2);
  activity.merge(told({ ...event(at + 900, { outcome: 'failed' }), correlation: 'x-0' }));
  expect(
    activity
      .list({})
      .rows.map(({ outcome }) => outcome)
      .toSorted(),
  ).toEqual(['failed', 'ok']);
});

test('two operations of one correlation are two rows', async () => {
  const { os, activity } = await setUp();
  activity.merge(told(event(os.clock.now()), event(os.clock.now(), { resource: '/other', name: 'other' })));
  expect(activity.list({}).rows).toHaveLength(2);
});

test('a lock of several writes is seen when all of them are', async () => {
  const { os, activity } = await setUp();
  activity.write({ kind: 'lock', account, vm, text: 'Lock done.', correlations: ['c-1', 'c-2', 'c-1'] });
  const inCloud = () => activity.list({}).rows.map(row => row.inCloud);
  activity.merge(told(event(os.clock.now())));
  expect(inCloud()).toEqual(['awaited']);
  activity.merge(told(event(os.clock.now(), { correlation: 'c-2' })));
  expect(inCloud()).toEqual(['seen']);
});

test('one request for several VMs is several rows of ours, all seen', async () => {
  const { os, activity, own } = await setUp();
  own('c-1', 'one');
  own('c-1', 'two');
  activity.merge(told(event(os.clock.now())));
  expect(activity.list({}).rows.map(({ inCloud }) => inCloud)).toEqual(['seen', 'seen']);
});

test('what comes late stands where it happened, in pages and since a time', async () => {
  const { os, activity } = await setUp();
  const begun = os.clock.now();
  for (let n = 0; n < 5; n++) {
    activity.write({ kind: 'request', text: `own ${n}` });
    await os.clock.advance(minute);
  }
  activity.merge(told(event(begun + 2.5 * minute), event(begun - day, { correlation: 'old' })));
  const page = activity.list({ limit: 4 });
  expect(page.rows.map(({ text }) => text.split(' ').slice(0, 2).join(' '))).toEqual([
    'own 4',
    'own 3',
    'Rule allow-all',
    'own 2',
  ]);
  const rest = activity.list({ before: page.rows.at(-1)?.id });
  expect(rest.rows.map(({ origin }) => origin)).toEqual(['local', 'local', 'cloud']);
  const since = new Date(begun + 2.4 * minute).toISOString();
  expect(activity.list({ since, text: 'allow-all' }).rows).toHaveLength(1);
  expect(activity.list({ since }).rows).toHaveLength(3);
});

test('more rows in one millisecond than it has room for keep their order', async () => {
  const { db, activity } = await setUp();
  db.transaction(() => {
    for (let n = 0; n < 2_100; n++) activity.write({ kind: 'request', text: String(n) });
  });
  const ids = activity.list({ limit: 1000 }).rows;
  expect(ids[0]?.text).toBe('2099');
  expect(ids.map(({ text }) => Number(text))).toEqual(Array.from({ length: 1000 }, (_, n) => 2099 - n));
});

test('a colleague’s grant and a request to Defender count as approved requests, each once, with their source', async () => {
  const { os, activity } = await setUp();
  const at = os.clock.now();
  const theirs = { event: event(at), account, vm, vmName: 'web-1', grant: parseGrantId('mnopqrstuvwx') };
  const { vms } = activity.merge([theirs]);
  expect(vms).toEqual([vm]);
  const extended = event(at + minute, { correlation: 'later' });
  activity.merge([{ ...theirs, event: extended }]);
  expect(activity.summary(vm)).toMatchObject({
    week: [0, 0, 0, 0, 0, 0, 1],
    requestsFrom: 'activity-log',
    last: { at, user: 'k.holm@contoso.example', from: 'activity-log' },
  });
  const initiate = event(at + 2 * minute, { correlation: 'd', did: 'requested', operation: 'initiate' });
  activity.merge([{ event: initiate, account, vm }]);
  activity.merge([{ event: { ...initiate, correlation: 'e', outcome: 'failed' }, account, vm }]);
  expect(activity.summary(vm).week.at(-1)).toBe(2);
  await os.clock.advance(3 * minute);
  activity.write({ kind: 'opened', account, vm, grant, text: 'Open.' });
  expect(activity.summary(vm)).toMatchObject({
    week: [0, 0, 0, 0, 0, 0, 3],
    last: { user: 'jo', from: 'ledger' },
  });
});

test('a ledger of before is taken over: by time, searchable, with its summaries', async () => {
  const { os, dataDirectory } = createTestOs();
  const path = `${dataDirectory}/ledger.sqlite`;
  const old = os.databases.open(path);
  for (const sql of migrations.slice(0, 2)) {
    for (const statement of sql.replaceAll(/^\s*--.*$/gm, '').split(/;[ \t]*(?:\n|$)/)) {
      if (statement.trim() !== '') old.run(statement);
    }
  }
  old.run('PRAGMA user_version = 2');
  const at = os.clock.now();
  for (const [text, when, kind] of [
    ['second', at, 'opened'],
    ['third', at, 'opened'],
    ['first, by a clock that was set back', at - minute, 'request'],
  ] as const) {
    old.run(
      `INSERT INTO activity (at, kind, outcome, vm, user, text) VALUES (?, ?, 'ok', ?, 'jo', ?)`,
      when,
      kind,
      vm,
      text,
    );
  }
  old[Symbol.dispose]();
  const { db, setAside } = await openStore(os, dataDirectory);
  const activity = createActivity({ db, os });
  expect(setAside).toBeUndefined();
  expect(activity.list({}).rows.map(({ text }) => text.split(',')[0])).toEqual(['third', 'second', 'first']);
  expect(activity.list({ text: 'set back' }).rows).toHaveLength(1);
  expect(activity.summary(vm).week.at(-1)).toBe(2);
  activity.write({ kind: 'request', text: 'new' });
  expect(activity.list({ limit: 1 }).rows[0]?.text).toBe('new');
  db[Symbol.dispose]();
});
