/** roles: the rights Latchkey needs, as a role to hand to who gives them. */
import { type Command, Option } from 'commander';
import { awsPolicy } from '../../../shared/domain/rights/awsPolicy.ts';
import { type Job, jobs, type Mode, modes } from '../../../shared/domain/rights/azureActions.ts';
import { azureRole } from '../../../shared/domain/rights/azureRole.ts';
import { many } from '../arguments.ts';
import { usage } from '../output.ts';
import { globals, withBroker } from '../session.ts';

interface RoleOptions {
  for: Job;
  mode?: Mode[];
  subscription?: string[];
  name?: string;
  doctor?: boolean;
}

export function addRoles(program: Command): void {
  const roles = program.command('roles').description('print a role that is exactly enough for a job');
  roles
    .command('azure')
    .description('a custom role definition for Azure, as JSON')
    .addOption(
      new Option('--for <job>', 'see VMs; also open and shut ports; also lock and unlock')
        .choices([...jobs])
        .makeOptionMandatory(),
    )
    .option(
      '--mode <mode>',
      `how ports are opened: ${modes.join(', ')}; default all (repeatable)`,
      many(parseMode),
    )
    .option(
      '--subscription <id>',
      'where it can be assigned (repeatable); default the subscriptions you are signed in to',
      many(parseSubscription),
    )
    .option('--name <name>', 'what the role is called; default “Latchkey <job>”')
    .option('--doctor', 'with the reads that only `latchkey doctor` needs')
    .addHelpText(
      'after',
      '\nExample:\n  latchkey roles azure --for request --subscription ID > role.json\n  az role definition create --role-definition role.json\n  az role assignment create --role "Latchkey request" --assignee WHO --scope /subscriptions/ID',
    )
    .action(async (options: RoleOptions, command: Command) => {
      const { for: job, mode, name, doctor } = options;
      const subscriptions = options.subscription ?? (await ownSubscriptions(command));
      const role = azureRole({ job, modes: mode, name, doctor, subscriptions });
      globals(command).out.line(JSON.stringify(role, undefined, 2));
    });
  addAwsRole(roles);
}

/** The subscriptions of the signed-in accounts. A role belongs to one tenant: with several accounts the person has to say. */
async function ownSubscriptions(command: Command): Promise<string[]> {
  const scopes = await withBroker(command, async ({ client }) => {
    const { vms: _vms, scopes: all } = await client.vms.list({});
    const { accounts } = await client.accounts.list({});
    const azure = new Set(accounts.filter(one => one.cloud === 'azure').map(one => one.id));
    return all.filter(({ account }) => azure.has(account));
  });
  const fix = 'Say where the role can be assigned: --subscription ID';
  if (scopes.length === 0) throw usage('No Azure subscription is known.', fix);
  if (new Set(scopes.map(({ account }) => account)).size > 1)
    throw usage('You are signed in to several Azure accounts, and a role belongs to one of them.', fix);
  return scopes.map(({ scope }) => scope);
}

function parseMode(text: string): Mode {
  const mode = modes.find(one => one === text);
  if (mode) return mode;
  throw usage(`“${text}” is no way to open ports.`, `Write one of ${modes.join(', ')}.`);
}

/** AWS has no scopes to choose: whom the policy is attached to has it in all of the account. */
function addAwsRole(roles: Command): void {
  roles
    .command('aws')
    .description('an IAM policy for AWS, as JSON')
    .addOption(
      new Option('--for <job>', 'see instances; also open and shut ports; also lock and unlock')
        .choices([...jobs])
        .makeOptionMandatory(),
    )
    .option('--guard', 'with what grants take that AWS ends by itself (`latchkey guard`)')
    .option('--keys', 'with what `latchkey connect --instance-connect` takes')
    .addHelpText(
      'after',
      '\nExample:\n  latchkey roles aws --for request > policy.json\n  aws iam create-policy --policy-name latchkey-request --policy-document file://policy.json',
    )
    .action((options: { for: Job; guard?: boolean; keys?: boolean }, command: Command) => {
      const policy = awsPolicy(options.for, [
        ...(options.guard ? (['guard'] as const) : []),
        ...(options.keys ? (['keys'] as const) : []),
      ]);
      globals(command).out.line(JSON.stringify(policy, undefined, 2));
    });
}

/** A GUID, or the whole scope `/subscriptions/GUID`. */
function parseSubscription(text: string): string {
  const [, id] = /^(?:\/subscriptions\/)?([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/i.exec(text) ?? [];
  if (id !== undefined) return id.toLowerCase();
  throw usage(`“${text}” is not the id of a subscription.`, '`az account list` shows them.');
}
