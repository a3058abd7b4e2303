/** `latchkey vms` against the start of an empty Node process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command, startBroker, startPractice, temporaryFolder } from './latchkey.ts';
import { inTurn, timed } from './measure.ts';
import { type Benchmark, type Row, row } from './rows.ts';

export const commandStart: Benchmark = {
  name: 'command',
  async run({ quick }) {
    return [...(await started(undefined, quick ? 5 : 15)), ...(await started(quick ? 2_000 : 10_000, 3))];
  },
};

/** `size` undefined: the practice cloud as it comes, and judged. */
async function started(size: number | undefined, rounds: number): Promise<Row[]> {
  using folder = temporaryFolder();
  await using _practice = await startPractice(folder.path, size);
  await using broker = await startBroker(folder.path);
  await broker.client.accounts.addPractice({});
  const { vms } = await broker.client.vms.list({ refresh: true });
  const empty = join(folder.path, 'empty.mjs');
  await writeFile(empty, '');
  const [vmsTook = 0, jsonTook = 0, emptyTook = 0] = await inTurn(
    rounds,
    () => timed(() => toItsEnd(command(folder.path, 'vms'))),
    () => timed(() => toItsEnd(command(folder.path, '--json', 'vms'))),
    () => timed(() => toItsEnd([process.execPath, empty])),
  );
  const floor = { what: 'an empty Node process', value: emptyTook };
  const bar = size === undefined ? { bar: { of: 'ratio' as const, most: 3 } } : {};
  const tell = (what: string, measured: number): Row =>
    row({ what: `${what}, broker warm, ${vms.length} VMs`, measured, unit: 'ms', floor, ...bar });
  return [tell('latchkey vms', vmsTook), tell('latchkey vms --json', jsonTook)];
}

/** Runs a program to its end and reads all it prints. */
async function toItsEnd(words: string[]): Promise<void> {
  const [program = '', ...args] = words;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.resume();
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
}
