/** Writing rows. A row of ours that the cloud's log told of already takes the place of what was read there. */
import type { Database, Instant, SqlValue } from '../../os/ports.ts';
import type { NewActivity } from '../services.ts';
import { freeId } from './ids.ts';

export interface StoredActivity extends NewActivity {
  at: Instant;
  user: string;
  origin: 'local' | 'cloud';
  inCloud?: 'awaited' | 'seen' | undefined;
  client?: string | undefined;
  /** Stands for one approved request. */
  approved: boolean;
}

const columns =
  'id, at, kind, outcome, vm, vm_name, account, grant_id, user, ports, source, text, reason, correlation, error, origin, in_cloud, client, approved';
const insert = `INSERT INTO activity (${columns}) VALUES (${columns.replaceAll(/\w+/g, '?')})`;

/** Gives the row's id. One statement, so that it is one write to the disk where no transaction is open. */
export function insertRow(db: Database, row: StoredActivity): number {
  const id = freeId(db, row.at);
  const values: (SqlValue | undefined)[] = [
    BigInt(id),
    row.at,
    row.kind,
    row.outcome ?? 'ok',
    row.vm,
    row.vmName,
    row.account,
    row.grant,
    row.user,
    row.ports,
    row.source,
    row.text,
    row.reason,
    row.correlation,
    row.error && JSON.stringify(row.error),
    row.origin,
    row.inCloud,
    row.client,
    row.approved ? 1 : undefined,
  ];
  db.run(insert, ...values.map(value => value ?? null));
  return id;
}

/**
 * Writes a row of this Latchkey. `awaited`: its cloud's log is read and will tell of it, under its correlation ids. Gives
 * the row's id and those of rows that went because they told the same.
 */
export function writeLocal(
  db: Database,
  row: Omit<StoredActivity, 'origin' | 'inCloud'>,
  awaited: boolean,
): { id: number; gone: number[] } {
  const [first, ...more] = [...new Set([row.correlation, ...(row.correlations ?? [])])].filter(
    one => one !== undefined,
  );
  if (first === undefined || !awaited) {
    return { id: insertRow(db, { ...row, correlation: first, origin: 'local' }), gone: [] };
  }
  const gone = [first, ...more].flatMap(correlation => takeBack(db, correlation));
  // With several, the last of them decides; they are looked for in the log all the same.
  const inCloud = gone.length > 0 && more.length === 0 ? 'seen' : 'awaited';
  const id = insertRow(db, { ...row, correlation: first, origin: 'local', inCloud });
  for (const correlation of more) {
    db.run(
      `INSERT OR IGNORE INTO activity_key (key, row, seen) VALUES (?, ?, 0)`,
      correlation.toLowerCase(),
      BigInt(id),
    );
  }
  return { id, gone };
}

/** Takes out what was read in the log under this correlation before our own row was written. */
function takeBack(db: Database, correlation: string): number[] {
  const range = [`${correlation.toLowerCase()} `, `${correlation.toLowerCase()}!`];
  const rows = db
    .all('SELECT row FROM activity_key WHERE key >= ? AND key < ?', ...range)
    .map(({ row }) => Number(row));
  if (rows.length === 0) return [];
  db.run('DELETE FROM activity_key WHERE key >= ? AND key < ?', ...range);
  for (const id of rows) db.run('DELETE FROM activity WHERE id = ?', BigInt(id));
  return rows;
}
