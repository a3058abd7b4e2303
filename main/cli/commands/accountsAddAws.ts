/** accounts add aws: accounts of AWS, by the profiles that its own command has. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  type Account,
  type AwsProfile,
  type AwsWay,
  type NewAccount,
  regionName,
} from '../../../shared/contract/accounts.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { usage } from '../output.ts';
import { type Session, withBroker } from '../session.ts';
import { followSignIn, showAccount } from './signInSteps.ts';

const credentials = ['environment', 'instance-role'] as const;

interface AddOptions {
  profile?: string[];
  allProfiles?: boolean;
  regions?: string;
  credential?: string;
  ssoStartUrl?: string;
  ssoRegion?: string;
  account?: string;
  role?: string;
  endpointUrl?: string;
  caBundle?: string;
  open: boolean;
}
type NewAws = Extract<NewAccount, { kind: 'aws' }>;

/** Under `accounts add`. */
export function addAws(add: Command): void {
  add
    .command('aws')
    .description('an account of AWS, by a profile of ~/.aws/config or by IAM Identity Center')
    .option('--profile <name>', 'a profile; may be repeated (default: AWS_PROFILE, or “default”)', more)
    .option('--all-profiles', 'every profile that can be signed in with')
    .option('--regions <list>', 'regions separated by commas, or all: those enabled for the account', 'all')
    .option('--sso-start-url <url>', 'without a profile: the access portal of IAM Identity Center')
    .option('--sso-region <region>', 'where that Identity Center is')
    .option('--account <number>', 'of the portal, the account; without it you choose')
    .option('--role <name>', 'of the portal, the permission set; without it you choose')
    .option('--credential <way>', `without a profile or a person: ${credentials.join(', ')}`)
    .option('--endpoint-url <url>', 'an EC2-compatible server for every service (default: AWS_ENDPOINT_URL)')
    .option('--ca-bundle <file>', 'PEM file of the authorities to trust there (default: AWS_CA_BUNDLE)')
    .option('--no-open', 'only print the address')
    .addHelpText(
      'after',
      `
Keys, SSO sessions, roles with MFA, credential_process, web identity and the roles of machines work as the profile says. A
code that AWS asks for is asked here. AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE and AWS_ENDPOINT_URL_<SERVICE> count as
they are set for this command. environment and instance-role are looked for where the broker runs.

Examples:
  latchkey accounts add aws --profile payments --regions eu-north-1,us-east-1
  latchkey accounts add aws --all-profiles
  latchkey accounts add aws --sso-start-url https://contoso.awsapps.com/start --sso-region eu-west-1`,
    )
    .action((options: AddOptions, command: Command) =>
      withBroker(command, async session => {
        const { files } = surroundings(options);
        const names = options.allProfiles
          ? usable((await session.client.accounts.profiles({ files })).profiles)
          : undefined;
        const wanted = (names ?? options.profile ?? [undefined]).map(name => parseNew(options, name));
        const added = await eachInTurn(session, wanted, options.open);
        const [only] = added;
        session.out.result(
          wanted.length === 1 && only && !options.allProfiles ? { account: only } : { accounts: added },
          () => {
            for (const account of added) showAccount(session.out, account);
          },
        );
        for (const { error } of added) if (error) session.out.fail(new LatchkeyError(error));
      }),
    );
}

/** One that fails does not keep the others from being added; it is told, and the status says so. */
async function eachInTurn(session: Session, all: NewAws[], mayOpen: boolean): Promise<Account[]> {
  const added: Account[] = [];
  for (const account of all) {
    try {
      const { accounts } = session.client;
      added.push(
        await followSignIn(session, mayOpen, signal => accounts.add({ account, open: 'caller' }, { signal })),
      );
    } catch (error) {
      if (all.length === 1 || !(error instanceof LatchkeyError) || error.code === 'CANCELLED') throw error;
      const name = account.profile ?? 'default';
      const told = { ...error.toData(), message: `${name}: ${error.message}` };
      session.out.fail(new LatchkeyError(told, { cause: error }));
    }
  }
  return added;
}

const more = (name: string, before: string[] | undefined): string[] => [...(before ?? []), name];

function usable(profiles: AwsProfile[]): string[] {
  const names = profiles.filter(({ source }) => source !== 'none').map(({ name }) => name);
  if (names.length > 0) return names;
  throw usage(
    'There is no AWS profile to sign in with.',
    '`aws configure` or `aws configure sso` makes one.',
  );
}

function parseNew(options: AddOptions, name: string | undefined): NewAws {
  const { credential, ssoStartUrl: startUrl, ssoRegion: region, account, role } = options;
  const without = credentials.find(one => one === credential);
  if (credential !== undefined && without === undefined)
    throw usage(`“${credential}” is no credential.`, `There are ${credentials.join(', ')}.`);
  const ways = [name !== undefined, startUrl !== undefined, without !== undefined].filter(Boolean);
  if (ways.length > 1) throw usage('A profile, a start URL or a credential: choose one of them.');
  if ((startUrl === undefined) !== (region === undefined))
    throw usage('--sso-start-url and --sso-region go together.');
  const way: AwsWay = without ?? (startUrl === undefined ? 'profile' : 'sso');
  const profile = name ?? process.env['AWS_PROFILE'];
  return {
    kind: 'aws',
    way,
    regions: parseRegions(options.regions ?? 'all'),
    ...surroundings(options),
    ...(way === 'profile' && profile ? { profile } : {}),
    ...(startUrl === undefined || region === undefined
      ? {}
      : {
          sso: {
            startUrl,
            region,
            ...(account === undefined ? {} : { account }),
            ...(role === undefined ? {} : { role }),
          },
        }),
  };
}

/** Files and servers: what the aws command would take from this command's environment. */
export function surroundings(
  options: Pick<AddOptions, 'caBundle' | 'endpointUrl'>,
): Pick<NewAws, 'files' | 'endpoints' | 'caFile'> {
  const { env } = process;
  const file = (path: string | undefined) => (path ? resolve(path) : undefined);
  const config = file(env['AWS_CONFIG_FILE']);
  const shared = file(env['AWS_SHARED_CREDENTIALS_FILE']);
  const caFile = file(options.caBundle ?? env['AWS_CA_BUNDLE']);
  const isIgnored = env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']?.toLowerCase() === 'true';
  const prefix = 'AWS_ENDPOINT_URL_';
  const byService = Object.entries(isIgnored ? {} : env).flatMap(([key, url]) =>
    key.startsWith(prefix) && url ? [[key.slice(prefix.length).toLowerCase(), url] as const] : [],
  );
  const all = options.endpointUrl ?? (isIgnored ? undefined : env['AWS_ENDPOINT_URL']);
  // What stands on the command line counts for every service.
  const told = options.endpointUrl === undefined ? byService : [];
  const endpoints = Object.fromEntries([...told, ...(all ? [['all', all] as const] : [])]);
  return {
    ...(config === undefined && shared === undefined
      ? {}
      : {
          files: {
            ...(config === undefined ? {} : { config }),
            ...(shared === undefined ? {} : { credentials: shared }),
          },
        }),
    ...(Object.keys(endpoints).length === 0 ? {} : { endpoints }),
    ...(caFile === undefined ? {} : { caFile }),
  };
}

function parseRegions(list: string): 'all' | string[] {
  if (list === 'all') return list;
  const regions = list.split(',').map(one => one.trim());
  const wrong = regions.find(one => !regionName.safeParse(one).success);
  if (wrong === undefined) return [...new Set(regions)];
  throw usage(`“${wrong}” is no region.`, '--regions is a list such as eu-north-1,us-east-1, or all.');
}
