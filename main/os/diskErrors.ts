/** What the system's refusals to write (errno(3)) mean to a person. */
import { LatchkeyError } from '../../shared/errors.ts';

/** DISK_FULL for a disk that is full or may not be written; everything else as it was thrown. */
export function asDiskError(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return diskFull(error, path);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return notWritable(error, `${path} can't be written (${code}).`);
    case undefined:
    default:
      return error;
  }
}

export function diskFull(cause: unknown, path: string): LatchkeyError {
  return cannotWrite(cause, `The disk is full: ${path} was not written.`, 'Make room and try again.');
}

export function notWritable(cause: unknown, message: string): LatchkeyError {
  return cannotWrite(cause, message, 'Let this user write there, or name another folder with --data-dir.');
}

/** DISK_FULL, whatever it is that keeps us from writing. */
export function cannotWrite(cause: unknown, message: string, fix: string): LatchkeyError {
  return new LatchkeyError({ code: 'DISK_FULL', message, fix }, { cause });
}
