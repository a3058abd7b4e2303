/** connect, ssh-config */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Command } from 'commander';
import type { ConnectEvent, ConnectInput, Launch } from '../../../shared/contract/connect.ts';
import { showName } from '../../../shared/domain/hostile.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { latchkeyCommand } from '../../os/app.ts';
import { many, parseFor } from '../arguments.ts';
import { type Output, usage } from '../output.ts';
import { globals, type Session, withBroker } from '../session.ts';

interface ConnectOptions {
  ssh?: boolean;
  rdp?: boolean;
  for?: number;
  source?: string[];
  reason?: string;
  instanceConnect?: boolean;
  user?: string;
}

type Ready = Extract<ConnectEvent, { kind: 'ready' }>;

export function addConnect(program: Command): void {
  program
    .command('connect <vm> [arguments...]')
    .description('open the port if needed, wait until the machine answers, start the client')
    .option('--ssh', 'with SSH (default: by the VM’s system)')
    .option('--rdp', 'with RDP')
    .option('--instance-connect', 'sign in with a key that is put on the machine for a minute (AWS)')
    .option('--user <name>', 'who signs in then (default: of the VM’s settings, else ec2-user)')
    .option('--for <time>', 'how long the port is open', parseFor)
    .option('--source <source>', 'my-ip (the default), policy, or a CIDR; may be repeated', many(String))
    .option('--reason <text>', 'the justification')
    .addHelpText(
      'after',
      '\nExamples:\n  latchkey connect web-1\n  latchkey connect web-1 --ssh -- -v uptime',
    )
    .action(async (vm: string, rest: string[], options: ConnectOptions, command: Command) => {
      if (options.ssh === true && options.rdp === true) throw usage('Either --ssh or --rdp, not both.');
      const client = options.ssh === true ? 'ssh' : options.rdp === true ? 'rdp' : undefined;
      const ready = await withBroker(command, session =>
        runStages(session, {
          vm,
          start: 'caller',
          ...(client === undefined ? {} : { client }),
          ...(options.for === undefined ? {} : { forMs: options.for }),
          ...(options.source === undefined ? {} : { sources: options.source }),
          ...(options.reason === undefined ? {} : { reason: options.reason }),
          ...(options.instanceConnect === true ? { pushKey: true } : {}),
          ...(options.user === undefined ? {} : { user: options.user }),
          ...(rest.length === 0 ? {} : { clientArguments: rest }),
        }),
      );
      const { out } = globals(command);
      if (out.json) return out.result(ready, () => undefined);
      if (!ready.launch) return out.line(`${ready.endpoint.host}:${ready.endpoint.hostPort} answers.`);
      process.exitCode = await runClient(ready.launch);
    });

  program
    .command('ssh-config')
    .description('Host entries for ~/.ssh/config: plain `ssh VM` then opens the port by itself')
    .addHelpText('after', '\nExample:\n  latchkey ssh-config > latchkey.conf; ssh -F latchkey.conf web-1')
    .action((_: unknown, command: Command) =>
      withBroker(command, async ({ client, out, dataDirectory, practice }) => {
        const program = [
          ...latchkeyCommand(),
          '--data-dir',
          dataDirectory,
          ...(practice ? ['--practice'] : []),
        ];
        const answer = await client.connect.sshConfig({ command: program });
        out.result(answer, () => void process.stdout.write(answer.text));
      }),
    );
}

/** Goes all stages, telling each on stderr, and gives the end. Throws the failure. */
export async function runStages({ client, out }: Session, input: ConnectInput): Promise<Ready> {
  for await (const event of await client.connect.run(input)) {
    switch (event.kind) {
      case 'stage':
        if (!out.json) tellStage(out, event);
        break;
      case 'ready':
        return event;
      case 'failed':
        throw new LatchkeyError(event.error);
    }
  }
  throw new LatchkeyError({ code: 'INTERNAL', message: 'The connection ended before it began.' });
}

function tellStage(out: Output, event: Extract<ConnectEvent, { kind: 'stage' }>): void {
  const took = event.ms === undefined ? '' : ` (${event.ms} ms)`;
  const usual = event.state === 'begun' && event.usual !== undefined ? ` (${event.usual})` : '';
  const mark = { begun: '…', done: '✓', failed: '✗' }[event.state];
  out.note(`${mark} ${showName(event.text)}${took}${usual}`);
}

/** Runs the client in this terminal and gives its exit status; 128 + n when signal n ended it, as shells do. */
function runClient({ argv: [program = '', ...rest] }: Launch): Promise<number> {
  return new Promise((resolve, reject) => {
    // Ctrl-C is for the client.
    const ignore = () => undefined;
    process.on('SIGINT', ignore);
    const child = spawn(program, rest, { stdio: 'inherit', shell: false });
    child.once('error', cause =>
      reject(
        new LatchkeyError({ code: 'CLIENT_FAILED', message: `${program} could not be started.` }, { cause }),
      ),
    );
    child.once('exit', (status, signal) => {
      process.off('SIGINT', ignore);
      resolve(status ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
