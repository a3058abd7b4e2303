/** grants, extend, revoke, sweep */
import type { Command } from 'commander';
import { showName } from '../../../shared/domain/hostile.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { createClock } from '../../os/clock.ts';
import { parseFor } from '../arguments.ts';
import { usage } from '../output.ts';
import { withBroker } from '../session.ts';
import { grantHeadings, grantRow, left } from '../words.ts';

export function addGrants(program: Command): void {
  program
    .command('grants')
    .description('what is open now, and what was lately')
    .option('--all', 'also those closed long ago')
    .action((options: { all?: boolean }, command: Command) =>
      withBroker(command, async ({ client, out }) => {
        const answer = await client.grants.list(options.all === true ? { all: true } : {});
        const now = createClock().now();
        out.result(answer, () =>
          answer.grants.length === 0
            ? out.line('Nothing is open.')
            : out.table(
                grantHeadings,
                answer.grants.map(grant => grantRow(grant, now)),
              ),
        );
        // What others did to live ones; --json has it in their notes.
        if (out.json) return;
        for (const { rules, notes, vmName } of answer.grants) {
          if (!rules.some(({ state }) => state === 'changed')) continue;
          for (const note of notes) out.line(out.paint('yellow', `! ${showName(vmName)}: ${showName(note)}`));
        }
      }),
    );

  program
    .command('extend <grant>')
    .description('let a grant last longer')
    .requiredOption('--for <time>', 'how much longer: 30m', parseFor)
    .action((grant: string, options: { for: number }, command: Command) =>
      withBroker(command, async ({ client, out }) => {
        const extended = await client.grants.extend({ grant, byMs: options.for });
        out.result(extended, () =>
          out.line(`${showName(extended.vmName)}: ${left(extended.endsAt, createClock().now())} left.`),
        );
      }),
    );

  program
    .command('revoke [grant...]')
    .description('end grants now')
    .option('--all', 'every live grant')
    .addHelpText('after', '\nClosing a port does not end a session that is open: it may go on.')
    .action((grants: string[], options: { all?: boolean }, command: Command) => {
      if (grants.length > 0 === (options.all === true)) {
        throw usage('revoke wants grants, or --all.', '`latchkey grants` lists them.');
      }
      return withBroker(command, async ({ client, out }) => {
        const answer = await client.grants.revoke(options.all === true ? { all: true } : { grants });
        out.result(answer, () => {
          if (answer.grants.length === 0) out.line('Nothing was open.');
          for (const grant of answer.grants) out.line(`${showName(grant.vmName)}: ${grant.state}.`);
          if (answer.grants.length > 0) out.line('A session that is open may go on.');
        });
        const stuck = answer.grants.find(({ state }) => state === 'stuck');
        if (stuck) {
          throw new LatchkeyError(
            stuck.error ?? { code: 'CLOUD_FAILED', message: `${stuck.vmName} could not be shut yet.` },
          );
        }
      });
    });

  program
    .command('sweep')
    .description('remove rules of ours that are past their end, whoever left them')
    .action((_: unknown, command: Command) =>
      withBroker(command, async ({ client, out }) => {
        const answer = await client.grants.sweep({});
        out.result(answer, () => {
          for (const rule of answer.removed) out.line(`removed ${showName(rule)}`);
          for (const rule of answer.left) out.line(`left ${showName(rule)}`);
          if (answer.removed.length === 0) out.line('No rule of ours is past its end.');
        });
        const [failure] = answer.failures;
        if (failure) throw new LatchkeyError(failure.error);
      }),
    );
}
