/** lock, unlock: both show what they would change, and ask. */
import type { Command } from 'commander';
import type { Plan, PolicyPort } from '../../../shared/contract/policies.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { many, parsePolicyPort } from '../arguments.ts';
import { confirmed } from '../confirm.ts';
import type { Output } from '../output.ts';
import { withBroker } from '../session.ts';
import { printPlans } from '../words.ts';

interface LockOptions {
  port?: PolicyPort[];
  dryRun?: boolean;
  yes?: boolean;
}

export function addLock(program: Command): void {
  program
    .command('lock <vm...>')
    .description('turn just-in-time access on: shut the protected ports')
    .option(
      '--port <port>',
      'a protected port: 22[/tcp]:3h[:CIDR,…]; default 22, 3389, 5985, 5986',
      many(parsePolicyPort),
    )
    .option('--dry-run', 'only show the plan')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      '\nExamples:\n  latchkey lock web-1\n  latchkey lock web-1 web-2 --port 22:1h:203.0.113.0/24,2001:db8::/32 --yes',
    )
    .action((vms: string[], options: LockOptions, command: Command) =>
      withBroker(command, async ({ client, out }) => {
        const input = { vms, ...(options.port ? { ports: options.port } : {}) };
        const { plans } = await client.policies.planLock(input);
        await carryOut(out, plans, options, fingerprints => client.policies.lock({ ...input, fingerprints }));
      }),
    );

  program
    .command('unlock <vm...>')
    .description('turn just-in-time access off: put back what a lock took away')
    .option('--dry-run', 'only show the plan')
    .option('--yes', 'do not ask')
    .action((vms: string[], options: LockOptions, command: Command) =>
      withBroker(command, async ({ client, out }) => {
        const { plans } = await client.policies.planUnlock({ vms });
        await carryOut(out, plans, options, fingerprints => client.policies.unlock({ vms, fingerprints }));
      }),
    );
}

async function carryOut(
  out: Output,
  plans: Plan[],
  options: LockOptions,
  apply: (fingerprints: string[]) => Promise<{ plans: Plan[] }>,
): Promise<void> {
  const nothing = plans.every(plan => plan.steps.length === 0);
  if (!out.json) printPlans(out, plans);
  if (options.dryRun === true || nothing) return out.result({ plans }, () => undefined);
  if (options.yes !== true && !(await confirmed())) {
    throw new LatchkeyError({ code: 'CANCELLED', message: 'Nothing was changed.' });
  }
  const done = await apply(plans.map(plan => plan.fingerprint));
  out.result(done, () => out.line('Done.'));
}
