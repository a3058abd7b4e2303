/** Text that comes in pieces, written without ever holding all of it. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LatchkeyError } from '../../shared/errors.ts';

/** Writes all pieces to a stream, at its pace, and leaves it open. */
export async function writeStream(pieces: AsyncIterable<string>, stream: Writable): Promise<void> {
  await pipeline(Readable.from(pieces), stream, { end: false });
}

/**
 * Writes a file whole or not at all, readable by this user alone; gives its size. What a link leads to is replaced, not
 * the link; a device or a pipe (`/dev/stdout`, `>(gzip)`) takes the pieces as they come. Throws BAD_INPUT, DISK_FULL.
 */
export async function writeFileWhole(pieces: AsyncIterable<string>, path: string): Promise<number> {
  try {
    const there = await stat(path).catch(unlessMissing);
    if (there === undefined || there.isFile() || there.isDirectory()) {
      return await replace(pieces, there === undefined ? path : await realpath(path));
    }
    return await writeAll(pieces, await open(path, 'w'));
  } catch (error) {
    throw asWriteError(error, path);
  }
}

async function replace(pieces: AsyncIterable<string>, path: string): Promise<number> {
  const temporary = join(dirname(path), `.latchkey-${randomBytes(6).toString('hex')}.tmp`);
  const file = await open(temporary, 'wx', 0o600);
  try {
    const bytes = await writeAll(pieces, file, true);
    await rename(temporary, path);
    return bytes;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Closes the file in any case; `durable`: not before it is on the disk. Gives the number of bytes. */
async function writeAll(pieces: AsyncIterable<string>, file: FileHandle, durable = false): Promise<number> {
  try {
    let bytes = 0;
    for await (const piece of pieces) {
      await file.writeFile(piece);
      bytes += Buffer.byteLength(piece);
    }
    if (durable) await file.sync();
    return bytes;
  } finally {
    await file.close();
  }
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function asWriteError(cause: unknown, path: string): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new LatchkeyError(
        {
          code: 'DISK_FULL',
          message: `The disk is full: ${path} was not written.`,
          fix: 'Make room, or name a file on another disk.',
        },
        { cause },
      );
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ELOOP':
    case 'ENAMETOOLONG':
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new LatchkeyError(
        {
          code: 'BAD_INPUT',
          message: `${path} can't be written (${code}).`,
          fix: 'Name a file in a folder that is there and that you may write to.',
        },
        { cause },
      );
    case undefined:
    default:
      return cause;
  }
}
