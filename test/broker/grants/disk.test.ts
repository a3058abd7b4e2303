/** A full disk: no door opens without a note, none stays open for want of one, and all agrees once there is room. */
import { expect, test } from 'vitest';
import type { Databases } from '../../../main/os/ports.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { now, once, open, sides, startWorld, type TestBroker, told, type World } from './world.ts';

const minute = 60_000;

/** A disk that takes so many more writes, then `refuses` so many. */
function createDisk() {
  const disk = {
    room: Number.POSITIVE_INFINITY,
    refuses: 0,
    databases: (real: Databases): Databases => ({
      open(path) {
        const db = real.open(path);
        let inside = false;
        const write = <T>(work: () => T): T => {
          if (inside) return work();
          if (disk.room-- > 0) return work();
          if (disk.refuses-- <= 0) return work();
          throw new LatchkeyError({ code: 'DISK_FULL', message: 'The disk is full.', fix: 'Make room.' });
        };
        return {
          ...db,
          [Symbol.dispose]: () => db[Symbol.dispose](),
          run: (sql, ...values) => write(() => db.run(sql, ...values)),
          transaction: work =>
            write(() =>
              db.transaction(() => {
                inside = true;
                try {
                  return work();
                } finally {
                  inside = false;
                }
              }),
            ),
        };
      },
    }),
    /** Full after `room` more writes, for one write or until `empty`. */
    fill(room: number, refuses: number) {
      disk.room = room;
      disk.refuses = refuses;
    },
    empty: () => disk.fill(Number.POSITIVE_INFINITY, 0),
  };
  return disk;
}

async function start(): Promise<{ world: World; broker: TestBroker; disk: ReturnType<typeof createDisk> }> {
  const world = await startWorld();
  const disk = createDisk();
  return { world, disk, broker: await world.broker({ databases: disk.databases }) };
}

/** Every try that waits is made, then nothing but what is open stands. */
async function settle(world: World, broker: TestBroker): Promise<void> {
  await world.clock.advance(minute);
  await world.quiet();
  for (const { id, state } of broker.grants.list(true)) {
    if (state !== 'open') await once(broker, id, grant => ['closed', 'failed'].includes(grant.state));
  }
}

test.each(sides.map((side, n) => ({ ...side, refuses: [1, 99][n] ?? 1 })))(
  'opening in $cloud, full at every write, $refuses times',
  async ({ vm, refuses }) => {
    const { world, broker, disk } = await start();
    let refused = 0;
    for (let room = 0; ; room++) {
      disk.fill(room, refuses);
      const result = await open(broker, vm, { forMs: 30 * minute }).catch((error: unknown) => error);
      const met = disk.room < 0;
      if (result instanceof LatchkeyError) {
        expect(result.code, `after ${room} writes`).toBe('DISK_FULL');
        expect(await world.standing(), `after ${room} writes`).toEqual([]);
        for (const grant of broker.grants.list(false)) expect(grant.state).not.toBe('open');
        refused++;
      } else {
        expect(await world.standing()).toHaveLength(1);
      }
      disk.empty();
      await settle(world, broker);
      await broker.grants.revoke({ all: true });
      expect(await world.standing()).toEqual([]);
      expect(broker.broker.services.grants.list(false).every(({ state }) => state !== 'stuck')).toBe(true);
      if (!met) break;
    }
    expect(refused).toBeGreaterThanOrEqual(4);
  },
);

test.each(sides)('closing in $cloud, full at every write: the door is shut at once', async ({ vm }) => {
  const { world, broker, disk } = await start();
  for (let room = 0; ; room++) {
    const grant = await open(broker, vm, { forMs: 30 * minute });
    disk.fill(room, 99);
    const [revoked] = await broker.grants.revoke({ grants: [grant.id] });
    expect(await world.standing(), `after ${room} writes`).toEqual([]);
    const met = disk.room < 0;
    if (revoked?.state !== 'closed')
      expect(revoked).toMatchObject({ state: 'closing', error: { code: 'DISK_FULL' } });
    await expect(broker.grants.extend(grant.id, { byMs: minute })).rejects.toMatchObject({
      code: 'GRANT_OVER',
    });
    disk.empty();
    await settle(world, broker);
    expect(now(broker, grant.id)).toMatchObject({ state: 'closed', error: undefined });
    if (!met) break;
    expect(room).toBeLessThan(20);
  }
  expect(told(broker)).not.toContain('stuck!');
});

test.each(sides)('its time is over while the disk is full in $cloud', async ({ vm }) => {
  const { world, broker, disk } = await start();
  const grant = await open(broker, vm, { forMs: minute });
  disk.fill(0, Number.POSITIVE_INFINITY);
  // The cloud's time is known to the second.
  await world.clock.advance(minute + 3_000);
  await world.quiet();
  expect(await world.standing()).toEqual([]);
  const before = world.clock.timersSet();
  await world.clock.advance(10 * minute);
  await world.quiet();
  expect(world.clock.timersSet() - before).toBeLessThan(500);
  disk.empty();
  await settle(world, broker);
  expect(now(broker, grant.id).state).toBe('closed');
  expect(told(broker).at(-1)).toBe('expired');
});

test.each(sides.map((side, n) => ({ ...side, refuses: [1, 99][n] ?? 1 })))(
  'extending in $cloud, full at every write, $refuses times: it ends when it was told to',
  async ({ vm, refuses }) => {
    const { world, broker, disk } = await start();
    for (let room = 0; ; room++) {
      const grant = await open(broker, vm, { forMs: 10 * minute });
      disk.fill(room, refuses);
      const result = await broker.grants
        .extend(grant.id, { byMs: 60 * minute })
        .catch((error: LatchkeyError) => error);
      const met = disk.room < 0;
      const failed = result instanceof LatchkeyError;
      if (failed) expect(result.code).toBe('DISK_FULL');
      if (room % 2 === 0) disk.empty();
      expect(now(broker, grant.id).endsAt).toBe(failed ? grant.endsAt : result.endsAt);
      await world.clock.advance(11 * minute);
      await world.quiet();
      expect(await world.standing(), `after ${room} writes`).toHaveLength(failed ? 0 : 1);
      disk.empty();
      await broker.grants.revoke({ all: true });
      await settle(world, broker);
      expect(await world.standing()).toEqual([]);
      if (!met) break;
    }
  },
);

test('SQLite itself out of pages', async () => {
  const world = await startWorld();
  let limit = (_pages: number) => {};
  const broker = await world.broker({
    databases: real => ({
      open(path) {
        const db = real.open(path);
        limit = pages => void db.get(`PRAGMA max_page_count = ${pages}`);
        return db;
      },
    }),
  });
  const grant = await open(broker, 'sql-prod-1');
  limit(1);
  const reason = 'x'.repeat(500);
  let error: unknown;
  for (let n = 1; n < 60 && !error; n++) {
    error = await open(broker, 'pay-db', { sources: [`198.51.100.${n}`], reason, forMs: 20 * minute })
      .catch((thrown: unknown) => thrown)
      .then(result => (result instanceof LatchkeyError ? result : undefined));
  }
  expect(error).toMatchObject({ code: 'DISK_FULL', fix: expect.any(String) });
  await broker.grants.revoke({ all: true });
  expect(await world.standing()).toEqual([]);
  limit(1_000_000);
  await settle(world, broker);
  expect(now(broker, grant.id).state).toBe('closed');
  expect(await world.standing()).toEqual([]);
});
