/**
 * The ledger file: one SQLite database per data directory. A file from a newer Latchkey is refused and not touched; a
 * damaged one is set aside under another name, never overwritten, and a new one is begun: the rules in the clouds are
 * then found again by their descriptions (grants/sweep.ts).
 */
import { LatchkeyError } from '../../shared/errors.ts';
import type { Database, Instant, Os } from '../os/ports.ts';
import { migrations } from './schema.ts';

/** A row among the settings that is none of the person's: kept for the starts after the one that lost the ledger. */
const begunAnewKey = 'ledger-begun-anew';

export interface Store {
  db: Database;
  /** Where the damaged ledger was set aside to; undefined on an ordinary start. */
  setAside: string | undefined;
  /** When this ledger was begun after one that was lost, now or at an earlier start. */
  begunAnew: Instant | undefined;
}

/** Opens (and makes) `<dataDirectory>/ledger.sqlite`. Throws LEDGER_NEWER, DISK_FULL. */
export async function openStore(
  os: Pick<Os, 'databases' | 'files' | 'clock' | 'log'>,
  dataDirectory: string,
): Promise<Store> {
  await os.files.ensureFolder(dataDirectory);
  const path = `${dataDirectory}/ledger.sqlite`;
  // A file that is there and empty (power was lost) is a lost ledger too.
  const existed = await os.files.exists(path);
  try {
    return { ...openAndMigrate(os, path, existed), setAside: undefined };
  } catch (error) {
    if (!(error instanceof LatchkeyError) || error.code !== 'LEDGER_DAMAGED') throw error;
    const aside = await setAside(os, path);
    os.log.error({ aside }, 'the ledger was damaged and has been set aside');
    return { ...openAndMigrate(os, path, true), setAside: aside };
  }
}

/** `existed`: there was a ledger before, so that one without tables is begun anew. */
function openAndMigrate(
  os: Pick<Os, 'databases' | 'clock'>,
  path: string,
  existed: boolean,
): Omit<Store, 'setAside'> {
  const db = os.databases.open(path);
  try {
    const version = Number(db.get('PRAGMA user_version')?.user_version ?? 0);
    if (version > migrations.length) {
      throw new LatchkeyError({
        code: 'LEDGER_NEWER',
        message: `The ledger was written by a newer Latchkey (version ${version}, this one knows ${migrations.length}).`,
        fix: 'Update Latchkey, or use another data directory. The file was not touched.',
        detail: { path },
      });
    }
    for (const [step, sql] of migrations.entries()) {
      if (step < version) continue;
      db.transaction(() => {
        for (const statement of statements(sql)) db.run(statement);
        db.run(`PRAGMA user_version = ${step + 1}`);
        if (step === 0 && existed)
          db.run(`INSERT INTO setting (key, value) VALUES (?, ?)`, begunAnewKey, String(os.clock.now()));
      });
    }
    const begunAnew = db.get(`SELECT value FROM setting WHERE key = ?`, begunAnewKey)?.value;
    return { db, begunAnew: begunAnew === undefined ? undefined : Number(begunAnew) };
  } catch (error) {
    db[Symbol.dispose]();
    throw error;
  }
}

/** Splits a migration into statements. A statement ends with a semicolon at the end of a line; a trigger is one line. */
function statements(sql: string): string[] {
  return sql
    .split('\n')
    .filter(line => !line.trim().startsWith('--'))
    .join('\n')
    .split(/;[ \t]*(?:\n|$)/)
    .map(statement => statement.trim())
    .filter(statement => statement !== '');
}

async function setAside(os: Pick<Os, 'files' | 'clock'>, path: string): Promise<string> {
  const stamp = new Date(os.clock.now()).toISOString().replaceAll(/[:.]/g, '-');
  let aside = path.replace(/\.sqlite$/, `.damaged-${stamp}.sqlite`);
  for (let n = 2; await os.files.exists(aside); n++) {
    aside = path.replace(/\.sqlite$/, `.damaged-${stamp}-${n}.sqlite`);
  }
  await os.files.rename(path, aside);
  // The write-ahead files belong to the damaged database: with the new one they would be wrong.
  for (const suffix of ['-wal', '-shm']) {
    if (await os.files.exists(path + suffix)) await os.files.rename(path + suffix, aside + suffix);
  }
  return aside;
}
