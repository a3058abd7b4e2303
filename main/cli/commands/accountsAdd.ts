/** accounts add, sign-in: the sign-in's steps told to whoever sits at the terminal. */
import type { Command } from 'commander';
import type { NewAccount, SignInStep, SignInWay } from '../../../shared/contract/accounts.ts';
import { showName } from '../../../shared/domain/hostile.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { createClock } from '../../os/clock.ts';
import { type Output, usage } from '../output.ts';
import { untilStopped } from '../process.ts';
import { type Session, withBroker } from '../session.ts';
import { left } from '../words.ts';

const credentials = ['environment', 'managed-identity', 'azure-cli'] as const;

interface AddOptions {
  cloud?: string;
  tenant?: string;
  clientId?: string;
  deviceCode?: boolean;
  credential?: string;
  open: boolean;
}

/** Under `accounts`. */
export function addSignIn(accounts: Command): void {
  accounts
    .command('add <kind>')
    .description('sign in to an account: azure')
    .option(
      '--cloud <name>',
      'AzureCloud, AzureUSGovernment, AzureChinaCloud, or one of the setting azureClouds',
    )
    .option('--tenant <id>', 'the tenant, by its id or a domain; without it your own')
    .option('--device-code', 'sign in by a code that you type on any device')
    .option('--credential <way>', `without a person: ${credentials.join(', ')}`)
    .option('--client-id <id>', 'the application to sign in as, or the managed identity to use')
    .option('--no-open', 'only print the address')
    .addHelpText(
      'after',
      `
Ctrl-C cancels. Without --client-id it is the Azure CLI's application, which every tenant knows: Latchkey has no
registration of its own. environment, managed-identity and azure-cli are looked for where the broker runs.

Examples:
  latchkey accounts add azure
  latchkey accounts add azure --cloud AzureUSGovernment --tenant contoso.onmicrosoft.us --device-code
  latchkey accounts add azure --credential managed-identity`,
    )
    .action((kind: string, options: AddOptions, command: Command) => {
      const account = parseNew(kind, options);
      return withBroker(command, async session =>
        follow(session, options.open, signal =>
          session.client.accounts.add({ account, open: 'caller' }, { signal }),
        ),
      );
    });

  accounts
    .command('sign-in <id>')
    .description('sign in to an account again, as the same user')
    .option('--device-code', 'by a code that you type on any device')
    .option('--no-open', 'only print the address')
    .action((id: string, options: AddOptions, command: Command) =>
      withBroker(command, async session =>
        follow(session, options.open, signal =>
          session.client.accounts.signIn(
            { id, open: 'caller', ...(options.deviceCode ? { way: 'device-code' as const } : {}) },
            { signal },
          ),
        ),
      ),
    );
}

function parseNew(kind: string, options: AddOptions): NewAccount {
  const { cloud, tenant, clientId, deviceCode, credential } = options;
  if (kind !== 'azure') throw usage(`There is no kind of account “${kind}” to sign in to.`, 'It is: azure.');
  const without = credentials.find(one => one === credential);
  if (credential !== undefined && without === undefined)
    throw usage(`“${credential}” is no credential.`, `There are ${credentials.join(', ')}.`);
  if (without !== undefined && deviceCode)
    throw usage('A device code is for a person, a credential is without one: choose one of them.');
  const way: SignInWay = without ?? (deviceCode ? 'device-code' : 'browser');
  return {
    kind,
    way,
    ...(cloud === undefined ? {} : { cloud }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(clientId === undefined ? {} : { clientId }),
  };
}

/** Tells the steps on stderr, and the account as the result. Ctrl-C ends the stream, which cancels the sign-in. */
async function follow(
  { out }: Session,
  mayOpen: boolean,
  begin: (signal: AbortSignal) => Promise<AsyncIterable<SignInStep>>,
): Promise<void> {
  const stop = new AbortController();
  const done = Promise.withResolvers<void>();
  const stopped = untilStopped(done.promise).then(why => {
    if (why === 'stopped') stop.abort();
  });
  try {
    for await (const step of await begin(stop.signal)) await tell(out, step, mayOpen);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    throw new LatchkeyError({ code: 'CANCELLED', message: 'Cancelled: nobody was signed in.' });
  } finally {
    done.resolve();
    await stopped;
  }
}

async function tell(out: Output, step: SignInStep, mayOpen: boolean): Promise<void> {
  switch (step.step) {
    case 'browser': {
      const { createBrowser } = await import('../../os/browser.ts');
      const opened = mayOpen && (await createBrowser().open(step.url));
      out.note(
        opened
          ? 'Sign in in the browser that has just opened, or open this address:'
          : 'Open this address in a browser on this computer:',
      );
      out.note(`  ${step.url}`);
      if (!opened && mayOpen) out.note('There is none here? Ctrl-C, and again with --device-code.');
      return;
    }
    case 'device-code':
      out.note(`Open ${showName(step.url)} on any device and type the code ${showName(step.code)}`);
      out.note(`It is good for ${left(step.expiresAt, createClock().now())}.`);
      return;
    case 'done': {
      const { account, notes } = step;
      for (const note of notes) out.note(note);
      out.result({ account }, () => {
        out.line(`Signed in to ${showName(account.name)} as ${showName(account.user ?? 'unknown')}.`);
        out.line(`  id     ${account.id}`);
        out.line(`  state  ${account.state}`);
      });
      if (account.error) out.fail(new LatchkeyError(account.error));
    }
  }
}
