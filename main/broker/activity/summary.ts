/** What the list of VMs says about each VM's history: approved requests per day and the last access, each with its source. */
import type { ValueSource } from '../../../shared/contract/vms.ts';
import type { VmId } from '../../../shared/domain/ids.ts';
import type { Clock, Database, Instant } from '../../os/ports.ts';
import type { VmSummary } from '../services.ts';

const day = 86_400_000;
const days = 7;

interface Summary {
  /** Approved requests by day, counted from 1970 in UTC. */
  perDay: Map<number, number>;
  /** The last day on which one of them was only known from the cloud's log. */
  lastCloudDay: number;
  lastAccess: Instant;
  lastUser: string;
  lastFrom: ValueSource;
}

const sourceOf = (origin: unknown): ValueSource => (origin === 'cloud' ? 'activity-log' : 'ledger');

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
      `SELECT vm, max(at) AS at, user, origin FROM activity WHERE approved = 1 AND vm IS NOT NULL GROUP BY vm`,
    )) {
      summaries.set(String(row.vm), {
        perDay: new Map(),
        lastCloudDay: 0,
        lastAccess: Number(row.at),
        lastUser: String(row.user),
        lastFrom: sourceOf(row.origin),
      });
    }
    const since = (Math.floor(clock.now() / day) - days + 1) * day;
    for (const row of db.each(
      `SELECT vm, at / ${day} AS day, count(*) AS opened, sum(origin = 'cloud') AS cloud FROM activity
       WHERE approved = 1 AND vm IS NOT NULL AND at >= ? GROUP BY vm, at / ${day}`,
      since,
    )) {
      const summary = summaries.get(String(row.vm));
      summary?.perDay.set(Number(row.day), Number(row.opened));
      if (summary && Number(row.cloud) > 0) summary.lastCloudDay = Number(row.day);
    }
    return summaries;
  }

  return {
    of(vm: VmId): VmSummary {
      known ??= load();
      const summary = known.get(vm);
      if (!summary) return { week: Array.from({ length: days }, () => 0), requestsFrom: 'ledger' };
      const today = Math.floor(clock.now() / day);
      const week = Array.from({ length: days }, (_, index) => {
        return summary.perDay.get(today - days + 1 + index) ?? 0;
      });
      return {
        week,
        requestsFrom: summary.lastCloudDay > today - days ? 'activity-log' : 'ledger',
        last: { at: summary.lastAccess, user: summary.lastUser, from: summary.lastFrom },
      };
    },
    /** Counts an approved request of this Latchkey that was just written. */
    count(vm: VmId, at: Instant, user: string): void {
      if (!known) return;
      const before = known.get(vm);
      const perDay = before?.perDay ?? new Map<number, number>();
      const today = Math.floor(at / day);
      perDay.set(today, (perDay.get(today) ?? 0) + 1);
      const lastCloudDay = before?.lastCloudDay ?? 0;
      known.set(vm, { perDay, lastCloudDay, lastAccess: at, lastUser: user, lastFrom: 'ledger' });
    },
    /** What was read in a cloud's log may be of any time: all is read anew when next asked for. */
    forget(): void {
      known = undefined;
    },
  };
}
