/** The `latchkey` command: its options, its commands, and how it tells what went wrong. */
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { LatchkeyError, toErrorData } from '../../shared/errors.ts';
import { appVersion } from '../os/app.ts';
import { addAccounts } from './commands/accounts.ts';
import { addActivity } from './commands/activity.ts';
import { addConnect } from './commands/connect.ts';
import { addDoctor } from './commands/doctor.ts';
import { addGrants } from './commands/grants.ts';
import { addGuard } from './commands/guard.ts';
import { addHosts } from './commands/hosts.ts';
import { addLock } from './commands/lock.ts';
import { addPractice } from './commands/practice.ts';
import { addProxy } from './commands/proxy.ts';
import { addRequest } from './commands/request.ts';
import { addRoles } from './commands/roles.ts';
import { addVms } from './commands/vms.ts';
import { createOutput, usage } from './output.ts';
import { globals } from './session.ts';

const epilogue = `
VM is a name, an id or an ARN. Times are written 90s, 30m, 3h or PT30M.
Exit status: 0 done · 1 failed · 2 usage · 3 no such thing · 4 refused by policy · 5 refused by the cloud · 6 no answer in time.

Examples:
  latchkey --practice vms               try everything on the practice cloud that comes along
  latchkey connect web-1                open the port, wait for the machine, start ssh
  latchkey request web-1 --for 30m      open it only
  latchkey revoke --all                 shut everything now`;

/** The whole command line, ready to parse. */
function createProgram(): Command {
  const program = new Command('latchkey')
    .description(
      'Opens one management port of one cloud VM, for you alone, for a bounded time, and shuts it again.',
    )
    .option('--practice', 'use the practice cloud, starting it where it does not run')
    .option('--data-dir <folder>', 'where Latchkey keeps what it knows (also LATCHKEY_DATA_DIR)')
    .option('--json', 'print one JSON document; errors as JSON on stderr')
    .version(appVersion(), '-V, --version')
    .addHelpText('after', epilogue)
    .exitOverride()
    // What was wrong is told by `main` below, in one form for all errors.
    .configureOutput({ writeErr: () => undefined });
  const groups = [
    addVms,
    addLock,
    addRequest,
    addConnect,
    addProxy,
    addGrants,
    addActivity,
    addAccounts,
    addDoctor,
    addRoles,
    addGuard,
    addHosts,
    addPractice,
  ];
  for (const add of groups) add(program);
  return program;
}

/** Runs a command line (without program and script) and leaves its exit status in `process.exitCode`. */
export async function main(argv: string[]): Promise<void> {
  const end = argv.indexOf('--');
  const json = (end === -1 ? argv : argv.slice(0, end)).includes('--json');
  const program = createProgram();
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      const isDefect = !(error instanceof LatchkeyError);
      return createOutput(json).fail(isDefect ? await logDefect(program, error) : error);
    }
    if (error.exitCode === 0) return undefined;
    const text = error.message.replace(/^error: /, '');
    const said = error.code === 'commander.help' ? 'No command given.' : sentence(text);
    return createOutput(json).fail(usage(said, '`latchkey --help` shows what there is.'));
  }
}

/** What a person is told of a defect of ours says little: the rest is where the broker's own are, which he is told. */
async function logDefect(program: Command, error: unknown): Promise<LatchkeyError> {
  const { createLog } = await import('../os/log.ts');
  const path = join(globals(program).dataDirectory, 'log', 'latchkey.log');
  createLog(path).error({ err: error }, 'a command failed unexpectedly');
  const fix = `Try again; if it stays, send us the log: ${path}`;
  return new LatchkeyError({ ...toErrorData(error), fix }, { cause: error });
}

function sentence(text: string): string {
  const first = `${text.charAt(0).toUpperCase()}${text.slice(1)}`.replace(/\n/g, ' ');
  return /[.?)]$/.test(first) ? first : `${first}.`;
}
