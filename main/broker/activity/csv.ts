/**
 * The history as CSV, in pieces: nothing but one piece is ever in memory. SQLite puts the fields of many rows into one
 * text, because a million rows as objects cost ten times as much; rows of plain fields only get their commas here.
 */
import { stringify } from 'csv-stringify/sync';
import { activityColumns, cell } from '../../../shared/domain/csv.ts';
import type { Database } from '../../os/ports.ts';
import { type PageFilter, page, searchOf, selectSql } from './query.ts';

/** SQL of each column of shared/domain/csv.ts, by its heading. */
const sqlOf: Record<string, string> = {
  time: `strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch')`,
  kind: 'kind',
  outcome: 'outcome',
  vm: 'vm_name',
  'vm id': 'vm',
  account: 'account',
  grant: 'activity.grant_id',
  user: 'activity.user',
  ports: 'ports',
  source: 'activity.source',
  what: 'activity.text',
  reason: 'activity.reason',
  error: `error ->> '$.code'`,
  correlation: 'correlation',
  origin: 'origin',
  'seen in the cloud': `CASE in_cloud WHEN 'seen' THEN 'yes' WHEN 'awaited' THEN 'not yet' END`,
  'done with': 'client',
};

/** Between fields, and between rows: control characters. */
const field = '\u001f';
const rowEnd = '\u001e';
const rowsPerPiece = 1000;
const line = `concat_ws(char(31), ${activityColumns.map(({ heading }) => textOf(heading)).join(', ')})`;

/** A row of fields that are written as they are: nothing to quote, and no beginning of a formula. */
const plainField = '(?:[A-Za-z0-9/][A-Za-z0-9 /:._()-]*)?';
const plainRow = `${plainField}(?:${field}${plainField}){${activityColumns.length - 1}}`;
const plain = new RegExp(`^${plainRow}(?:${rowEnd}${plainRow})*$`);

/** RFC 4180 text, newest row first. */
export async function* csvOf(db: Database, filter: PageFilter): AsyncGenerator<string> {
  yield written([activityColumns.map(({ heading }) => heading)]);
  const search = searchOf(db, filter);
  const kinds = [...new Set(filter.kinds)];
  let before: number | undefined;
  for (;;) {
    const { sql, values } = selectSql(`activity.id, ${line} AS line`, search, kinds, before, rowsPerPiece);
    const found = db.get(
      `SELECT count(*) AS rows, min(id) AS last, group_concat(line, char(30)) AS lines FROM (${sql})`,
      ...values,
    );
    const rows = Number(found?.rows ?? 0);
    if (rows > 0) yield pieceOf(String(found?.lines), rows) ?? pieceByRows(db, filter, before);
    if (rows < rowsPerPiece) return;
    before = Number(found?.last);
  }
}

/** CSV of that many lines; undefined if a field holds a character that parts fields or rows. */
function pieceOf(text: string, rows: number): string | undefined {
  const lines = text.split(rowEnd);
  if (lines.length !== rows) return undefined;
  const commas = (plainText: string): string => `${plainText.replaceAll(field, ',')}\r\n`;
  if (plain.test(text)) return commas(text).replaceAll(rowEnd, '\r\n');
  const records = lines.map(one => (plain.test(one) ? one : one.split(field)));
  if (records.some(one => typeof one !== 'string' && one.length !== activityColumns.length)) return undefined;
  return records.map(one => (typeof one === 'string' ? commas(one) : written([one.map(cell)]))).join('');
}

/** The same piece, field by field. */
function pieceByRows(db: Database, filter: PageFilter, before: number | undefined): string {
  const { rows } = page(db, { ...filter, before, limit: rowsPerPiece });
  return written(rows.map(row => activityColumns.map(column => cell(column.text(row)))));
}

function written(records: string[][]): string {
  return stringify(records, { record_delimiter: 'windows' });
}

function textOf(heading: string): string {
  const sql = sqlOf[heading];
  if (sql === undefined) throw new Error(`no SQL for the column ${heading}`);
  return `coalesce(${sql}, '')`;
}
