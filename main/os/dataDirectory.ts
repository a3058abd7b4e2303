/** Where Latchkey keeps what it knows. */
import { accessSync, constants, mkdirSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { LatchkeyError } from '../../shared/errors.ts';

/**
 * The data directory, made where it is missing, with links resolved so that everybody means the same one:
 * `named` (--data-dir), else LATCHKEY_DATA_DIR, else the system's place. Practice without a named one has a folder of
 * its own below, so that it never mixes with real accounts. Throws DISK_FULL when it can't be made or written,
 * BAD_INPUT when somebody else could put files into it: the ledger, the host keys and the socket in it are believed.
 */
export function dataDirectory(
  named: string | undefined,
  practice: boolean,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const base = env['LATCHKEY_DATA_DIR'] || envPaths('latchkey', { suffix: '' }).data;
  const folder = resolve(named ?? (practice ? join(base, 'practice') : base));
  const real = usable(folder);
  const others = whoElse(real);
  if (others === undefined) return real;
  throw new LatchkeyError({
    code: 'BAD_INPUT',
    message: `The data directory ${real} ${others}: somebody else could change what Latchkey believes.`,
    fix: 'Name one that is yours alone with --data-dir, or take that right away (chmod go-w).',
  });
}

/** Who but this user may write there, in words. Windows has no such bits; its user folders are private. */
function whoElse(folder: string): string | undefined {
  const user = process.getuid?.();
  if (user === undefined) return undefined;
  const { uid, gid, mode } = statSync(folder);
  if (uid !== user) return 'belongs to another user';
  if ((mode & 0o002) !== 0) return 'can be written by everybody';
  // Many systems give every user a group of the same number, alone in it, and let it write.
  return (mode & 0o020) !== 0 && gid !== uid ? 'can be written by its group' : undefined;
}

function usable(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK | constants.X_OK);
    return realpathSync(folder);
  } catch (error) {
    throw new LatchkeyError(
      {
        code: 'DISK_FULL',
        message: `The data directory ${folder} can't be used (${(error as NodeJS.ErrnoException).code}).`,
        fix: 'Let this user write there, or name another one with --data-dir.',
      },
      { cause: error },
    );
  }
}
