/** `npm run bench`: what Latchkey promises to cost, measured. `--only NAME`, `--quick`, `--json FILE`. */
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { type Benchmark, type Row, tableLines } from './rows.ts';

/** By name; each is loaded when its turn comes, so that none pays for another's imports. */
const benchmarks: Record<string, () => Promise<Benchmark>> = {
  request: async () => (await import('./request.ts')).request,
  fleet: async () => (await import('./fleet.ts')).fleet,
  inventory: async () => (await import('./inventory.ts')).inventory,
  start: async () => (await import('./start.ts')).start,
  list: async () => (await import('./list.ts')).list,
  activity: async () => (await import('./activity.ts')).activity,
  command: async () => (await import('./command.ts')).commandStart,
  ending: async () => (await import('./ending.ts')).ending,
};

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const names = values.only ?? Object.keys(benchmarks);
const results: { name: string; seconds: number; rows: Row[] }[] = [];
const computer = `${process.platform}, ${cpus().length} cores, Node ${process.versions.node}`;
console.log(`${computer}, load ${loadavg()[0]?.toFixed(1)}${values.quick ? ', quick' : ''}`);
for (const name of names) {
  const load = benchmarks[name];
  if (!load) throw new Error(`There is no benchmark ${name}: ${Object.keys(benchmarks).join(', ')}.`);
  const begun = performance.now();
  const rows = await (await load()).run({ quick: values.quick });
  results.push({ name, seconds: (performance.now() - begun) / 1000, rows });
  for (const line of tableLines(name, rows)) console.log(line);
}
const missed = results.flatMap(({ rows }) => rows).filter(({ met }) => met === false);
const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
console.log(
  `${missed.length === 0 ? 'every bar is met' : `${missed.length} missed`}, ${seconds.toFixed(0)} s`,
);
if (values.json !== undefined) {
  const document = { computer, load: loadavg(), quick: values.quick, results };
  await writeFile(values.json, `${JSON.stringify(document, null, 2)}\n`);
}
process.exit(missed.length === 0 ? 0 : 1);
