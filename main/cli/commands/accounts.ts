/** accounts, settings, ip */
import type { Command } from 'commander';
import type { Account, JitWay, Settings } from '../../../shared/contract/accounts.ts';
import type { MyIp } from '../../../shared/contract/egress.ts';
import { formatDuration, parseDuration } from '../../../shared/domain/time.ts';
import { type Output, usage } from '../output.ts';
import { type Session, withBroker } from '../session.ts';
import { addSignIn } from './accountsAdd.ts';
import { surroundings } from './accountsAddAws.ts';

/** A region's scope is `<account>/<region>`; what is not there the broker says. */
async function regionScopes(client: Session['client'], id: string, names: string[]): Promise<string[]> {
  const { scopes } = await client.accounts.scopes({ id });
  return names.map(name => scopes.find(scope => scope.name === name)?.id ?? name);
}

export function addAccounts(program: Command): void {
  const accounts = program
    .command('accounts')
    .description('what you are signed in to')
    .action((_: unknown, command: Command) =>
      withBroker(command, async ({ client, out }) => printAccounts(out, await client.accounts.list({}))),
    );
  addSignIn(accounts);
  accounts
    .command('profiles')
    .description('the AWS profiles that can be signed in with, and where each gets its keys from')
    .action((_: unknown, command: Command) =>
      withBroker(command, async ({ client, out }) => {
        const { files } = surroundings({});
        const answer = await client.accounts.profiles(files === undefined ? {} : { files });
        out.result(answer, () =>
          out.table(
            ['NAME', 'SOURCE', 'ACCOUNT', 'ROLE', 'REGION', 'START URL'],
            answer.profiles.map(one => [
              one.name,
              one.source,
              one.account ?? '',
              one.role ?? '',
              one.region ?? '',
              one.startUrl ?? '',
            ]),
          ),
        );
      }),
    );
  accounts
    .command('scopes <id>')
    .description('the subscriptions or regions of an account, and which of them are looked at')
    .action((id: string, _: unknown, command: Command) =>
      withBroker(command, async ({ client, out }) => {
        const answer = await client.accounts.scopes({ id });
        out.result(answer, () =>
          out.table(
            ['LOOKED AT', 'NAME', 'ID'],
            answer.scopes.map(one => [one.chosen ? 'yes' : 'no', one.name, one.id]),
          ),
        );
      }),
    );
  accounts
    .command('set <id>')
    .description('choose which subscriptions or regions of an account are looked at')
    .option('--subscriptions <ids>', 'of Azure: ids separated by commas, or all: also those that come later')
    .option('--regions <names>', 'of AWS: names separated by commas, or all: also those that come later')
    .action((id: string, options: { subscriptions?: string; regions?: string }, command: Command) => {
      const { subscriptions, regions } = options;
      const list = subscriptions ?? regions;
      if (list === undefined || (subscriptions !== undefined && regions !== undefined))
        throw usage('Either --subscriptions or --regions.');
      const names = list === 'all' ? undefined : list.split(',').map(one => one.trim());
      if (names?.includes('')) throw usage('They are separated by commas, or all.');
      return withBroker(command, async ({ client, out }) => {
        const scopes = names && (regions === undefined ? names : await regionScopes(client, id, names));
        printAccounts(out, await client.accounts.choose({ id, ...(scopes ? { scopes } : {}) }));
      });
    });
  accounts
    .command('remove <id>')
    .description('forget an account and its sign-in')
    .action((id: string, _: unknown, command: Command) =>
      withBroker(command, async ({ client, out }) =>
        printAccounts(out, await client.accounts.remove({ id })),
      ),
    );

  program
    .command('settings [name=value...]')
    .description('show the settings, or change some')
    .addHelpText(
      'after',
      '\nExamples:\n  latchkey settings\n  latchkey settings warnBeforeMs=5m organisationRanges=203.0.113.0/24,2001:db8::/32\n  latchkey settings --jit "Contoso Production=direct"',
    )
    .option(
      '--jit <subscription=way>',
      'by id or name: auto (Defender for Cloud where its policy names the VM), defender or direct; may be repeated',
      (text: string, before: string[] | undefined) => [...(before ?? []), text],
    )
    .action((assignments: string[], options: { jit?: string[] }, command: Command) => {
      const change = {
        ...parseSettings(assignments),
        ...(options.jit === undefined ? {} : { jit: parseWays(options.jit) }),
      };
      return withBroker(command, async ({ client, out }) => {
        const settings = await (Object.keys(change).length === 0
          ? client.settings.get({})
          : client.settings.set(change));
        out.result(settings, () => out.table(['NAME', 'VALUE'], Object.entries(settings).map(settingRow)));
      });
    });

  program
    .command('ip')
    .description('my IP: the address the VMs will see you come from, and who saw it')
    .option('--refresh', 'ask the observers now')
    .action((options: { refresh?: boolean }, command: Command) =>
      withBroker(command, async ({ client, out }) => {
        const myIp = await client.egress.get(options.refresh === true ? { refresh: true } : {});
        out.result(myIp, () => printIp(out, myIp));
      }),
    );
}

function printAccounts(out: Output, answer: { accounts: Account[] }): void {
  out.result(answer, () => {
    if (answer.accounts.length === 0)
      return out.line(
        'No account. Try `latchkey accounts add azure` or `latchkey accounts add aws`, or `latchkey --practice vms`.',
      );
    out.table(
      ['ID', 'NAME', 'CLOUD', 'STATE', 'USER'],
      answer.accounts.map(one => [
        one.id,
        one.name,
        one.cloud,
        one.error ? `${one.state}: ${one.error.message}` : one.state,
        one.user ?? '',
      ]),
    );
  });
}

/** `name=value` pairs; lists are separated by commas, times are written like anywhere else. */
export function parseSettings(assignments: string[]): Partial<Settings> {
  const change: Record<string, unknown> = {};
  for (const assignment of assignments) {
    const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(assignment) ?? [];
    switch (name) {
      case 'theme':
      case 'density':
      case 'azureChinaAuthority':
        change[name] = value;
        break;
      case 'organisationRanges':
      case 'observers':
        change[name] = value === '' ? [] : value.split(',');
        break;
      case 'azureClouds':
        change[name] = parseClouds(value);
        break;
      case 'warnBeforeMs':
        change[name] = parseDuration(value);
        break;
      default:
        throw usage(
          `“${assignment}” is no setting.`,
          '`latchkey settings` shows their names; write name=value.',
        );
    }
  }
  return change;
}

const ways: readonly JitWay[] = ['auto', 'defender', 'direct'];

/** `subscription=way` pairs; a subscription's name may hold an equals sign itself. */
function parseWays(pairs: string[]): Settings['jit'] {
  return Object.fromEntries(
    pairs.map(pair => {
      const [, subscription = '', text = ''] = /^(.+)=(\w+)$/s.exec(pair) ?? [];
      const way = ways.find(known => known === text);
      if (subscription !== '' && way) return [subscription, way];
      throw usage(
        `“${pair}” is not like SUBSCRIPTION=auto.`,
        `Write a subscription's id or name, and one of ${ways.join(', ')}.`,
      );
    }),
  );
}

/** Custom clouds: JSON, as `settings --json` prints it; nothing for none. */
function parseClouds(value: string): unknown {
  try {
    return value === '' ? [] : JSON.parse(value);
  } catch {
    throw usage(
      'The custom clouds are a list in JSON.',
      'Write azureClouds=\'[{"name":"Stack","armEndpoint":"https://…","authority":"https://…"}]\'.',
    );
  }
}

function settingRow([name, value]: [string, Settings[keyof Settings]]): string[] {
  if (name === 'warnBeforeMs') return [name, formatDuration(Number(value))];
  if (typeof value === 'object' && !Array.isArray(value)) {
    const ways = Object.entries(value).map(pair => pair.join('='));
    return [name, ways.join(',') || 'auto'];
  }
  if (!Array.isArray(value)) return [name, String(value)];
  return [name, value.map(one => (typeof one === 'string' ? one : one.name)).join(',')];
}

function printIp(out: Output, { ipv4, ipv6, observations }: MyIp): void {
  for (const [name, verdict] of [
    ['IPv4', ipv4],
    ['IPv6', ipv6],
  ] as const) {
    const what = verdict.ranges ? `${verdict.state}: ${verdict.ranges.join(', ')}` : verdict.state;
    out.line(`${name}  ${verdict.address ?? '–'}  (${what})`);
  }
  out.line();
  out.table(
    ['OBSERVER', 'FAMILY', 'ROUTE', 'SAW', 'MS'],
    observations.map(one => [
      one.observer,
      one.family,
      one.route,
      one.address ?? one.error ?? '',
      String(one.ms),
    ]),
  );
}
