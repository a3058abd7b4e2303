/** Text that comes in pieces, written without ever holding all of it. */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LatchkeyError } from '../../shared/errors.ts';

/** Writes all pieces to a stream, at its pace, and leaves it open. */
export async function writeStream(pieces: AsyncIterable<string>, stream: Writable): Promise<void> {
  await pipeline(Readable.from(pieces), stream, { end: false });
}

/** Writes a file whole or not at all, readable by this user alone; gives its size. Throws BAD_INPUT, DISK_FULL. */
export async function writeFileWhole(pieces: AsyncIterable<string>, path: string): Promise<number> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  let bytes = 0;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      for await (const piece of pieces) bytes += (await file.write(piece)).bytesWritten;
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    return bytes;
  } catch (error) {
    await rm(temporary, { force: true });
    throw asWriteError(error, path);
  }
}

function asWriteError(cause: unknown, path: string): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new LatchkeyError(
        { code: 'DISK_FULL', message: `The disk is full: ${path} was not written.` },
        { cause },
      );
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new LatchkeyError(
        { code: 'BAD_INPUT', message: `${path} can't be written (${code}).` },
        { cause },
      );
    case undefined:
    default:
      return cause;
  }
}
