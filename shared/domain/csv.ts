/** The activity as CSV: its columns, and cells that no spreadsheet takes for a formula. Quoting is the writer's (RFC 4180). */
import type { ActivityRow } from '../contract/activity.ts';

/** Signs that begin a formula, also full-width and small forms, and the minus sign. */
const formula = '[=+\\-@＝＋－＠﹦﹢﹣﹫−]';
/** What a spreadsheet may trim before it looks: white space and invisible characters, quotes of another separator's reading. */
const before = '[\\s\\p{Cf}"\']*';
const atStart = new RegExp(`^${before}${formula}`, 'u');
/** With another list separator in the system's settings, what follows it would be a cell of its own. */
const afterSeparator = new RegExp(`([;|])(?=${before}${formula})`, 'gu');

/**
 * The text as a cell that stays text: `'` stands before what would begin a formula. Line breaks, tabs and other
 * controls become spaces, so that a cell is one line under every setting.
 */
export function cell(text: string): string {
  const line = text.toWellFormed().replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  const inner = line.replace(afterSeparator, "$1'");
  return atStart.test(inner) || /^[\t\r\n]/.test(text) ? `'${inner}` : inner;
}

const inCloudWords = { seen: 'yes', awaited: 'not yet' } as const;

/** The columns, in order: a heading and the text of a row, not yet a `cell`. Times are ISO 8601 in UTC. */
export const activityColumns: readonly { heading: string; text: (row: ActivityRow) => string }[] = [
  { heading: 'time', text: row => row.at },
  { heading: 'kind', text: row => row.kind },
  { heading: 'outcome', text: row => row.outcome },
  { heading: 'vm', text: row => row.vmName ?? '' },
  { heading: 'vm id', text: row => row.vm ?? '' },
  { heading: 'account', text: row => row.account ?? '' },
  { heading: 'grant', text: row => row.grant ?? '' },
  { heading: 'user', text: row => row.user },
  { heading: 'ports', text: row => row.ports ?? '' },
  { heading: 'source', text: row => row.source ?? '' },
  { heading: 'what', text: row => row.text },
  { heading: 'reason', text: row => row.reason ?? '' },
  { heading: 'error', text: row => row.error?.code ?? '' },
  { heading: 'correlation', text: row => row.correlation ?? '' },
  { heading: 'origin', text: row => row.origin },
  { heading: 'seen in the cloud', text: row => (row.inCloud === undefined ? '' : inCloudWords[row.inCloud]) },
  { heading: 'done with', text: row => row.client ?? '' },
];
