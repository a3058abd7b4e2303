/** Files and folders of ours: readable by this user alone, written whole or not at all. */
import { randomBytes } from 'node:crypto';
import { access, chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { asDiskError } from './diskErrors.ts';
import type { Files } from './ports.ts';

/** The real file system. A full or read-only disk throws DISK_FULL; anything else as Node throws it. */
export function createFiles(): Files {
  return {
    readText: path => readFile(path, 'utf8').catch(unlessMissing),
    writeText,
    remove: path => rm(path, { force: true }),
    rename,
    exists: path =>
      access(path).then(
        () => true,
        error => unlessMissing(error) ?? false,
      ),
    ensureFolder,
  };
}

async function writeText(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw asDiskError(error, path);
  }
}

async function ensureFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    // One that was there before may be open to others.
    if (process.platform !== 'win32') await chmod(path, 0o700);
  } catch (error) {
    throw asDiskError(error, path);
  }
}

/** A rename is only durable once its folder is (fsync(2)). Windows has no such call. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
