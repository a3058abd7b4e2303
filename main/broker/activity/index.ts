/**
 * Activity: the history of every request, grant, rule change, connection and failure: what this Latchkey did, merged with
 * what the clouds' own logs tell. Ids grow with the cloud's time, and every list is in that order, newest first.
 */
import type { ActivityRow } from '../../../shared/contract/activity.ts';
import { type AccountId, parseAccountId } from '../../../shared/domain/ids.ts';
import type { Database, Os } from '../../os/ports.ts';
import { createChanges } from '../changes.ts';
import type { Activity } from '../services.ts';
import { csvOf } from './csv.ts';
import { mergeEvents } from './merge.ts';
import { page, rowsOf } from './query.ts';
import { createSummaries } from './summary.ts';
import { writeLocal } from './write.ts';

/** An answer that was long on its way tells a wrong time: less than this is no difference (it is also not told to anybody). */
const blurMs = 60_000;

/** What rows need to know of an account's cloud. */
export interface ActivityClouds {
  /** Milliseconds its clock is ahead of this computer's; 0 where that is not known. */
  offset(account: AccountId): number;
  /** Is its log read? Then rows wait to be seen in it. */
  isLogRead(account: AccountId): boolean;
}

/** `clouds`: without it every time is this computer's, and nothing waits to be seen in a cloud. */
export function createActivity(deps: {
  db: Database;
  os: Pick<Os, 'clock' | 'log' | 'userName'>;
  clouds?: ActivityClouds;
}): Activity {
  const { db, os, clouds } = deps;
  /** Ids of rows that are new or changed. */
  const written = createChanges<number[]>();
  const summaries = createSummaries(db, os.clock);
  const offsets = new Map<AccountId, number>();

  /** Steady, so that rows written one after the other stay so: each answer of a cloud tells its time a little differently. */
  function offsetOf(account: AccountId): number {
    const told = clouds?.offset(account) ?? 0;
    const before = offsets.get(account) ?? 0;
    if (Math.abs(told - before) > blurMs) offsets.set(account, Math.round(told / 1000) * 1000);
    return offsets.get(account) ?? 0;
  }

  return {
    write(row) {
      const { account } = row;
      const at = os.clock.now() + (account === undefined ? 0 : offsetOf(account));
      const approved = row.kind === 'opened';
      const awaited =
        account !== undefined && row.kind !== 'changed' && (clouds?.isLogRead(account) ?? false);
      try {
        const { id, gone } = writeLocal(db, { ...row, at, user: row.user ?? os.userName, approved }, awaited);
        if (gone.length > 0) summaries.forget();
        else if (approved && row.vm !== undefined) summaries.count(row.vm, at, os.userName);
        summaries.note(row, at);
        written.tell([id]);
      } catch (error) {
        os.log.error({ error, kind: row.kind, vm: row.vm, text: row.text }, 'activity could not be written');
      }
    },
    merge(told) {
      const { rows, vms } = mergeEvents(db, told);
      if (vms.length > 0) summaries.forget();
      if (rows.length > 0) written.tell(rows);
      return { vms };
    },
    awaitedSince(at) {
      const rows = db.all(
        `SELECT DISTINCT account FROM activity_key JOIN activity ON activity.id = row
         WHERE seen = 0 AND at >= ? AND in_cloud = 'awaited' AND account IS NOT NULL`,
        at,
      );
      return rows.map(({ account }) => parseAccountId(String(account)));
    },
    list: filter => page(db, filter),
    csv: filter => csvOf(db, filter),
    watch: signal => watch(signal),
    summary: vm => summaries.of(vm),
  };

  /** A slow reader misses none, and nothing but ids piles up for it. */
  async function* watch(signal: AbortSignal): AsyncGenerator<ActivityRow> {
    const news = new Set<number>();
    using _listening = written.on(ids => {
      for (const id of ids) news.add(id);
    });
    for await (const _ of written.follow(signal, () => undefined)) {
      while (news.size > 0) {
        const ids = [...news.values().take(500)];
        for (const id of ids) news.delete(id);
        for (const row of rowsOf(db, ids)) {
          if (signal.aborted) return;
          yield row;
        }
      }
    }
  }
}
