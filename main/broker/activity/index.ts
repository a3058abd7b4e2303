/**
 * Activity: the local history of every request, grant, rule change, connection and failure. Rows are only ever added;
 * ids grow in the order of writing, and every list is in that order, newest first.
 */
import type { ActivityRow } from '../../../shared/contract/activity.ts';
import type { Database, Os } from '../../os/ports.ts';
import { createChanges } from '../changes.ts';
import type { Activity, NewActivity } from '../services.ts';
import { csvOf } from './csv.ts';
import { newest, page, rowsAfter } from './query.ts';
import { createSummaries } from './summary.ts';

export function createActivity(deps: { db: Database; os: Pick<Os, 'clock' | 'log' | 'userName'> }): Activity {
  const { db, os } = deps;
  const written = createChanges<undefined>();
  const summaries = createSummaries(db, os.clock);

  function insert(row: NewActivity, at: number): void {
    db.run(
      `INSERT INTO activity (at, kind, outcome, vm, vm_name, account, grant_id, user, ports, source, text, reason, correlation, error)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      at,
      row.kind,
      row.outcome ?? 'ok',
      row.vm ?? null,
      row.vmName ?? null,
      row.account ?? null,
      row.grant ?? null,
      os.userName,
      row.ports ?? null,
      row.source ?? null,
      row.text,
      row.reason ?? null,
      row.correlation ?? null,
      row.error ? JSON.stringify(row.error) : null,
    );
  }

  return {
    write(row) {
      const at = os.clock.now();
      try {
        insert(row, at);
      } catch (error) {
        os.log.error({ error, kind: row.kind, vm: row.vm, text: row.text }, 'activity could not be written');
        return;
      }
      summaries.count(row, at, os.userName);
      written.tell(undefined);
    },
    list: filter => page(db, filter),
    csv: filter => csvOf(db, filter),
    watch: signal => watch(signal),
    summary: vm => summaries.of(vm),
  };

  /** Reads on from the last row told, so that a slow reader misses none and nothing piles up for it. */
  async function* watch(signal: AbortSignal): AsyncGenerator<ActivityRow> {
    let last = newest(db);
    for await (const _ of written.follow(signal, () => undefined)) {
      for (;;) {
        const rows = rowsAfter(db, last, 500);
        for (const row of rows) {
          if (signal.aborted) return;
          yield row;
          last = row.id;
        }
        if (rows.length < 500) break;
      }
    }
  }
}
