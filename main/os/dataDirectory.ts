/** Where Latchkey keeps what it knows. */
import { accessSync, constants, mkdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { LatchkeyError } from '../../shared/errors.ts';

/**
 * The data directory, made where it is missing, with links resolved so that everybody means the same one:
 * `named` (--data-dir), else LATCHKEY_DATA_DIR, else the system's place. Practice without a named one has a folder of
 * its own below, so that it never mixes with real accounts. Throws DISK_FULL when it can't be made or written.
 */
export function dataDirectory(
  named: string | undefined,
  practice: boolean,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const base = env['LATCHKEY_DATA_DIR'] || envPaths('latchkey', { suffix: '' }).data;
  const folder = resolve(named ?? (practice ? join(base, 'practice') : base));
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
