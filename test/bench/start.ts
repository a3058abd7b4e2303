/** A broker that knows 10,000 VMs: how soon its first rows are there after a start, and how much memory it takes. */
import type { RunningBroker } from './latchkey.ts';
import { startBroker, startPractice, temporaryFolder } from './latchkey.ts';
import { median, timed } from './measure.ts';
import { readCache } from './readCache.ts';
import { type Benchmark, row, skipped } from './rows.ts';

export const start: Benchmark = {
  name: 'start',
  async run({ quick }) {
    const size = quick ? 2_000 : 10_000;
    using folder = temporaryFolder();
    await using _practice = await startPractice(folder.path, size);
    const resident = await fill(folder.path);
    const rounds = quick ? 2 : 4;
    const firsts: number[] = [];
    const lasts: number[] = [];
    const floors: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const floor = await timed(() => readCache(folder.path));
      const begun = performance.now();
      await using broker = await startBroker(folder.path);
      const { first, last } = await rowsOf(broker, size);
      if (round === 0) continue;
      firsts.push(first - begun);
      lasts.push(last - begun);
      floors.push(floor);
    }
    const what = `broker with ${size} VMs, resident`;
    return [
      row({
        what: `first rows of ${size} for a caller, from the start of the broker's process`,
        measured: median(firsts),
        unit: 'ms',
        floor: { what: 'reading the same cache from SQLite', value: median(floors) },
        bar: { of: 'measured', most: 300 },
      }),
      row({
        what: `all ${size} rows for a caller, from the start of the broker's process`,
        measured: median(lasts),
        unit: 'ms',
        floor: { what: 'reading the same cache from SQLite', value: median(floors) },
      }),
      resident === undefined
        ? skipped(what, 'only Linux tells it (/proc)')
        : row({ what, measured: resident, unit: 'MiB', bar: { of: 'measured', most: 250 } }),
    ];
  },
};

/** Signs in and reads everything; gives the broker's memory after that and after a caller took the list. */
async function fill(dataDirectory: string): Promise<number | undefined> {
  await using broker = await startBroker(dataDirectory);
  await broker.client.accounts.addPractice({});
  await broker.client.vms.list({ refresh: true });
  return broker.residentMiB();
}

/** Milliseconds (of performance.now) at which the first screen of rows, and at which all of them, were there. */
async function rowsOf({ client }: RunningBroker, all: number): Promise<{ first: number; last: number }> {
  let first: number | undefined;
  let rows = 0;
  for await (const change of await client.vms.watch({})) {
    rows += change.kind === 'snapshot' ? change.vms.length : change.upsert.length;
    // Whoever is told nothing at first would be shown an empty list.
    if (rows === 0) throw new Error('not from the cache');
    first ??= performance.now();
    if (rows >= all) return { first, last: performance.now() };
  }
  throw new Error('the broker hung up');
}
