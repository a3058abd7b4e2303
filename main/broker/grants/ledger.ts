/**
 * The grants' part of the ledger: what is meant is written here before a cloud is touched, and what came of it after.
 * Every method is durable when it returns. Throws DISK_FULL; then nothing of that call was written.
 */
import type { AccountId, GateId, GrantId, VmId } from '../../../shared/domain/ids.ts';
import type { RuleOrder } from '../../clouds/cloud.ts';
import type { Database, SqlValue } from '../../os/ports.ts';
import {
  type GrantRecord,
  grantFromRow,
  liveStates,
  type RuleRecord,
  ruleFromRow,
  shareKey,
} from './records.ts';

const live = liveStates.map(state => `'${state}'`).join(',');

export interface Ledger {
  /** Writes a grant and, for each order, the rule that will carry it: one that is shared or a new one in `writing`. */
  insert(grant: GrantRecord, orders: RuleOrder[], found?: { names: string[]; writtenEnd: number }): void;
  grant(id: GrantId): GrantRecord | undefined;
  /** Live ones, and with `since` also those that ended after it. Newest first. */
  grants(since?: number): GrantRecord[];
  liveOn(vm: VmId): GrantRecord[];
  updateGrant(id: GrantId, change: Partial<GrantRecord>): GrantRecord;
  rule(id: number): RuleRecord | undefined;
  rulesOf(grant: GrantId): RuleRecord[];
  grantsOf(rule: number): GrantRecord[];
  /** Rules that may stand in a cloud. */
  liveRules(): RuleRecord[];
  ruleNamed(gate: GateId, name: string): RuleRecord | undefined;
  updateRule(id: number, change: Partial<RuleRecord>): void;
  /** Several changes, all or nothing. */
  together<T>(work: () => T): T;
  hasLive(account: AccountId): boolean;
}

export function createLedger(db: Database): Ledger {
  const ledger: Ledger = {
    insert(grant, orders, found) {
      insertGrant(db, grant);
      for (const order of orders) {
        const share = shareKey(order);
        const shared = found
          ? undefined
          : db.get(
              `SELECT id FROM rules WHERE share = ? AND account = ? AND state IN ('writing', 'standing')`,
              share,
              grant.account,
            );
        const rule = shared
          ? Number(shared.id)
          : db.run(
              `INSERT INTO rules (account, gate, share, rule_order, state, names, written_end, standing_since) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
              grant.account,
              order.gate,
              share,
              JSON.stringify(order),
              found ? 'standing' : 'writing',
              JSON.stringify(found?.names ?? []),
              found?.writtenEnd ?? null,
              found ? grant.requestedAt : null,
            ).lastId;
        db.run(`INSERT INTO rule_grants (rule, grant_id) VALUES (?, ?)`, rule, grant.id);
      }
    },
    grant(id) {
      const row = db.get(`SELECT * FROM grants WHERE id = ?`, id);
      return row && grantFromRow(row);
    },
    grants(since) {
      const rows =
        since === undefined
          ? db.all(`SELECT * FROM grants WHERE state IN (${live}) ORDER BY requested_at DESC, rowid DESC`)
          : db.all(
              `SELECT * FROM grants WHERE state IN (${live}) OR requested_at >= ? ORDER BY requested_at DESC, rowid DESC`,
              since,
            );
      return rows.map(grantFromRow);
    },
    liveOn(vm) {
      return db
        .all(`SELECT * FROM grants WHERE state IN (${live}) AND vm = ? ORDER BY requested_at`, vm)
        .map(grantFromRow);
    },
    updateGrant(id, change) {
      update(db, 'grants', grantColumns, id, change);
      const row = db.get(`SELECT * FROM grants WHERE id = ?`, id);
      if (!row) throw new Error(`no grant ${id} in the ledger`);
      return grantFromRow(row);
    },
    rule(id) {
      const row = db.get(`SELECT * FROM rules WHERE id = ?`, id);
      return row && ruleFromRow(row);
    },
    rulesOf(grant) {
      return db
        .all(
          `SELECT rules.* FROM rules JOIN rule_grants ON rule = rules.id WHERE grant_id = ? ORDER BY rules.id`,
          grant,
        )
        .map(ruleFromRow);
    },
    grantsOf(rule) {
      return db
        .all(`SELECT grants.* FROM grants JOIN rule_grants ON grant_id = grants.id WHERE rule = ?`, rule)
        .map(grantFromRow);
    },
    liveRules() {
      return db
        .all(`SELECT * FROM rules WHERE state IN ('writing', 'standing', 'foreign', 'removing')`)
        .map(ruleFromRow);
    },
    ruleNamed(gate, name) {
      return ledger.liveRules().find(rule => rule.gate === gate && rule.names.includes(name));
    },
    updateRule(id, change) {
      update(db, 'rules', ruleColumns, id, change);
    },
    together: work => db.transaction(work),
    hasLive(account) {
      return (
        db.get(`SELECT 1 AS one FROM grants WHERE account = ? AND state IN (${live}) LIMIT 1`, account) !==
        undefined
      );
    },
  };
  return ledger;
}

function insertGrant(db: Database, grant: GrantRecord): void {
  db.run(
    `INSERT INTO grants (id, vm, vm_name, cloud, account, owner, state, ports, sources, reason, requested_at, opened_at, ends_at, adopted, notes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    grant.id,
    grant.vm,
    grant.vmName,
    grant.cloud,
    grant.account,
    grant.owner,
    grant.state,
    JSON.stringify(grant.ports),
    JSON.stringify(grant.sources),
    grant.reason ?? null,
    grant.requestedAt,
    grant.openedAt ?? null,
    grant.endsAt,
    grant.adopted ? 1 : 0,
    JSON.stringify(grant.notes),
  );
}

const grantColumns: Partial<Record<keyof GrantRecord, string>> = {
  state: 'state',
  openedAt: 'opened_at',
  endsAt: 'ends_at',
  extendingTo: 'extending_to',
  closedAt: 'closed_at',
  notes: 'notes',
  error: 'error',
  cause: 'cause',
};
const ruleColumns: Partial<Record<keyof RuleRecord, string>> = {
  order: 'rule_order',
  names: 'names',
  foreign: 'foreign_names',
  state: 'state',
  writtenEnd: 'written_end',
  standingSince: 'standing_since',
};

/** `undefined` in `change` clears the column; a key that is absent is left alone. */
function update<T extends object>(
  db: Database,
  table: string,
  columns: Partial<Record<keyof T, string>>,
  id: SqlValue,
  change: Partial<T>,
): void {
  const keys = (Object.keys(change) as (keyof T)[]).filter(key => columns[key] !== undefined);
  if (keys.length === 0) return;
  const sets = keys.map(key => `${columns[key]} = ?`).join(', ');
  db.run(`UPDATE ${table} SET ${sets} WHERE id = ?`, ...keys.map(key => toSql(change[key])), id);
}

function toSql(value: unknown): SqlValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number') return value;
  return JSON.stringify(value);
}
