/** Entry of the `latchkey` command. */
import { LatchkeyError } from '../../shared/errors.ts';
import { createOutput } from './output.ts';
import { main } from './program.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `latchkey vms | head`: a reader that has seen enough is no failure.
  if (error.code !== 'EPIPE') {
    createOutput(process.argv.includes('--json')).fail(
      new LatchkeyError({
        code: error.code === 'ENOSPC' ? 'DISK_FULL' : 'BAD_INPUT',
        message: `What the command had to say could not be written (${error.code}).`,
        fix: 'The command itself was carried out. Make room, or send its output elsewhere.',
      }),
    );
  }
  process.exit();
});

await main(process.argv.slice(2));
