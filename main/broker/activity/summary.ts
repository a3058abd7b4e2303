/** What the list of VMs says about each VM's history: approved requests per day and the last access, each with its source. */
import type { ValueSource } from '../../../shared/contract/vms.ts';
import type { VmId } from '../../../shared/domain/ids.ts';
import type { Clock, Database, Instant } from '../../os/ports.ts';
import type { NewActivity, VmSummary } from '../services.ts';
import { firstIdAt } from './ids.ts';

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

type Change = NonNullable<VmSummary['changed']>;

const sourceOf = (origin: unknown): ValueSource => (origin === 'cloud' ? 'activity-log' : 'ledger');

/**
 * All summaries, read in one go when the first is asked for and counted on as rows are written: a list of 50,000 VMs
 * asks for every one of them.
 */
export function createSummaries(db: Database, clock: Clock) {
  let known: Map<string, Summary> | undefined;
  let changes: Map<string, Change> | undefined;

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

  function loadChanges(): Map<string, Change> {
    const found = new Map<string, Change>();
    const since = firstIdAt(clock.now() - days * day);
    const rows = db.all(
      `SELECT kind, vm, max(id) AS id, at, text FROM activity
       WHERE kind IN ('changed', 'lock', 'unlock') AND id >= ? AND origin = 'local' AND outcome = 'ok'
         AND vm IS NOT NULL AND grant_id IS NULL GROUP BY vm`,
      since,
    );
    for (const row of rows)
      if (row.kind === 'changed') found.set(String(row.vm), { at: Number(row.at), text: String(row.text) });
    return found;
  }

  function changeOf(vm: VmId): Change | undefined {
    changes ??= loadChanges();
    const change = changes.get(vm);
    return change && change.at >= clock.now() - days * day ? change : undefined;
  }

  return {
    of(vm: VmId): VmSummary {
      known ??= load();
      const summary = known.get(vm);
      const changed = changeOf(vm);
      if (!summary) return { week: Array.from({ length: days }, () => 0), requestsFrom: 'ledger', changed };
      const today = Math.floor(clock.now() / day);
      const week = Array.from({ length: days }, (_, index) => {
        return summary.perDay.get(today - days + 1 + index) ?? 0;
      });
      return {
        week,
        requestsFrom: summary.lastCloudDay > today - days ? 'activity-log' : 'ledger',
        last: { at: summary.lastAccess, user: summary.lastUser, from: summary.lastFrom },
        changed,
      };
    },
    /** Takes a row that was just written: what others changed is told until we lock or unlock. */
    note(row: NewActivity, at: Instant): void {
      if (row.vm === undefined || row.grant !== undefined || row.outcome === 'failed') return;
      if (row.kind === 'changed') changes?.set(row.vm, { at, text: row.text });
      else if (row.kind === 'lock' || row.kind === 'unlock') changes?.delete(row.vm);
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
