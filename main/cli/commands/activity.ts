/** activity */
import type { Command } from 'commander';
import type { ActivityFilter, ActivityRow } from '../../../shared/contract/activity.ts';
import { createClock } from '../../os/clock.ts';
import { parseSince } from '../arguments.ts';
import { usage } from '../output.ts';
import { type Session, withBroker } from '../session.ts';

interface ActivityOptions {
  vm?: string;
  since?: string;
  csv?: string;
  limit: number;
  refresh?: boolean;
}

export function addActivity(program: Command): void {
  program
    .command('activity')
    .description('the history: requests, grants, rule changes, connections, failures')
    .option('--vm <vm>', 'only of this VM')
    .option('--since <time>', 'only since: 7d, 12h, or 2026-11-23', text =>
      parseSince(text, createClock().now()),
    )
    .option('--limit <rows>', 'how many rows, newest first', parseLimit, 100)
    .option('--refresh', 'read the clouds’ own logs first')
    .option('--csv <file>', 'write all of it as CSV; - is stdout')
    .addHelpText(
      'after',
      '\nExamples:\n  latchkey activity --vm web-1 --since 7d\n  latchkey activity --csv activity.csv',
    )
    .action((options: ActivityOptions, command: Command) =>
      withBroker(command, async session => {
        const filter: ActivityFilter = {
          ...(options.vm === undefined ? {} : { vm: options.vm }),
          ...(options.since === undefined ? {} : { since: options.since }),
        };
        if (options.refresh === true) await session.client.activity.refresh({});
        if (options.csv !== undefined) return writeCsv(session, filter, options.csv);
        const page = await session.client.activity.list({ ...filter, limit: options.limit });
        return session.out.result(page, () =>
          session.out.table(
            ['WHEN', 'WHAT', 'VM', 'USER', 'OUTCOME', 'IN CLOUD', 'TEXT'],
            page.rows.map(row),
          ),
        );
      }),
    );
}

/** The pieces are written as they come; a file appears whole or not at all. */
async function writeCsv({ client, out }: Session, filter: ActivityFilter, file: string): Promise<void> {
  const pieces = await client.activity.csv(filter);
  const { writeStream } = await import('../csvFile.ts');
  if (file === '-') return writeStream(pieces, process.stdout);
  const { writeFileWhole } = await import('../csvFile.ts');
  const bytes = await writeFileWhole(pieces, file);
  out.result({ file, bytes }, () => out.line(`${bytes} bytes written to ${file}.`));
}

function row(one: ActivityRow): string[] {
  const { at, kind, vmName, user, outcome, error, text, client } = one;
  const when = new Date(at).toLocaleString('sv-SE');
  const said = client === undefined ? text : `${text} (with ${client})`;
  return [
    when,
    kind,
    vmName ?? '',
    user,
    outcome === 'ok' ? 'ok' : (error?.code ?? 'failed'),
    inCloud(one),
    said,
  ];
}

/** What the cloud's own log has to do with it; nothing where it never will. */
function inCloud({ origin, inCloud: state }: ActivityRow): string {
  if (origin === 'cloud') return 'only there';
  switch (state) {
    case undefined:
      return '';
    case 'awaited':
      return 'not yet seen';
    case 'seen':
      return 'seen';
  }
}

function parseLimit(text: string): number {
  const rows = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (rows >= 1 && rows <= 1000) return rows;
  throw usage('--limit is a number from 1 to 1000.');
}
