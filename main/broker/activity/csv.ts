/** The history as CSV, page by page: nothing but one page is ever in memory. */
import { stringify } from 'csv-stringify/sync';
import type { ActivityRow } from '../../../shared/contract/activity.ts';
import { activityColumns, cell } from '../../../shared/domain/csv.ts';

/** RFC 4180 text in pieces, newest row first. `page`: rows older than `before`, newest first. */
export async function* csvOf(
  page: (before: number | undefined) => { rows: ActivityRow[]; more: boolean },
): AsyncGenerator<string> {
  yield lines([activityColumns.map(({ heading }) => heading)]);
  let before: number | undefined;
  for (;;) {
    const { rows, more } = page(before);
    if (rows.length > 0) yield lines(rows.map(row => activityColumns.map(({ text }) => cell(text(row)))));
    before = rows.at(-1)?.id;
    if (!more || before === undefined) return;
  }
}

function lines(records: string[][]): string {
  return stringify(records, { record_delimiter: 'windows' });
}
