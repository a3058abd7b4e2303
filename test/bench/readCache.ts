/** The floor of a start: the kept VMs, read and parsed with nothing around it. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export function readCache(dataDirectory: string): number {
  const db = new DatabaseSync(join(dataDirectory, 'ledger.sqlite'), { readOnly: true });
  try {
    const texts = ['SELECT json FROM vm', 'SELECT json FROM gate'].flatMap(sql => db.prepare(sql).all());
    return texts.map(row => JSON.parse(String(row['json'])) as unknown).length;
  } finally {
    db.close();
  }
}
