import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createActivity } from '../../../main/broker/activity/index.ts';
import type { NewActivity } from '../../../main/broker/services.ts';
import type { ActivityRow } from '../../../shared/contract/activity.ts';
import { activityColumns, cell } from '../../../shared/domain/csv.ts';
import { parseVmId } from '../../../shared/domain/ids.ts';
import { createTestStore } from '../../fakes/os.ts';

const vmOf = (name: string) =>
  parseVmId(`/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/${name}`);
const day = 86_400_000;
const hurting = [
  '=1+1',
  'a\u001fb',
  'a\u001e',
  '-x',
  ' =x',
  'a, b',
  'a;=b',
  '"',
  'é’s',
  'x\n=y',
  '',
  ' ',
  'plain text 1/2',
];

async function setUp() {
  const { os, db } = await createTestStore();
  const activity = createActivity({ db, os });
  const opened = (name: string, row: Partial<NewActivity> = {}): void =>
    activity.write({
      kind: 'opened',
      vm: vmOf(name),
      vmName: name,
      text: `Port 22 of ${name} is open.`,
      ...row,
    });
  return { os, db, activity, opened };
}

const texts = (page: { rows: ActivityRow[] }): string[] => page.rows.map(row => row.text);

test('pages are newest first and meet without a gap or a double row', async () => {
  const { activity } = await setUp();
  for (let n = 1; n <= 7; n++) activity.write({ kind: 'request', text: `row ${n}` });
  const first = activity.list({ limit: 3 });
  expect(texts(first)).toEqual(['row 7', 'row 6', 'row 5']);
  expect(first.more).toBe(true);
  const second = activity.list({ limit: 3, before: first.rows.at(-1)?.id });
  expect(texts(second)).toEqual(['row 4', 'row 3', 'row 2']);
  const third = activity.list({ limit: 3, before: second.rows.at(-1)?.id });
  expect(texts(third)).toEqual(['row 1']);
  expect(third.more).toBe(false);
});

test('filters narrow alone and together', async () => {
  const { os, activity, opened } = await setUp();
  opened('web-1', { reason: 'patch day' });
  opened('web-2');
  await os.clock.advance(day);
  activity.write({ kind: 'closed', vm: vmOf('web-1'), vmName: 'web-1', text: 'Shut.' });
  const since = new Date(os.clock.now()).toISOString();
  expect(texts(activity.list({ vmId: vmOf('web-1') }))).toEqual(['Shut.', 'Port 22 of web-1 is open.']);
  expect(texts(activity.list({ since }))).toEqual(['Shut.']);
  expect(texts(activity.list({ since, kinds: ['opened'] }))).toEqual([]);
  expect(texts(activity.list({ kinds: ['closed', 'opened'] }))).toHaveLength(3);
  expect(texts(activity.list({ text: 'patch' }))).toEqual(['Port 22 of web-1 is open.']);
  expect(texts(activity.list({ text: 'WEB-2' }))).toEqual(['Port 22 of web-2 is open.']);
  expect(texts(activity.list({ text: 'b-2', kinds: ['closed'] }))).toEqual([]);
  expect(texts(activity.list({ text: 'Sh' }))).toEqual(['Shut.']);
});

test('filters narrow together in a long history too', async () => {
  const { db, activity } = await setUp();
  db.run(`
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10100)
    INSERT INTO activity (id, at, kind, outcome, user, text)
    SELECT i * 1000 * 2048, i * 1000, 'request', 'ok', 'jo', iif(i % 5000 = 0, 'needle ', 'straw ') || i FROM n`);
  activity.write({ kind: 'closed', text: 'needle shut' });
  expect(texts(activity.list({ kinds: ['request'], text: 'needle' }))).toEqual([
    'needle 10000',
    'needle 5000',
  ]);
  expect(texts(activity.list({ kinds: ['closed'], text: 'needle' }))).toEqual(['needle shut']);
  expect(texts(activity.list({ kinds: ['request'], text: 'needle', before: 10_000 * 1000 * 2048 }))).toEqual([
    'needle 5000',
  ]);
  const since = new Date(10_000_000).toISOString();
  expect(texts(activity.list({ kinds: ['request'], text: 'needle', since }))).toEqual(['needle 10000']);
});

test('text with the signs of a query language is only text', async () => {
  const { activity } = await setUp();
  activity.write({ kind: 'request', text: 'say "hello" OR 100% *done*' });
  activity.write({ kind: 'request', text: 'another' });
  for (const text of ['"hello"', 'OR 100%', '*done*', '% ']) {
    expect(activity.list({ text }).rows).toHaveLength(1);
  }
  expect(activity.list({ text: '_' }).rows).toHaveLength(0);
});

test('a watch tells each row once, in order, also to a slow reader', async () => {
  const { activity } = await setUp();
  activity.write({ kind: 'broker', text: 'before' });
  const stop = new AbortController();
  const rows = activity.watch(stop.signal);
  const first = rows.next();
  await Promise.resolve();
  for (let n = 1; n <= 1200; n++) activity.write({ kind: 'request', text: String(n) });
  expect((await first).value?.text).toBe('1');
  for (let n = 2; n <= 1200; n++) expect((await rows.next()).value?.text).toBe(String(n));
  const over = rows.next();
  stop.abort();
  expect((await over).done).toBe(true);
});

test('the summary counts openings by day and names the last one, before and after a restart', async () => {
  const { os, db, activity, opened } = await setUp();
  opened('web-1');
  await os.clock.advance(8 * day);
  opened('web-1');
  expect(activity.summary(vmOf('web-1')).week).toEqual([0, 0, 0, 0, 0, 0, 1]);
  await os.clock.advance(2 * day);
  opened('web-1');
  opened('web-1');
  activity.write({ kind: 'closed', vm: vmOf('web-1'), text: 'Shut.' });
  const expected = {
    week: [0, 0, 0, 0, 1, 0, 2],
    requestsFrom: 'ledger',
    last: { at: os.clock.now(), user: 'jo', from: 'ledger' },
  };
  expect(activity.summary(vmOf('web-1'))).toEqual(expected);
  expect(createActivity({ db, os }).summary(vmOf('web-1'))).toEqual(expected);
  expect(activity.summary(vmOf('web-2'))).toEqual({
    week: [0, 0, 0, 0, 0, 0, 0],
    requestsFrom: 'ledger',
  });
});

test('CSV has a heading, every row, and no cell that is a formula', async () => {
  const { activity } = await setUp();
  for (let n = 0; n < 2500; n++) activity.write({ kind: 'request', text: `row ${n}` });
  activity.write({ kind: 'request', vmName: '=cmd|x', text: 'with "quotes", and\na line' });
  let text = '';
  let pieces = 0;
  for await (const piece of activity.csv({})) {
    text += piece;
    pieces++;
  }
  const lines = text.trimEnd().split('\r\n');
  expect(lines).toHaveLength(2502);
  expect(lines[0]).toMatch(/^time,kind,outcome,vm,/);
  expect(lines[1]).toContain(`,'=cmd|x,`);
  expect(lines[1]).toContain('"with ""quotes"", and a line"');
  expect(pieces).toBeGreaterThan(3);
});

test('every row is written as its cells are, whatever stands in it', async () => {
  const { activity } = await setUp();
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom(...hurting));
  const row = fc.record({ text, vmName: text, reason: text, ports: text });
  for (const written of fc.sample(row, { numRuns: 300, seed: 5 })) {
    activity.write({ kind: 'request', ...written, error: { code: 'NO_ANSWER', message: '…' } });
  }
  const { rows } = activity.list({ limit: 1000 });
  const expected = rows.map(row => activityColumns.map(column => cell(column.text(row))));
  let records = '';
  for await (const piece of activity.csv({})) records += piece;
  expect(records).toBe(
    stringify([activityColumns.map(({ heading }) => heading), ...expected], { record_delimiter: 'windows' }),
  );
});

test('a row that can’t be written is logged and nothing else', async () => {
  const { os, db, activity } = await setUp();
  const told: unknown[] = [];
  const blind = createActivity({ db, os: { ...os, log: { ...os.log, error: fields => told.push(fields) } } });
  db.run('ALTER TABLE activity RENAME TO elsewhere');
  expect(() => blind.write({ kind: 'request', text: 'lost' })).not.toThrow();
  expect(told).toHaveLength(1);
  db.run('ALTER TABLE elsewhere RENAME TO activity');
  expect(activity.list({}).rows).toHaveLength(0);
});

test('pages of a long history come from an index', async () => {
  const { db } = await setUp();
  const plan = (sql: string, ...values: (string | number)[]): string =>
    db
      .all(`EXPLAIN QUERY PLAN ${sql}`, ...values)
      .map(row => String(row.detail))
      .join('; ');
  expect(plan('SELECT * FROM activity WHERE vm = ? ORDER BY id DESC LIMIT 9', 'x')).toMatch(
    /activity_vm \(vm=\?\)$/,
  );
  expect(plan('SELECT * FROM activity WHERE kind = ? AND id < ? ORDER BY id DESC LIMIT 9', 'x', 1)).toMatch(
    /activity_kind \(kind=\? AND rowid<\?\)$/,
  );
});
