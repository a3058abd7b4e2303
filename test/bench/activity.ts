/** A long history: a filtered page of a million rows, and all of it as CSV against SQLite's own command. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ActivityFilter } from '../../shared/contract/activity.ts';
import { command, type RunningBroker, startBroker, temporaryFolder } from './latchkey.ts';
import { median, timed } from './measure.ts';
import { type Benchmark, type Row, row, skipped } from './rows.ts';

const firstAt = Date.UTC(2026, 0, 1);
const vmOf = (n: number): string =>
  `/subscriptions/11111111-2222-3333-4444-555555555555/resourcegroups/rg-web/providers/microsoft.compute/virtualmachines/vm-${n}`;

/** Every way to narrow the history; of each the first page and one in the middle is asked for. */
function filters(rows: number): Record<string, ActivityFilter> {
  const recent = new Date(firstAt + rows * 0.9 * 20_000).toISOString();
  return {
    'no filter': {},
    'one VM': { vm: vmOf(77) },
    'a rare kind': { kinds: ['stuck'] },
    'three kinds': { kinds: ['stuck', 'opened', 'lock'] },
    'since 10 %': { since: recent },
    'a rare word': { text: 'INC-4711' },
    'a common word': { text: 'asked for' },
    'two letters': { text: '71' },
    'VM and word': { vm: vmOf(77), text: 'asked' },
    'kind, word, since': { kinds: ['request'], text: 'asked for', since: recent },
  };
}

export const activity: Benchmark = {
  name: 'activity',
  async run({ quick }) {
    const rows = quick ? 100_000 : 1_000_000;
    using folder = temporaryFolder();
    // The broker makes the ledger, as it is.
    await (await startBroker(folder.path))[Symbol.asyncDispose]();
    fill(join(folder.path, 'ledger.sqlite'), rows);
    const begun = performance.now();
    await using broker = await startBroker(folder.path);
    const up = performance.now() - begun;
    return [
      ...(await pages(broker, rows)),
      ...(await csv(folder.path, broker, rows, quick ? 1 : 3)),
      row({ what: `start of a broker with ${rows} activity rows`, measured: up, unit: 'ms' }),
    ];
  },
};

/** Rows like those of a busy team: 500 VMs, a request every 20 seconds. */
function fill(ledger: string, rows: number): void {
  using db = new DatabaseSync(ledger);
  const insert = `
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    INSERT INTO activity (id, at, kind, outcome, vm, vm_name, account, grant_id, user, ports, source, text, reason, correlation, origin, in_cloud, client, approved)
    SELECT (${firstAt} + i * 20000) * 2048, ${firstAt} + i * 20000,
      CASE WHEN i % 20011 = 0 THEN 'stuck' WHEN i % 4 = 0 THEN 'request' WHEN i % 4 = 1 THEN 'opened' WHEN i % 4 = 2 THEN 'rule-written' ELSE 'expired' END,
      'ok', '${vmOf(0).slice(0, -1)}' || (i % 500), 'vm-' || (i % 500), 'practice-azure', printf('grant%07d', i / 4), 'a.berg',
      '22/tcp', '203.0.113.' || (i % 250) || '/32', 'Access to vm-' || (i % 500) || ' asked for 1 h.',
      CASE WHEN i % 50021 = 0 THEN 'INC-4711' WHEN i % 7 = 0 THEN 'ticket ' || i END, printf('%08x-0000-4000-8000-%012x', i, i),
      iif(i % 3 = 0, 'cloud', 'local'), 'seen', iif(i % 3 = 0, 'Azure CLI at 203.0.113.9', NULL), iif(i % 4 = 1, 1, NULL)
    FROM n`;
  db.exec(`PRAGMA synchronous = OFF; BEGIN; ${insert}; COMMIT`);
}

async function pages({ client }: RunningBroker, rows: number): Promise<Row[]> {
  const slowest = { name: '', ms: 0 };
  const all: number[] = [];
  for (const [name, filter] of Object.entries(filters(rows))) {
    for (const before of [undefined, (firstAt + Math.floor(rows / 2) * 20_000) * 2048]) {
      const ask = () => client.activity.list({ ...filter, ...(before === undefined ? {} : { before }) });
      if ((await ask()).rows.length === 0 && before === undefined) throw new Error(`nothing for ${name}`);
      const times: number[] = [];
      for (let n = 0; n < 9; n++) times.push(await timed(ask));
      const ms = median(times);
      all.push(ms);
      if (ms > slowest.ms) Object.assign(slowest, { name, ms });
    }
  }
  return [
    row({
      what: `a page of 100 out of ${rows} rows, slowest filter (${slowest.name})`,
      measured: slowest.ms,
      unit: 'ms',
      floor: { what: 'the usual filter', value: median(all) },
      bar: { of: 'measured', most: 20 },
    }),
  ];
}

const columns =
  'at, kind, outcome, vm_name, vm, account, grant_id, user, ports, source, text, reason, error, correlation, origin, in_cloud, client';

async function csv(
  dataDirectory: string,
  broker: RunningBroker,
  rows: number,
  rounds: number,
): Promise<Row[]> {
  const what = `${rows} rows as CSV by \`latchkey activity --csv\``;
  const file = join(dataDirectory, 'activity.csv');
  const query = `SELECT ${columns} FROM activity ORDER BY id DESC`;
  const peer = ['sqlite3', '-readonly', '-csv', '-header', join(dataDirectory, 'ledger.sqlite')];
  const times: number[] = [];
  const peers: number[] = [];
  const memory: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const watching = setInterval(() => {
      if (round === rounds - 1) memory.push(broker.residentMiB() ?? 0);
    }, 50);
    times.push(await timed(() => run(command(dataDirectory, 'activity', '--csv', file))));
    clearInterval(watching);
    peers.push(await timed(() => run([...peer, `.once ${file}.sqlite`, query])));
  }
  if (!existsSync(`${file}.sqlite`)) return [skipped(what, 'there is no sqlite3 to compare with')];
  return [
    row({
      what,
      measured: median(times),
      unit: 'ms',
      floor: { what: 'sqlite3 -csv', value: median(peers) },
      bar: { of: 'ratio', most: 1.5 },
    }),
    flat(memory, statSync(file).size / 1024 ** 2),
  ];
}

/** Memory that grows with the rows would be the higher the more of them are out: the second half against the first. */
function flat(memory: number[], fileMiB: number): Row {
  const half = memory.length >> 1;
  const [first, second] = [memory.slice(0, half), memory.slice(half)].map(some => Math.max(...some));
  return row({
    what: 'the broker’s memory, second half of an export over the first',
    measured: Math.max(0, (second ?? 0) - (first ?? 0)),
    unit: 'MiB',
    bar: { of: 'measured', most: 32 },
    note: `${fileMiB.toFixed(0)} MiB written, at most ${Math.max(...memory).toFixed(0)} MiB resident`,
  });
}

/** Runs a program to its end. One that is not there is no failure: what it should have written is missing. */
async function run([program = '', ...args]: string[]): Promise<void> {
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const status = await Promise.race([
    once(child, 'close').then(([code]) => code as number | null),
    once(child, 'error').then(() => 0),
  ]);
  if (status !== 0) throw new Error(`${program} ended with ${status}`);
}
