/** Reading the history: pages newest first, each filter answered from an index. */
import type { ActivityFilter, ActivityRow } from '../../../shared/contract/activity.ts';
import type { VmId } from '../../../shared/domain/ids.ts';
import type { Database, SqlRow, SqlValue } from '../../os/ports.ts';

export interface PageFilter extends ActivityFilter {
  vmId?: VmId | undefined;
  /** Only rows written before this one. */
  before?: number | undefined;
  /** Default 100. */
  limit?: number | undefined;
}

/** One page, newest first; `more` says whether another one follows. `filter.vm` is ignored: callers resolve it to `vmId`. */
export function page(db: Database, filter: PageFilter): { rows: ActivityRow[]; more: boolean } {
  const limit = filter.limit ?? 100;
  const where: string[] = [];
  const values: SqlValue[] = [];
  const also = (sql: string, ...more: SqlValue[]): void => {
    where.push(sql);
    values.push(...more);
  };
  if (filter.before !== undefined) also('activity.id < ?', filter.before);
  if (filter.since !== undefined) {
    const since = Date.parse(filter.since);
    const first = db.get('SELECT id FROM activity WHERE at >= ? ORDER BY at LIMIT 1', since);
    if (!first) return { rows: [], more: false };
    // Times grow with ids but for a clock that was set back: the id bounds the search, the time decides.
    also('activity.id >= ? AND +at >= ?', Number(first.id), since);
  }
  if (filter.vmId !== undefined) also('vm = ?', filter.vmId);
  let from = 'activity';
  if (filter.text !== undefined && filter.text !== '') {
    if (filter.text.length >= 3) {
      from = 'activity_text JOIN activity ON activity.id = activity_text.rowid';
      also('activity_text MATCH ?', `"${filter.text.replaceAll('"', '""')}"`);
    } else {
      // The index holds pieces of three characters; shorter ones are common, so a page is full soon.
      const like = `%${filter.text.replaceAll(/[\\%_]/g, found => `\\${found}`)}%`;
      also(`(activity.text LIKE ? ESCAPE '\\' OR activity.vm_name LIKE ? ESCAPE '\\')`, like, like);
    }
  }
  const rows = selectNewest(db, from, where, values, filter, limit + 1);
  return { rows: rows.slice(0, limit).map(toRow), more: rows.length > limit };
}

/**
 * With kinds: one search per kind, each along its own index, so that a rare kind is found as quickly as a common one.
 * Where text or VM narrows already, the kind is only compared.
 */
function selectNewest(
  db: Database,
  from: string,
  where: string[],
  values: SqlValue[],
  filter: PageFilter,
  limit: number,
): SqlRow[] {
  const kinds = filter.kinds && filter.kinds.length > 0 ? [...new Set(filter.kinds)] : undefined;
  const order = from === 'activity' ? 'activity.id' : 'activity_text.rowid';
  if (!kinds || from !== 'activity' || filter.vmId !== undefined) {
    const all = [...where, ...(kinds ? [`+kind IN (${kinds.map(() => '?').join(', ')})`] : [])];
    const condition = all.length > 0 ? `WHERE ${all.join(' AND ')}` : '';
    return db.all(
      `SELECT activity.* FROM ${from} ${condition} ORDER BY ${order} DESC LIMIT ?`,
      ...values,
      ...(kinds ?? []),
      limit,
    );
  }
  return kinds
    .flatMap(kind =>
      db.all(
        `SELECT * FROM activity WHERE ${['kind = ?', ...where].join(' AND ')} ORDER BY id DESC LIMIT ?`,
        kind,
        ...values,
        limit,
      ),
    )
    .sort((a, b) => Number(b.id) - Number(a.id))
    .slice(0, limit);
}

/** Id of the newest row; 0 when there is none. */
export function newest(db: Database): number {
  return Number(db.get('SELECT max(id) AS id FROM activity')?.id ?? 0);
}

/** Rows written after `id`, oldest first. */
export function rowsAfter(db: Database, id: number, limit: number): ActivityRow[] {
  return db.all('SELECT * FROM activity WHERE id > ? ORDER BY id LIMIT ?', id, limit).map(toRow);
}

function toRow(row: SqlRow): ActivityRow {
  return {
    id: Number(row.id),
    at: new Date(Number(row.at)).toISOString(),
    kind: String(row.kind) as ActivityRow['kind'],
    outcome: row.outcome === 'failed' ? 'failed' : 'ok',
    user: String(row.user),
    text: String(row.text),
    ...given('vm', row.vm),
    ...given('vmName', row.vm_name),
    ...given('account', row.account),
    ...given('grant', row.grant_id),
    ...given('ports', row.ports),
    ...given('source', row.source),
    ...given('reason', row.reason),
    ...given('correlation', row.correlation),
    ...(typeof row.error === 'string' ? { error: JSON.parse(row.error) } : {}),
  };
}

function given<K extends string>(key: K, value: SqlValue | undefined): { [key in K]?: string } {
  return typeof value === 'string' ? ({ [key]: value } as { [key in K]: string }) : {};
}
