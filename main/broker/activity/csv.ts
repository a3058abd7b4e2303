/**
 * The history as CSV, in pieces: nothing but one piece is ever in memory. SQLite puts the fields of many rows into one
 * text, because a million rows as objects cost ten times as much; a row of plain fields only gets its commas here.
 */
import { stringify } from 'csv-stringify/sync';
import { activityColumns, cell } from '../../../shared/domain/csv.ts';
import type { Database, SqlRow } from '../../os/ports.ts';
import { type PageFilter, rowsAfter, searchOf, select } from './query.ts';

/** SQL of each column of shared/domain/csv.ts, by its heading. */
const sqlOf: Record<string, string> = {
  time: `strftime('%Y-%m-%dT%H:%M:%S', at / 1000, 'unixepoch') || printf('.%03dZ', at % 1000)`,
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
};

/** Between fields: a control character. */
const field = '\u001f';
const rowsPerPiece = 1000;
const line = activityColumns.map(({ heading }) => textOf(heading)).join(' || char(31) || ');

/** A row of fields that are written as they are: nothing to quote, and no beginning of a formula. */
const plainField = '(?:[A-Za-z0-9/][A-Za-z0-9 /:._()-]*)?';
const plain = new RegExp(`^${plainField}(?:${field}${plainField}){${activityColumns.length - 1}}$`);

/** RFC 4180 text, newest row first. */
export async function* csvOf(db: Database, filter: PageFilter): AsyncGenerator<string> {
  yield written([activityColumns.map(({ heading }) => heading)]);
  const search = searchOf(db, filter);
  const kinds = [...new Set(filter.kinds)];
  let before: number | undefined;
  while (search) {
    const found = select(db, `activity.id, ${line} AS line`, search, kinds, before, rowsPerPiece);
    before = found.length < rowsPerPiece ? undefined : Number(found.at(-1)?.id);
    if (found.length > 0) yield found.map(row => csvLine(db, row)).join('');
    if (before === undefined) return;
  }
}

function csvLine(db: Database, row: SqlRow): string {
  const text = String(row.line);
  if (plain.test(text)) return `${text.replaceAll(field, ',')}\r\n`;
  const fields = text.split(field);
  if (fields.length === activityColumns.length) return written([fields.map(cell)]);
  // A field holds the character that parts fields.
  return rowsAfter(db, Number(row.id) - 1, 1)
    .map(whole => written([activityColumns.map(column => cell(column.text(whole)))]))
    .join('');
}

function written(records: string[][]): string {
  return stringify(records, { record_delimiter: 'windows' });
}

function textOf(heading: string): string {
  const sql = sqlOf[heading];
  if (sql === undefined) throw new Error(`no SQL for the column ${heading}`);
  return `coalesce(${sql}, '')`;
}
