/** accounts add azure, accounts sign-in. */
import type { Command } from 'commander';
import type { Account, NewAccount, SignInWay } from '../../../shared/contract/accounts.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { usage } from '../output.ts';
import { type Session, withBroker } from '../session.ts';
import { addAws } from './accountsAddAws.ts';
import { followSignIn, showAccount } from './signInSteps.ts';

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
  const add = accounts.command('add').description('sign in to an account: azure, aws');
  addAws(add);
  add
    .command('azure')
    .description('a tenant of Azure, with its subscriptions')
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
    .action((options: AddOptions, command: Command) => {
      const account = parseNew(options);
      return withBroker(command, async session =>
        result(
          session,
          await followSignIn(session, options.open, signal =>
            session.client.accounts.add({ account, open: 'caller' }, { signal }),
          ),
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
        result(
          session,
          await followSignIn(session, options.open, signal =>
            session.client.accounts.signIn(
              { id, open: 'caller', ...(options.deviceCode ? { way: 'device-code' as const } : {}) },
              { signal },
            ),
          ),
        ),
      ),
    );
}

function parseNew(options: AddOptions): NewAccount {
  const { cloud, tenant, clientId, deviceCode, credential } = options;
  if (tenant !== undefined && !/^[A-Za-z0-9][A-Za-z0-9.-]{0,254}$/.test(tenant))
    throw usage(`“${tenant}” is no tenant.`, 'Name it by its id or by a domain: contoso.onmicrosoft.com.');
  const without = credentials.find(one => one === credential);
  if (credential !== undefined && without === undefined)
    throw usage(`“${credential}” is no credential.`, `There are ${credentials.join(', ')}.`);
  if (without !== undefined && deviceCode)
    throw usage('A device code is for a person, a credential is without one: choose one of them.');
  const way: SignInWay = without ?? (deviceCode ? 'device-code' : 'browser');
  return {
    kind: 'azure',
    way,
    ...(cloud === undefined ? {} : { cloud }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(clientId === undefined ? {} : { clientId }),
  };
}

function result({ out }: Session, account: Account): void {
  out.result({ account }, () => showAccount(out, account));
  if (account.error) out.fail(new LatchkeyError(account.error));
}
