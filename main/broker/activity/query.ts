/** Reading the history: pages newest first, each filter answered from an index. */
import type { ActivityFilter, ActivityRow } from '../../../shared/contract/activity.ts';
import type { VmId } from '../../../shared/domain/ids.ts';
import type { Database, SqlRow, SqlValue } from '../../os/ports.ts';
import { firstIdAt } from './ids.ts';

export interface PageFilter extends ActivityFilter {
  vmId?: VmId | undefined;
  /** Only rows written before this one. */
  before?: number | undefined;
  /** Default 100. */
  limit?: number | undefined;
}

/** A filter as SQL: `SELECT … FROM ${from} WHERE ${where} ORDER BY ${order} DESC`. */
export interface Search {
  from: string;
  where: string[];
  values: SqlValue[];
  order: string;
  /** Text or a VM leaves few rows, found by their own index. */
  narrow: boolean;
}

/** The search a filter means, but for its kinds. `filter.vm` is ignored: callers resolve it to `vmId`. */
export function searchOf(db: Database, filter: PageFilter): Search {
  const { text = '', vmId } = filter;
  // A VM's rows are few enough to look at each. The index holds pieces of three characters; shorter texts are common,
  // so a page of them is full soon.
  const indexed = vmId === undefined && text.length >= 3 && !areRare(db, filter.kinds ?? []);
  const search: Search = indexed
    ? {
        // Crossed, which SQLite takes as the order to join in: text first, along its index, else a common kind may go first.
        from: 'activity_text CROSS JOIN activity ON activity.id = activity_text.rowid',
        where: ['activity_text MATCH ?'],
        values: [`"${text.replaceAll('"', '""')}"`],
        order: 'activity_text.rowid',
        narrow: true,
      }
    : { from: 'activity', where: [], values: [], order: 'activity.id', narrow: vmId !== undefined };
  const also = (sql: string, ...values: SqlValue[]): void => {
    search.where.push(sql);
    search.values.push(...values);
  };
  // Ids are bound as integers: FTS5 ignores the bound of a row id that is a floating point number, as JavaScript's are.
  if (filter.since !== undefined) also(`${search.order} >= ?`, firstIdAt(Date.parse(filter.since)));
  if (vmId !== undefined) also('vm = ?', vmId);
  if (text === '' || indexed) return search;
  const like = `%${text.replaceAll(/[\\%_]/g, found => `\\${found}`)}%`;
  const texts = ['text', 'vm_name', 'user', 'reason', 'source', 'grant_id'];
  also(`(${texts.map(column => `${column} LIKE ? ESCAPE '\\'`).join(' OR ')})`, ...texts.map(() => like));
  return search;
}

/** So few rows that each can be looked at. */
const fewRows = 10_000;

/** Are there few rows of these kinds? Then they are gone through, and a common word's hits are not. */
function areRare(db: Database, kinds: readonly string[]): boolean {
  if (kinds.length === 0) return false;
  const some = `SELECT 1 FROM activity WHERE kind IN (${kinds.map(() => '?').join(', ')}) LIMIT ${fewRows + 1}`;
  return Number(db.get(`SELECT count(*) AS n FROM (${some})`, ...kinds)?.n) <= fewRows;
}

/** Selects `columns` of the rows a search finds before (older than) a row, newest first. */
export function selectSql(
  columns: string,
  search: Search,
  kinds: readonly string[],
  before: number | undefined,
  limit: number,
): { sql: string; values: SqlValue[] } {
  const where = [
    ...search.where,
    // The plus keeps the index on kinds out: it is not in the order wanted when there are several, and of little use
    // where text or VM narrow already.
    ...(kinds.length === 0
      ? []
      : [`${kinds.length > 1 || search.narrow ? '+' : ''}kind IN (${kinds.map(() => '?').join(', ')})`]),
    ...(before === undefined ? [] : [`${search.order} < ?`]),
  ];
  const condition = where.length > 0 ? `WHERE ${where.join(' AND ')}` : '';
  return {
    sql: `SELECT ${columns} FROM ${search.from} ${condition} ORDER BY ${search.order} DESC LIMIT ?`,
    values: [...search.values, ...kinds, ...(before === undefined ? [] : [BigInt(before)]), limit],
  };
}

/** One page, newest first; `more` says whether another one follows. */
export function page(db: Database, filter: PageFilter): { rows: ActivityRow[]; more: boolean } {
  const limit = filter.limit ?? 100;
  const search = searchOf(db, filter);
  const kinds = [...new Set(filter.kinds)];
  const find = (some: string[]): SqlRow[] => {
    const { sql, values } = selectSql('activity.*', search, some, filter.before, limit + 1);
    return db.all(sql, ...values);
  };
  // One search per kind, each along its own index, finds a rare kind as quickly as a common one.
  const rows =
    kinds.length > 1 && !search.narrow
      ? kinds
          .flatMap(kind => find([kind]))
          .sort((a, b) => Number(b.id) - Number(a.id))
          .slice(0, limit + 1)
      : find(kinds);
  return { rows: rows.slice(0, limit).map(toRow), more: rows.length > limit };
}

/** These rows, oldest first; without those that are not there any more. */
export function rowsOf(db: Database, ids: number[]): ActivityRow[] {
  const list = JSON.stringify(ids);
  return db
    .all('SELECT * FROM activity WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id', list)
    .map(toRow);
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
    origin: row.origin === 'cloud' ? 'cloud' : 'local',
    ...(row.in_cloud === null ? {} : { inCloud: row.in_cloud === 'seen' ? 'seen' : 'awaited' }),
    ...given('client', row.client),
  };
}

function given<K extends string>(key: K, value: SqlValue | undefined): { [key in K]?: string } {
  return typeof value === 'string' ? ({ [key]: value } as { [key in K]: string }) : {};
}
