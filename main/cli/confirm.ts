/** Asking a person before something changes. */
import { LatchkeyError } from '../../shared/errors.ts';

/** Asks on the terminal. Without one there is nobody to ask: throws CONFIRM_NEEDED. */
export async function confirmed(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new LatchkeyError({
      code: 'CONFIRM_NEEDED',
      message: 'This changes the cloud and wants to be confirmed.',
      fix: 'Look at it with --dry-run, then add --yes.',
    });
  }
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question('Change this? [y/N] ')).trim());
  } finally {
    terminal.close();
  }
}
