/** What the command line prints: one JSON document, or words and tables for people. */
import { styleText } from 'node:util';
import { showName } from '../../shared/domain/hostile.ts';
import { type ErrorData, errorKinds, exitStatus, LatchkeyError, toErrorData } from '../../shared/errors.ts';

type Style = Parameters<typeof styleText>[0];

export interface Output {
  readonly json: boolean;
  /** The command's result: `value` as the one JSON document, or what `human` prints. */
  result(value: unknown, human: () => void): void;
  /** A line of the result, for people. */
  line(text?: string): void;
  /** Something told on the side (stderr), not part of the result. */
  note(text: string): void;
  table(headings: string[], rows: string[][]): void;
  /** An error as the door of the command line shows it. Sets the exit status. */
  fail(error: unknown): void;
  paint(style: Style, text: string): string;
}

/** Colour only where a terminal shows it and nobody said no (no-color.org). */
export function createOutput(json: boolean): Output {
  const { stdout, stderr } = process;
  const colour = stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '';
  const line = (text = '') => void stdout.write(`${text}\n`);
  return {
    json,
    result: (value, human) => (json ? line(JSON.stringify(value, undefined, 2)) : human()),
    line,
    note: text => void stderr.write(`${text}\n`),
    table(headings, rows) {
      for (const row of alignTable([headings, ...rows])) line(row);
    },
    fail(thrown) {
      const error = toErrorData(thrown);
      if (json) stderr.write(`${JSON.stringify({ error })}\n`);
      else for (const text of errorLines(error)) stderr.write(`${text}\n`);
      process.exitCode = exitStatus[errorKinds[error.code]];
    },
    paint: (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text),
  };
}

function errorLines(error: ErrorData): string[] {
  const candidates = error.detail?.['candidates'];
  return [
    `latchkey: ${showName(error.message)} (${error.code})`,
    ...(Array.isArray(candidates) ? candidates.map(one => `  ${showName(candidateText(one))}`) : []),
    ...(error.fix === undefined ? [] : [`  ${showName(error.fix)}`]),
  ];
}

/** One of several things a name could mean: its id tells it apart. */
function candidateText(candidate: unknown): string {
  const id = (candidate as { id?: unknown } | null)?.id;
  if (typeof id === 'string') return id;
  return typeof candidate === 'string' ? candidate : JSON.stringify(candidate);
}

/** Rows as lines with aligned columns, two spaces apart; hidden characters of cells are shown as their codes. */
export function alignTable(rows: string[][]): string[] {
  const cells = rows.map(row => row.map(cell => shorten(showName(cell))));
  const widths: number[] = [];
  for (const row of cells) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, width(cell));
  }
  return cells.map(row =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)))
      .join('  ')
      .trimEnd(),
  );
}

const longestCell = 60;

function shorten(text: string): string {
  const chars = Array.from(text);
  return chars.length <= longestCell ? text : `${chars.slice(0, longestCell - 1).join('')}…`;
}

/** Columns a text takes in a terminal: East Asian wide characters and emoji take two. */
function width(text: string): number {
  let columns = 0;
  for (const char of text) {
    if (/\p{Mn}/u.test(char)) continue;
    columns += /[ᄀ-ᅟ⺀-꓏가-힣豈-﫿︰-﹏＀-｠￠-￦\u{1f300}-\u{1faff}]/u.test(char) ? 2 : 1;
  }
  return columns;
}

/** The error of a command that was not understood. */
export function usage(message: string, fix?: string): LatchkeyError {
  return new LatchkeyError({ code: 'BAD_INPUT', message, fix });
}
