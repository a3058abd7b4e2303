/** Where the processes of one data directory meet: unix sockets in a folder of this user alone, named pipes on Windows. */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { LatchkeyError } from '../../shared/errors.ts';

/** A socket address holds 104 bytes on macOS and 108 on Linux (unix(7)), with the closing zero. */
const longestPath = 100;

/**
 * The socket of `name` (broker, practice) for a data directory. Makes the 0700 folder it stands in. A data directory
 * whose path is too long for a socket gets one in the temporary folder, checked to be ours and nobody else's.
 */
export function socketPath(dataDirectory: string, name: 'broker' | 'practice' | 'keys'): string {
  const hash = createHash('sha256').update(resolve(dataDirectory)).digest('hex').slice(0, 20);
  if (process.platform === 'win32') return `\\\\.\\pipe\\latchkey-${hash}-${name}`;
  const near = join(resolve(dataDirectory), 'run', `${name}.sock`);
  if (Buffer.byteLength(near) <= longestPath) {
    mkdirSync(join(resolve(dataDirectory), 'run'), { recursive: true, mode: 0o700 });
    return near;
  }
  return join(privateFolder(), `${hash}-${name}.sock`);
}

function privateFolder(): string {
  const { uid } = userInfo();
  const folder = join(tmpdir(), `latchkey-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Anybody may make folders there: one that was prepared for us would let its owner stand between.
  const found = lstatSync(folder);
  if (found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0) return folder;
  throw new LatchkeyError({
    code: 'BROKER_UNREACHABLE',
    message: `${folder} is not a private folder of this user.`,
    fix: 'Remove it, or name a data directory with a shorter path with --data-dir.',
  });
}
