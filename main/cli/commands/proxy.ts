/** proxy: a pipe for ssh's ProxyCommand. Nothing but the machine's bytes goes to stdout. */
import { connect, type Socket } from 'node:net';
import type { Command } from 'commander';
import { LatchkeyError } from '../../../shared/errors.ts';
import { parsePort } from '../arguments.ts';
import { usage } from '../output.ts';
import { carryBytes } from '../pipe.ts';
import { globals, withBroker } from '../session.ts';
import { runStages } from './connect.ts';

const connectMs = 20_000;

export function addProxy(program: Command): void {
  program
    .command('proxy <vm> <port>')
    .description('open the port if needed, then carry bytes between it and stdin/stdout (ssh’s ProxyCommand)')
    .addHelpText('after', '\nExample:\n  ssh -o ProxyCommand="latchkey proxy %n %p" web-1')
    .action(async (vm: string, portText: string, _: unknown, command: Command) => {
      const { port, protocol } = parsePort(portText);
      if (protocol !== undefined && protocol !== 'tcp') throw usage('A pipe carries TCP only.');
      // A person is on the other side of ssh: stages would only be in the way.
      const { endpoint } = await withBroker(command, session =>
        runStages(
          { ...session, out: { ...globals(command).out, note: () => undefined } },
          {
            vm,
            port,
            client: 'none',
            start: 'caller',
          },
        ),
      );
      const socket = await connected(endpoint.host, endpoint.hostPort);
      await carryBytes(socket, process.stdin, process.stdout);
    });
}

function connected(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const failed = (why: string) => {
      socket.destroy();
      reject(new LatchkeyError({ code: 'NO_ANSWER', message: `${host}:${port} does not answer (${why}).` }));
    };
    socket.setTimeout(connectMs, () => failed('no answer in time'));
    socket.once('error', error => failed((error as NodeJS.ErrnoException).code ?? error.message));
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}
