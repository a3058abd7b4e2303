/** What SQLite's result codes (sqlite.org/rescode.html) mean to a person. */
import { LatchkeyError } from '../../shared/errors.ts';
import { asDiskError, cannotWrite, diskFull, notWritable } from './diskErrors.ts';

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
  const code = sqliteCode(error);
  switch (code) {
    case 'full':
      return diskFull(error, path);
    case 'ioerr':
      return cannotWrite(
        error,
        `The disk failed while ${path} was used.`,
        'Check the disk and its free space.',
      );
    case 'perm':
    case 'readonly':
    case 'cantopen':
      return notWritable(error, `${path} can't be written.`);
    case 'corrupt':
    case 'notadb':
      return damaged(path, error instanceof Error ? error.message : '', error);
    case 'busy':
      return error;
    case undefined:
      return asDiskError(error, path);
  }
}

/** The file is there, and is not a sound database. */
export function damaged(path: string, what: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError(
    { code: 'LEDGER_DAMAGED', message: `${path} is damaged.`, detail: { path, what } },
    { cause },
  );
}
