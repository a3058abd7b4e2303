/** What SQLite's result codes (sqlite.org/rescode.html) mean to a person. */
import { LatchkeyError } from '../../shared/errors.ts';

/** Primary result codes; an extended code holds its primary one in its low byte. */
const primary = { perm: 3, busy: 5, readonly: 8, ioerr: 10, corrupt: 11, full: 13, cantopen: 14, notadb: 26 };

/** Node's SQLite errors carry `errcode`; undefined for anything else. */
export function sqliteCode(error: unknown): keyof typeof primary | undefined {
  const code = (error as { errcode?: unknown }).errcode;
  if (typeof code !== 'number') return undefined;
  const names = Object.keys(primary) as (keyof typeof primary)[];
  return names.find(name => primary[name] === (code & 0xff));
}

/** DISK_FULL and LEDGER_DAMAGED as LatchkeyError; everything else as it was thrown. */
export function asSqliteError(error: unknown, path: string): unknown {
  const code = sqliteCode(error) ?? (error as NodeJS.ErrnoException).code;
  switch (code) {
    case 'full':
    case 'ENOSPC':
    case 'EDQUOT':
      return cannotWrite(error, `The disk is full: ${path} was not written.`, 'Make room and try again.');
    case 'ioerr':
      return cannotWrite(
        error,
        `The disk failed while ${path} was used.`,
        'Check the disk and its free space.',
      );
    case 'perm':
    case 'readonly':
    case 'cantopen':
    case 'EACCES':
    case 'EROFS':
      return cannotWrite(
        error,
        `${path} can't be written.`,
        'Let this user write there, or name another folder with --data-dir.',
      );
    case 'corrupt':
    case 'notadb':
      return damaged(path, error instanceof Error ? error.message : '', error);
    case undefined:
    default:
      return error;
  }
}

/** The file is there, and is not a sound database. */
export function damaged(path: string, what: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError(
    { code: 'LEDGER_DAMAGED', message: `${path} is damaged.`, detail: { path, what } },
    { cause },
  );
}

function cannotWrite(cause: unknown, message: string, fix: string): LatchkeyError {
  return new LatchkeyError({ code: 'DISK_FULL', message, fix }, { cause });
}
