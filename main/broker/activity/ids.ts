/**
 * Ids of rows: time first, so that rows read by id are in the order of time, also those that a cloud's log tells later.
 * 2,048 rows of one millisecond have room; safe integers last until the year 2109.
 */
import type { Database, Instant } from '../../os/ports.ts';

const perMs = 2048;

/** The least id that a row of this instant or later may have. An integer to SQLite. */
export function firstIdAt(at: Instant): bigint {
  return BigInt(Math.floor(at)) * BigInt(perMs);
}

/** A free id for a row of this instant, behind those of the same millisecond. */
export function freeId(db: Database, at: Instant): number {
  for (let ms = at; ; ms++) {
    const first = firstIdAt(ms);
    const last = db.get(
      'SELECT max(id) AS id FROM activity WHERE id >= ? AND id < ?',
      first,
      firstIdAt(ms + 1),
    )?.id;
    if (last === null || last === undefined) return Number(first);
    if (Number(last) + 1 < firstIdAt(ms + 1)) return Number(last) + 1;
  }
}
