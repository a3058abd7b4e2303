/**
 * The grants' part of the ledger: what is meant is written here before a cloud is touched, and what came of it after.
 * Every method is durable when it returns. Throws DISK_FULL; then nothing of that call was written.
 */
import type { AccountId, GateId, GrantId, VmId } from '../../../shared/domain/ids.ts';
import { liveStates } from '../../../shared/domain/live.ts';
import type { FoundRule, RuleOrder } from '../../clouds/cloud.ts';
import type { Database, SqlValue } from '../../os/ports.ts';
import {
  endFromRow,
  type GrantRecord,
  grantFromRow,
  type RuleRecord,
  ruleFromRow,
  shareKey,
} from './records.ts';

const live = liveStates.map(state => `'${state}'`).join(',');

export interface Ledger {
  /** Writes a grant and, for each order, the rule that will carry it: one that is shared or a new one in `writing`. */
  insert(grant: GrantRecord, orders: RuleOrder[]): void;
  /** Writes a rule that was found standing, and the grant if it is not there yet. */
  adopt(grant: GrantRecord, order: RuleOrder, found: Pick<FoundRule, 'name' | 'endpoints'>): void;
  grant(id: GrantId): GrantRecord | undefined;
  /** Live ones, and with `since` also those that ended after it. Newest first. */
  grants(since?: number): GrantRecord[];
  liveOn(vm: VmId): GrantRecord[];
  /** Of those that want their rules to stand only what tells their ends: asked for often. */
  ends(): Pick<GrantRecord, 'id' | 'account' | 'state' | 'endsAt' | 'extendingTo'>[];
  updateGrant(id: GrantId, change: Partial<GrantRecord>): GrantRecord;
  rule(id: number): RuleRecord | undefined;
  rulesOf(grant: GrantId): RuleRecord[];
  grantsOf(rule: number): GrantRecord[];
  /** Rules that may stand in a cloud. */
  liveRules(): RuleRecord[];
  /** Is this rule of a gate one that a live rule here is about: by its name, or by the mark that is perhaps just being written? */
  knows(gate: GateId, name: string, mark: GrantId): boolean;
  updateRule(id: number, change: Partial<RuleRecord>): void;
  /** Several changes, all or nothing. */
  together<T>(work: () => T): T;
}

export function createLedger(db: Database): Ledger {
  const ledger: Ledger = {
    insert(grant, orders) {
      insertGrant(db, grant);
      for (const order of orders) {
        const shared = db.get(
          `SELECT id FROM rules WHERE state IN ('writing', 'standing') AND share = ? AND account = ?`,
          shareKey(order),
          grant.account,
        );
        link(db, grant.id, shared ? Number(shared.id) : insertRule(db, grant.account, order));
      }
    },
    adopt(grant, order, { name, endpoints = [] }) {
      if (!ledger.grant(grant.id)) insertGrant(db, grant);
      const rule = insertRule(db, grant.account, order);
      ledger.updateRule(rule, {
        state: 'standing',
        names: [name],
        endpoints,
        writtenEnd: order.mark.end,
        ...(order.endedBy === undefined ? {} : { endedBy: order.endedBy }),
        standingSince: grant.requestedAt,
      });
      link(db, grant.id, rule);
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
              `SELECT * FROM grants WHERE state IN (${live}) OR closed_at >= ? ORDER BY requested_at DESC, rowid DESC`,
              since,
            );
      return rows.map(grantFromRow);
    },
    liveOn(vm) {
      return db
        .all(`SELECT * FROM grants WHERE state IN (${live}) AND vm = ? ORDER BY requested_at`, vm)
        .map(grantFromRow);
    },
    ends() {
      return db
        .all(
          `SELECT id, account, state, ends_at, extending_to FROM grants WHERE state IN ('opening', 'open', 'extending')`,
        )
        .map(endFromRow);
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
      return db.all(`SELECT * FROM rules WHERE state <> 'gone'`).map(ruleFromRow);
    },
    knows(gate, name, mark) {
      return (
        db.get(
          `SELECT 1 AS one FROM rules WHERE state <> 'gone' AND gate = ?
           AND ((written_end IS NULL AND rule_order ->> '$.mark.grant' = ?) OR EXISTS (SELECT 1 FROM json_each(names) WHERE value = ?)) LIMIT 1`,
          gate,
          mark,
          name,
        ) !== undefined
      );
    },
    updateRule(id, change) {
      update(db, 'rules', ruleColumns, id, change);
    },
    together: work => db.transaction(work),
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

/** A rule that is meant and perhaps there. Gives its id. */
function insertRule(db: Database, account: AccountId, order: RuleOrder): number {
  return db.run(
    `INSERT INTO rules (account, gate, share, rule_order, state) VALUES (?, ?, ?, ?, 'writing')`,
    account,
    order.gate,
    shareKey(order),
    JSON.stringify(order),
  ).lastId;
}

function link(db: Database, grant: GrantId, rule: number): void {
  db.run(`INSERT INTO rule_grants (rule, grant_id) VALUES (?, ?)`, rule, grant);
}

const grantColumns: Partial<Record<keyof GrantRecord, string>> = {
  state: 'state',
  ports: 'ports',
  sources: 'sources',
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
  priority: 'priority',
  drift: 'drift',
  endedBy: 'ended_by',
  endpoints: 'endpoints',
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
