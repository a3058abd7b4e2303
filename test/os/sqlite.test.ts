import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDatabases } from '../../main/os/sqlite.ts';
import { temporaryFolder } from '../fakes/temporaryFolder.ts';

const open = (path: string) => createDatabases().open(path);

function fresh() {
  const path = join(temporaryFolder(), 'ledger.sqlite');
  return { path, db: open(path) };
}

const coded = (code: string) => expect.objectContaining({ name: 'LatchkeyError', code });

describe('a database', () => {
  it('is durable, waits for others, checks references, and is this user’s alone', () => {
    const { path, db } = fresh();
    expect(db.get('PRAGMA journal_mode')).toEqual({ journal_mode: 'wal' });
    expect(db.get('PRAGMA synchronous')).toEqual({ synchronous: 2 });
    expect(db.get('PRAGMA foreign_keys')).toEqual({ foreign_keys: 1 });
    expect(db.get('PRAGMA busy_timeout')).toEqual({ timeout: 5000 });
    db.run('CREATE TABLE t (a)');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600);
    db[Symbol.dispose]();
    db[Symbol.dispose]();
  });

  it('runs, reads and counts', () => {
    const { db } = fresh();
    db.run('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)');
    expect(db.run('INSERT INTO t (name) VALUES (?)', 'a')).toEqual({ changes: 1, lastId: 1 });
    expect(db.run('INSERT INTO t (name) VALUES (?)', 'b')).toEqual({ changes: 1, lastId: 2 });
    expect(db.all('SELECT name FROM t ORDER BY id')).toEqual([{ name: 'a' }, { name: 'b' }]);
    expect(db.get('SELECT name FROM t WHERE id = ?', 9)).toBeUndefined();
    db[Symbol.dispose]();
  });

  it('gives rows one by one while the same text is run again', () => {
    const { db } = fresh();
    db.run('CREATE TABLE t (a)');
    for (const a of [1, 2, 3]) db.run('INSERT INTO t VALUES (?)', a);
    const sql = 'SELECT a FROM t ORDER BY a';
    const seen: unknown[] = [];
    for (const { a } of db.each(sql)) {
      seen.push(a);
      expect(db.all(sql)).toHaveLength(3);
    }
    expect(seen).toEqual([1, 2, 3]);
    db[Symbol.dispose]();
  });

  it('does all of a transaction or nothing', () => {
    const { db } = fresh();
    db.run('CREATE TABLE t (a)');
    const broken = () =>
      db.transaction(() => {
        db.run('INSERT INTO t VALUES (1)');
        throw new Error('halfway');
      });
    expect(broken).toThrow('halfway');
    expect(db.all('SELECT * FROM t')).toEqual([]);
    expect(db.transaction(() => db.run('INSERT INTO t VALUES (2)').changes)).toBe(1);
    expect(db.all('SELECT * FROM t')).toEqual([{ a: 2 }]);
    db[Symbol.dispose]();
  });

  it('refuses a transaction inside a transaction, and one that waits; both leave nothing', () => {
    const { db } = fresh();
    db.run('CREATE TABLE t (a)');
    expect(() =>
      db.transaction(() => {
        db.run('INSERT INTO t VALUES (1)');
        db.transaction(() => undefined);
      }),
    ).toThrow('inside a transaction');
    expect(() =>
      db.transaction(async () => {
        db.run('INSERT INTO t VALUES (1)');
      }),
    ).toThrow('must not wait');
    expect(db.all('SELECT * FROM t')).toEqual([]);
    db[Symbol.dispose]();
  });

  it('says DISK_FULL when there is no room, and keeps what was there', () => {
    const { db } = fresh();
    db.run('CREATE TABLE t (a)');
    db.run('INSERT INTO t VALUES (?)', 'kept');
    const pages = Number(db.get('PRAGMA page_count')?.['page_count']);
    db.run(`PRAGMA max_page_count = ${pages}`);
    const fill = () => db.transaction(() => db.run('INSERT INTO t VALUES (?)', 'x'.repeat(100_000)));
    expect(fill).toThrow(coded('DISK_FULL'));
    expect(db.all('SELECT * FROM t')).toEqual([{ a: 'kept' }]);
    db.run(`PRAGMA max_page_count = ${pages + 100}`);
    expect(fill).not.toThrow();
    db[Symbol.dispose]();
  });

  it('says LEDGER_DAMAGED for a file that is no database, and leaves it as it is', () => {
    const path = join(temporaryFolder(), 'ledger.sqlite');
    writeFileSync(path, 'this is a letter, not a database '.repeat(100));
    const before = readFileSync(path);
    expect(() => open(path)).toThrow(coded('LEDGER_DAMAGED'));
    expect(readFileSync(path)).toEqual(before);
  });

  it('says LEDGER_DAMAGED for a database with overwritten pages', () => {
    const { path, db } = fresh();
    db.run('CREATE TABLE t (a)');
    for (let i = 0; i < 200; i++) db.run('INSERT INTO t VALUES (?)', 'x'.repeat(500));
    db[Symbol.dispose]();
    const bytes = readFileSync(path);
    bytes.fill(0xaa, 4096, bytes.length - 4096);
    writeFileSync(path, bytes);
    expect(() => open(path)).toThrow(coded('LEDGER_DAMAGED'));
  });

  it('throws what Node throws for a folder that is not there', () => {
    const path = join(temporaryFolder(), 'gone', 'ledger.sqlite');
    expect(() => open(path)).toThrow(
      expect.objectContaining({ message: expect.stringContaining('ENOENT') as string }),
    );
  });
});
