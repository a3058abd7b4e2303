/** request */
import type { Command } from 'commander';
import type { Grant, GrantRequest, RequestPreview } from '../../../shared/contract/grants.ts';
import { showName } from '../../../shared/domain/hostile.ts';
import { formatDuration } from '../../../shared/domain/time.ts';
import { type ErrorData, LatchkeyError } from '../../../shared/errors.ts';
import { createClock } from '../../os/clock.ts';
import { many, parseFor, parsePort } from '../arguments.ts';
import type { Output } from '../output.ts';
import { type Session, withBroker } from '../session.ts';
import { left, portsText } from '../words.ts';

interface RequestOptions {
  port?: ReturnType<typeof parsePort>[];
  source?: string[];
  for?: number;
  reason?: string;
  dryRun?: boolean;
  wait?: boolean;
}

export function addRequest(program: Command): void {
  program
    .command('request <vm...>')
    .description('ask for access: open ports of VMs for a bounded time')
    .option('--port <port>', 'only this port of the policy: 22 or 22/tcp; may be repeated', many(parsePort))
    .option('--source <source>', 'my-ip (the default), policy, or a CIDR; may be repeated', many(String))
    .option('--for <time>', 'how long: 20s, 30m, 1h', parseFor)
    .option('--reason <text>', 'the justification')
    .option('--dry-run', 'only show what would be opened')
    .option('--wait', 'return when the ports answer')
    .addHelpText(
      'after',
      '\nExamples:\n  latchkey request web-1 --port 22 --for 1h --reason "ticket 4711"\n  latchkey request web-1 web-2 --source 203.0.113.0/24 --dry-run',
    )
    .action((vms: string[], options: RequestOptions, command: Command) =>
      withBroker(command, async session => {
        const request: GrantRequest = {
          vms,
          ...(options.port ? { ports: options.port } : {}),
          ...(options.source ? { sources: options.source } : {}),
          ...(options.for === undefined ? {} : { forMs: options.for }),
          ...(options.reason === undefined ? {} : { reason: options.reason }),
        };
        await (options.dryRun === true
          ? preview(session, request)
          : open(session, request, options.wait === true));
      }),
    );
}

async function preview({ client, out }: Session, request: GrantRequest): Promise<void> {
  const answer = await client.grants.preview(request);
  out.result(answer, () => {
    for (const one of answer.previews) printPreview(out, one);
  });
  tellFailures(out, answer.failures);
}

async function open(session: Session, request: GrantRequest, wait: boolean): Promise<void> {
  const { client, out } = session;
  const answer = await client.grants.request(request);
  if (wait) for (const grant of answer.grants) await untilAnswers(session, grant);
  out.result(answer, () => {
    for (const grant of answer.grants) printGrant(out, grant);
  });
  tellFailures(out, answer.failures);
}

/** Goes the way of a connection for every TCP port of a grant, starting nothing at its end. */
async function untilAnswers({ client }: Session, grant: Grant): Promise<void> {
  for (const { port } of grant.ports.filter(({ protocol }) => protocol !== 'udp')) {
    const events = await client.connect.run({
      vm: grant.vm,
      grant: grant.id,
      client: 'none',
      port,
      start: 'caller',
    });
    for await (const event of events) if (event.kind === 'failed') throw new LatchkeyError(event.error);
  }
}

/** One VM's failure is not the others': all are told, and the first decides the exit status. */
function tellFailures(out: Output, failures: { vm: string; error: ErrorData }[]): void {
  if (!out.json) for (const { vm, error } of failures.slice(1)) out.note(`${showName(vm)}: ${error.message}`);
  if (failures[0]) out.fail(new LatchkeyError(failures[0].error));
}

function printPreview(out: Output, preview: RequestPreview): void {
  const { vmName, ports, sources, forMs } = preview;
  out.line(
    `${showName(vmName)}: would open ${portsText(ports)} for ${sources.join(', ')}, ${formatDuration(forMs)} long`,
  );
  for (const text of [...preview.writes, ...preview.notes]) out.line(`  ${showName(text)}`);
}

function printGrant(out: Output, grant: Grant): void {
  const { vmName, ports, sources, id, endsAt } = grant;
  const until = `${left(endsAt, createClock().now())}, until ${new Date(endsAt).toLocaleTimeString()}`;
  out.line(
    `${showName(vmName)}: ${portsText(ports)} is open for ${sources.join(', ')} (${until}). Grant ${id}`,
  );
  for (const note of grant.notes) out.line(`  ${showName(note)}`);
}
