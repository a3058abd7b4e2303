import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openStore } from '../../main/broker/store.ts';
import { startHost } from '../../main/host.ts';
import { createTestOs } from '../fakes/os.ts';
import { temporaryFolder } from '../fakes/temporaryFolder.ts';

async function filledStore() {
  const { os, dataDirectory } = createTestOs();
  const { db } = await openStore(os, dataDirectory);
  db.transaction(() => {
    for (let n = 0; n < 300; n++) {
      db.run(
        `INSERT INTO grants (id, vm, vm_name, cloud, account, owner, state, ports, sources, requested_at, ends_at)
         VALUES (?, ?, ?, 'azure', 'practice-azure', 'jo', 'open', '[{"port":22,"protocol":"tcp"}]', '["203.0.113.7/32"]', ?, ?)`,
        `grant${n}`,
        `vm-${n}`,
        `vm ${n}`,
        n,
        n,
      );
    }
  });
  db[Symbol.dispose]();
  return { os, dataDirectory, path: join(dataDirectory, 'ledger.sqlite') };
}

const overwrite = (path: string, at: number, bytes: string | Uint8Array) => {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from(bytes), 0, undefined, at);
  closeSync(file);
};

const replaced = (path: string, from: string, to: string) =>
  Buffer.from(readFileSync(path, 'latin1').replaceAll(from, to), 'latin1');

test.each<[string, (path: string) => void]>([
  ['bytes in the middle', path => overwrite(path, 4096 * 12 + 100, Buffer.alloc(6000, 0xa5))],
  ['the header', path => overwrite(path, 0, 'not SQLite at all, is it')],
  ['cut in half', path => truncateSync(path, readFileSync(path).length >> 1)],
  ['cut to a few bytes', path => truncateSync(path, 40)],
  ['another file altogether', path => writeFileSync(path, 'grants: many\n'.repeat(1000))],
  ['inside a row', path => writeFileSync(path, replaced(path, '[{"port":22', '{["port":22'))],
  ['a state that is none', path => writeFileSync(path, replaced(path, 'joopen', 'jonope'))],
])('a damaged ledger is set aside as it is, and a new one begun: %s', async (_name, damage) => {
  const { os, dataDirectory, path } = await filledStore();
  damage(path);
  const damaged = readFileSync(path);
  const { db, setAside, begunAnew } = await openStore(os, dataDirectory);
  expect(setAside).toContain('ledger.damaged-');
  expect(readFileSync(setAside ?? '')).toEqual(damaged);
  expect(begunAnew).toBe(os.clock.now());
  expect(db.get('SELECT count(*) AS n FROM grants')).toEqual({ n: 0 });
  db[Symbol.dispose]();
  // It is remembered at the next start, and a second loss overwrites nothing either.
  await os.clock.advance(60_000);
  const again = await openStore(os, dataDirectory);
  expect(again).toMatchObject({ setAside: undefined, begunAnew: os.clock.now() - 60_000 });
  again.db[Symbol.dispose]();
  writeFileSync(path, 'no');
  const third = await openStore(os, dataDirectory);
  third.db[Symbol.dispose]();
  expect(readdirSync(dataDirectory).filter(name => /^ledger\.damaged-.*\.sqlite$/.test(name))).toHaveLength(
    2,
  );
});

test('a sound ledger is kept, and so is one that a broker left without closing it', async () => {
  const { os, dataDirectory } = await filledStore();
  const first = await openStore(os, dataDirectory);
  first.db.run(`UPDATE grants SET owner = 'mo' WHERE id = 'grant7'`);
  // Not disposed: its writes are in the write-ahead log only.
  const { db, setAside, begunAnew } = await openStore(os, dataDirectory);
  expect([setAside, begunAnew]).toEqual([undefined, undefined]);
  expect(db.get(`SELECT owner FROM grants WHERE id = 'grant7'`)).toEqual({ owner: 'mo' });
  db[Symbol.dispose]();
  first.db[Symbol.dispose]();
});

test('an empty file is a lost ledger, a missing one is a first start', async () => {
  const { os, dataDirectory } = createTestOs();
  const first = await openStore(os, dataDirectory);
  expect(first.begunAnew).toBeUndefined();
  first.db[Symbol.dispose]();
  writeFileSync(join(dataDirectory, 'ledger.sqlite'), '');
  const second = await openStore(os, dataDirectory);
  expect(second).toMatchObject({ setAside: undefined, begunAnew: os.clock.now() });
  second.db[Symbol.dispose]();
});

test('a newer ledger is refused and not touched', async () => {
  const { os, dataDirectory, path } = await filledStore();
  const db = os.databases.open(path);
  db.run('PRAGMA user_version = 999');
  db[Symbol.dispose]();
  const before = readFileSync(path);
  await expect(openStore(os, dataDirectory)).rejects.toMatchObject({
    code: 'LEDGER_NEWER',
    fix: expect.stringContaining('Update'),
  });
  expect(readFileSync(path)).toEqual(before);
  expect(readdirSync(dataDirectory).filter(name => name.startsWith('ledger'))).toEqual(['ledger.sqlite']);
});

test('what does not fit into a column is refused', async () => {
  const { os, dataDirectory } = await filledStore();
  const { db } = await openStore(os, dataDirectory);
  expect(() => db.run(`UPDATE grants SET state = 'ajar'`)).toThrow();
  expect(() => db.run(`UPDATE grants SET ports = '[22'`)).toThrow();
  db[Symbol.dispose]();
});

test('a second broker on the same data directory is refused; the first one does not notice', async () => {
  const dataDirectory = temporaryFolder();
  const first = await startHost({ dataDirectory, kind: 'headless' });
  try {
    await expect(startHost({ dataDirectory, kind: 'headless' })).rejects.toMatchObject({
      code: 'BROKER_RUNNING',
      fix: expect.stringContaining('--data-dir'),
    });
    expect((await first.client.grants.list({})).grants).toEqual([]);
  } finally {
    await first.stop();
  }
  const next = await startHost({ dataDirectory, kind: 'headless' });
  await next.stop();
});
