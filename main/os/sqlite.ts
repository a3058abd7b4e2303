/** SQLite through Node's own module: synchronous, so that a write is on the disk when its call returns. */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Database, Databases, SqlRow, SqlValue } from './ports.ts';
import { asSqliteError, damaged } from './sqliteErrors.ts';

const busyTimeoutMs = 5_000;
const mostStatements = 200;

/** Databases in files that only this user can read (mode 0600). */
export function createDatabases(): Databases {
  return { open };
}

function open(path: string): Database {
  return guarded(path, () => {
    // Made by us first, so that it (and the WAL beside it, which takes its mode) is this user's alone.
    closeSync(openSync(path, 'a', 0o600));
    const connection = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
    try {
      connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
      const verdict = connection.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
      if (verdict !== 'ok') throw damaged(path, String(verdict));
      return database(connection, path);
    } catch (error) {
      connection.close();
      throw error;
    }
  });
}

function database(connection: DatabaseSync, path: string): Database {
  const statements = new Map<string, StatementSync>();
  let closed = false;
  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known) return known;
    if (statements.size >= mostStatements) statements.clear();
    const statement = connection.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  const run = (sql: string, ...values: SqlValue[]) => {
    const { changes, lastInsertRowid } = prepared(sql).run(...values);
    return { changes: Number(changes), lastId: Number(lastInsertRowid) };
  };
  return {
    run: (sql, ...values) => guarded(path, () => run(sql, ...values)),
    all: (sql, ...values) => guarded(path, () => prepared(sql).all(...values) as SqlRow[]),
    get: (sql, ...values) => guarded(path, () => prepared(sql).get(...values) as SqlRow | undefined),
    *each(sql, ...values) {
      // A statement of its own: the same text may be run again while these rows are being read.
      const rows = guarded(path, () => connection.prepare(sql).iterate(...values));
      for (;;) {
        const step = guarded(path, () => rows.next());
        if (step.done === true) return;
        yield step.value as SqlRow;
      }
    },
    transaction: work =>
      guarded(path, () => {
        if (connection.isTransaction) throw new Error('a transaction inside a transaction');
        connection.exec('BEGIN IMMEDIATE');
        try {
          const result = work();
          if (result instanceof Promise) throw new Error('a transaction must not wait for anything');
          connection.exec('COMMIT');
          return result;
        } catch (error) {
          // SQLite has rolled back by itself after some failures (lang_transaction, “Response To Errors”).
          if (connection.isTransaction) connection.exec('ROLLBACK');
          throw error;
        }
      }),
    [Symbol.dispose]: () => {
      if (closed) return;
      closed = true;
      statements.clear();
      connection.close();
    },
  };
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asSqliteError(error, path);
  }
}
