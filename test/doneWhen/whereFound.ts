/** Looks for secrets where they must not be. `begun`: when the test began, epoch milliseconds. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ran } from './world.ts';

function* filesBelow(at: string): Generator<string> {
  for (const entry of readdirSync(at, { withFileTypes: true })) {
    const path = join(at, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

/** Files of the test and its temporary ones, outputs, arguments and environments of all processes that hold one of these. */
export function whereFound(
  secrets: Set<string>,
  outputs: Ran[],
  { folder, begun }: { folder: string; begun: number },
): string[] {
  const found: string[] = [];
  const look = (where: string, text: string) => {
    for (const secret of secrets) if (text.includes(secret)) found.push(`${where}: ${secret.slice(0, 12)}…`);
  };
  for (const [at, { stdout, stderr }] of outputs.entries()) look(`output ${at}`, stdout + stderr);
  for (const path of filesBelow(folder)) look(path, readFileSync(path, 'latin1'));
  // What was left in the temporary folder itself.
  for (const entry of readdirSync(tmpdir(), { withFileTypes: true }))
    if (entry.isFile() && statSync(join(tmpdir(), entry.name)).mtimeMs >= begun)
      look(entry.name, readFileSync(join(tmpdir(), entry.name), 'latin1'));
  if (process.platform !== 'linux') return found;
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    for (const name of ['cmdline', 'environ']) {
      try {
        look(`/proc/${pid}/${name}`, readFileSync(`/proc/${pid}/${name}`, 'latin1'));
      } catch {
        continue; // It has ended, or is another user's.
      }
    }
  }
  return found;
}
