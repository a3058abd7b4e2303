/** One process at a time: a lock the operating system takes back when its holder dies, however it dies. */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { asSqliteError, sqliteCode } from './sqliteErrors.ts';

/**
 * Holds `path` for this process until disposed, or returns undefined if another process holds it. SQLite's exclusive
 * lock is used because it is the one file lock Node has on every system; the file itself stays empty.
 */
export function takeLock(path: string): Disposable | undefined {
  let connection: DatabaseSync | undefined;
  try {
    closeSync(openSync(path, 'a', 0o600));
    connection = new DatabaseSync(path, { timeout: 0 });
    connection.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    connection?.close();
    if (sqliteCode(error) === 'busy') return undefined;
    throw asSqliteError(error, path);
  }
  const held = connection;
  return { [Symbol.dispose]: () => held.isOpen && held.close() };
}
