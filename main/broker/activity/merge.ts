/**
 * What a cloud's log tells, merged with what is there: an event of a write of ours makes our row `seen`, everything else
 * becomes a row of its own, one per operation (its start and its end are two events of one).
 */
import type { ActivityKind } from '../../../shared/contract/activity.ts';
import type { VmId } from '../../../shared/domain/ids.ts';
import type { CloudEvent } from '../../clouds/cloud.ts';
import type { Database } from '../../os/ports.ts';
import type { ToldByCloud } from '../services.ts';
import { eventWords } from './words.ts';
import { insertRow } from './write.ts';

export interface Merged {
  /** Rows that are new or not what they were. */
  rows: number[];
  /** VMs whose summary may be another one now. */
  vms: VmId[];
}

const kinds: Record<CloudEvent['did'], ActivityKind> = {
  'rule-written': 'rule-written',
  'rule-removed': 'rule-removed',
  'gate-changed': 'changed',
  requested: 'request',
  'policy-changed': 'changed',
};

/** All or nothing. Throws DISK_FULL. */
export function mergeEvents(db: Database, told: ToldByCloud[]): Merged {
  const merged: Merged = { rows: [], vms: [] };
  db.transaction(() => {
    for (const one of told) {
      if (!seenHere(db, one.event, merged)) mergeForeign(db, one, merged);
    }
  });
  return merged;
}

/** True if the event is of a row of ours. */
function seenHere(db: Database, event: CloudEvent, merged: Merged): boolean {
  const key = event.correlation.toLowerCase();
  const rows = db.all('SELECT row, seen FROM activity_key WHERE key = ?', key);
  for (const { row, seen } of rows) {
    if (seen === 1) continue;
    const id = BigInt(Number(row));
    db.run('UPDATE activity_key SET seen = 1 WHERE key = ? AND row = ?', key, id);
    if (db.get('SELECT 1 AS one FROM activity_key WHERE row = ? AND seen = 0', id)) continue;
    db.run(`UPDATE activity SET in_cloud = 'seen', at = ? WHERE id = ?`, event.at, id);
    merged.rows.push(Number(row));
  }
  return rows.length > 0;
}

function mergeForeign(
  db: Database,
  { event, account, vm, vmName, grant, gateName = event.gateName }: ToldByCloud,
  merged: Merged,
): void {
  const { correlation, operation, resource, outcome } = event;
  const key = `${correlation} ${operation} ${resource}`.toLowerCase();
  const known = db.get('SELECT row FROM activity_key WHERE key = ?', key);
  const text = eventWords({ ...event, gateName });
  const approved = outcome !== 'failed' && isApproval(db, event, grant);
  if (known === undefined) {
    const row = {
      kind: kinds[event.did],
      at: event.at,
      origin: 'cloud' as const,
      inCloud: 'seen' as const,
      outcome: outcome === 'failed' ? ('failed' as const) : ('ok' as const),
      account,
      vm,
      vmName,
      grant,
      user: event.caller,
      client: event.client,
      ports: event.ports,
      source: event.source,
      reason: event.reason,
      correlation,
      text,
      approved,
    };
    const id = insertRow(db, row);
    db.run('INSERT INTO activity_key (key, row, seen) VALUES (?, ?, 1)', key, BigInt(id));
    merged.rows.push(id);
    if (approved && vm !== undefined) merged.vms.push(vm);
    return;
  }
  // The start says what was asked for, the end what came of it; they come in any order.
  const id = BigInt(Number(known.row));
  const saysMore = event.ports !== undefined || event.vms !== undefined;
  const { changes } = db.run(
    `UPDATE activity SET outcome = iif(?1, 'failed', outcome), approved = iif(?1, NULL, coalesce(approved, ?2)),
       text = iif(?3, ?4, text), vm = coalesce(vm, ?5), vm_name = coalesce(vm_name, ?6), grant_id = coalesce(grant_id, ?7),
       ports = coalesce(ports, ?8), source = coalesce(source, ?9), reason = coalesce(reason, ?10), client = coalesce(client, ?11)
     WHERE id = ?12 AND ((?1 AND outcome <> 'failed') OR (?3 AND (text <> ?4 OR ports IS NULL)))`,
    outcome === 'failed' ? 1 : 0,
    approved ? 1 : null,
    saysMore ? 1 : 0,
    text,
    vm ?? null,
    vmName ?? null,
    grant ?? null,
    event.ports ?? null,
    event.source ?? null,
    event.reason ?? null,
    event.client ?? null,
    id,
  );
  if (changes === 0) return;
  merged.rows.push(Number(known.row));
  if (vm !== undefined) merged.vms.push(vm);
}

/** A request to Defender, or the first that is heard of a grant of another Latchkey. */
function isApproval(db: Database, event: CloudEvent, grant: ToldByCloud['grant']): boolean {
  if (event.did === 'requested') return true;
  if (event.did !== 'rule-written' || grant === undefined) return false;
  return db.get('SELECT 1 AS one FROM activity WHERE grant_id = ? AND approved = 1', grant) === undefined;
}
