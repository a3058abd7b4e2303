/** guard: what ends grants in a cloud while no computer of yours is on. */
import { Argument, type Command } from 'commander';
import type { AccountGuardPlan, Guard, GuardPlan } from '../../../shared/contract/guard.ts';
import { showName } from '../../../shared/domain/hostile.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { confirmed } from '../confirm.ts';
import type { Output } from '../output.ts';
import { withBroker } from '../session.ts';

interface GuardOptions {
  account?: string;
  dryRun?: boolean;
  yes?: boolean;
}

export function addGuard(program: Command): void {
  const guard = program
    .command('guard')
    .description('what in a cloud shuts ports at their end, also while this computer is off')
    .addHelpText(
      'after',
      '\nExamples:\n  latchkey guard status aws\n  latchkey guard install aws --dry-run\n  latchkey guard remove aws --account practice-aws --yes',
    );

  guard
    .command('status')
    .description('is there one, and what does it hold')
    .addArgument(cloud())
    .option('--account <id>', 'only this account')
    .action((of: 'azure' | 'aws', options: GuardOptions, command: Command) =>
      withBroker(command, async ({ client, out }) =>
        printGuards(out, await client.guard.status(which(of, options))),
      ),
    );

  for (const [kind, description] of [
    ['install', 'show what would be made, ask, and make it'],
    ['remove', 'show what would be taken away, ask, and take it away'],
  ] as const) {
    guard
      .command(kind)
      .description(description)
      .addArgument(cloud())
      .option('--account <id>', 'only this account')
      .option('--dry-run', 'only show it')
      .option('--yes', 'do not ask')
      .action((of: 'azure' | 'aws', options: GuardOptions, command: Command) =>
        withBroker(command, async ({ client, out }) => {
          const input = { ...which(of, options), kind };
          const { plans } = await client.guard.plan(input);
          if (!out.json) for (const one of plans) printPlan(out, one);
          const nothing = plans.every(({ plan }) => plan.steps.length === 0);
          if (options.dryRun === true || nothing) return out.result({ plans }, () => undefined);
          if (options.yes !== true) await ask(plans.map(({ plan }) => plan));
          const fingerprints = plans.map(({ plan }) => plan.fingerprint);
          return printGuards(out, await client.guard.apply({ ...input, fingerprints }));
        }),
      );
  }
}

const cloud = () => new Argument('<cloud>', 'whose guard').choices(['azure', 'aws']);

function which(of: 'azure' | 'aws', { account }: GuardOptions) {
  return { cloud: of, ...(account === undefined ? {} : { account }) };
}

/** What takes an ending from open grants is never done on a mere “y”: it wants --yes. */
async function ask(plans: GuardPlan[]): Promise<void> {
  const warnings = plans.flatMap(plan => plan.warnings);
  if (warnings.length > 0) {
    throw new LatchkeyError({
      code: 'CONFIRM_NEEDED',
      message: `Open grants still need the guard. ${warnings.join(' ')}`,
      fix: 'Wait until they are over, or add --yes.',
    });
  }
  if (!(await confirmed())) {
    throw new LatchkeyError({ code: 'CANCELLED', message: 'Nothing was changed.' });
  }
}

function printPlan(out: Output, { accountName, plan }: AccountGuardPlan): void {
  const verb = plan.kind === 'install' ? 'Install the guard of' : 'Remove the guard of';
  out.line(out.paint('bold', `${verb} ${showName(accountName)}`));
  if (plan.steps.length === 0) out.line('  nothing to change');
  for (const { what, document } of plan.steps) {
    out.line(`  ${showName(what)}`);
    for (const line of document?.split('\n') ?? []) out.line(`    ${showName(line)}`);
  }
  for (const warning of plan.warnings) out.line(out.paint('yellow', `  note: ${showName(warning)}`));
}

function printGuards(out: Output, answer: { guards: Guard[] }): void {
  out.result(answer, () => {
    for (const { accountName, guard, error } of answer.guards) {
      const holds =
        guard?.holds === undefined ? '' : `, holds ${guard.holds} ${guard.holds === 1 ? 'end' : 'ends'}`;
      out.line(`${out.paint('bold', showName(accountName))}  ${guard?.state ?? 'unknown'}${holds}`);
      for (const text of error === undefined ? (guard?.says ?? []) : [error.message]) {
        out.line(`  ${showName(text)}`);
      }
    }
  });
}
