/** What the list of VMs says about each VM's history: requests per day and the last access. */
import type { VmId } from '../../../shared/domain/ids.ts';
import type { Clock, Database, Instant } from '../../os/ports.ts';
import type { NewActivity } from '../services.ts';

const day = 86_400_000;
const days = 7;

interface Summary {
  /** Opened grants by day, counted from 1970 in UTC. */
  perDay: Map<number, number>;
  lastAccess: Instant;
  lastUser: string;
}

/**
 * All summaries, read in one go when the first is asked for and counted on as rows are written: a list of 50,000 VMs
 * asks for every one of them.
 */
export function createSummaries(db: Database, clock: Clock) {
  let known: Map<string, Summary> | undefined;

  function load(): Map<string, Summary> {
    const summaries = new Map<string, Summary>();
    // The columns beside max() are those of the row it found.
    for (const row of db.each(
      `SELECT vm, max(at) AS at, user FROM activity WHERE kind = 'opened' AND vm IS NOT NULL GROUP BY vm`,
    )) {
      summaries.set(String(row.vm), {
        perDay: new Map(),
        lastAccess: Number(row.at),
        lastUser: String(row.user),
      });
    }
    const since = (Math.floor(clock.now() / day) - days + 1) * day;
    for (const row of db.each(
      `SELECT vm, at / ${day} AS day, count(*) AS opened FROM activity
       WHERE kind = 'opened' AND vm IS NOT NULL AND at >= ? GROUP BY vm, at / ${day}`,
      since,
    )) {
      summaries.get(String(row.vm))?.perDay.set(Number(row.day), Number(row.opened));
    }
    return summaries;
  }

  return {
    of(vm: VmId): { week: number[]; lastAccess?: Instant; lastUser?: string } {
      known ??= load();
      const summary = known.get(vm);
      if (!summary) return { week: Array.from({ length: days }, () => 0) };
      const today = Math.floor(clock.now() / day);
      const week = Array.from({ length: days }, (_, index) => {
        return summary.perDay.get(today - days + 1 + index) ?? 0;
      });
      return { week, lastAccess: summary.lastAccess, lastUser: summary.lastUser };
    },
    /** Counts a row that was just written. */
    count(row: NewActivity, at: Instant, user: string): void {
      if (!known || row.kind !== 'opened' || row.vm === undefined) return;
      const perDay = known.get(row.vm)?.perDay ?? new Map<number, number>();
      const today = Math.floor(at / day);
      perDay.set(today, (perDay.get(today) ?? 0) + 1);
      known.set(row.vm, { perDay, lastAccess: at, lastUser: user });
    },
  };
}
