/** practice: the embedded clouds, in this process. */
import { type Command, Option } from 'commander';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { PracticeInfo } from '../../os/ports.ts';
import { usage } from '../output.ts';
import { idleMs, onNewerNode, untilStopped } from '../process.ts';
import { globals } from '../session.ts';

interface Options {
  size?: number;
  partition: 'aws' | 'aws-us-gov' | 'aws-cn';
  background?: boolean;
}

export function addPractice(program: Command): void {
  program
    .command('practice')
    .description('run the practice cloud: Azure and AWS, with machines one can log in to')
    .option('--size <vms>', 'make this many VMs', parseSize)
    .addOption(
      new Option('--partition <name>', 'which AWS: the usual one, GovCloud, or China’s')
        .choices(['aws', 'aws-us-gov', 'aws-cn'] as const)
        .default('aws'),
    )
    .option('--background', 'started by another command: leave when nobody is connected any more')
    .addHelpText(
      'after',
      '\nThe first line of --json tells where it listens and how to sign in, for az, aws and other clients.\nOther commands find it with the same --data-dir and --practice.',
    )
    .action(async (options: Options, command: Command) => {
      if (await onNewerNode()) return;
      const { dataDirectory, out } = globals(command);
      const background = options.background === true;
      const { announce, takePracticeLock } = await import('../announce.ts');
      using lock = takePracticeLock(dataDirectory);
      if (!lock) {
        if (background) return;
        throw new LatchkeyError({
          code: 'BROKER_RUNNING',
          message: `The practice cloud of ${dataDirectory} runs already.`,
          fix: 'Use it with --practice, or name another folder with --data-dir.',
        });
      }
      const { startPractice } = await import('../../practice/practice.ts');
      const practice = await startPractice({
        dataDirectory,
        ...(options.size ? { size: options.size } : {}),
        partition: options.partition,
      });
      await using announced = await announce(
        dataDirectory,
        practice.info,
        background ? { ms: idleMs(), lastUsed: practice.lastUsed } : undefined,
      );
      // Before anything is told: who reads it may end us at once.
      const stopped = untilStopped(announced.deserted);
      // In the background stdout is a file, and the line holds keys: who needs it asks the socket.
      if (background) out.line('The practice cloud is running.');
      else if (out.json) out.line(JSON.stringify(practice.info));
      else for (const line of introduction(practice.info)) out.line(line);
      await stopped;
      await practice.stop();
    });
}

function introduction({ azure, aws, caFile }: PracticeInfo): string[] {
  return [
    'The practice cloud is running. Ctrl-C ends it.',
    `  Azure Resource Manager  ${azure.armEndpoint}`,
    `  Amazon EC2              ${aws.endpoint}`,
    `  certificate authority   ${caFile}`,
    'Try it: latchkey --practice vms (with the same --data-dir)',
  ];
}

function parseSize(text: string): number {
  const size = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (size >= 1 && size <= 200_000) return size;
  throw usage('--size is a number of VMs from 1 to 200000.');
}
