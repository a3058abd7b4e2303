/** ui, broker: commands that may be the host of a broker themselves. */
import type { Command } from 'commander';
import { isLive } from '../../../shared/domain/live.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { idleMs, onNewerNode, untilStopped } from '../process.ts';
import { globals, reachBroker, withBroker } from '../session.ts';

export function addHosts(program: Command): void {
  program
    .command('ui')
    .description('open the interface in a browser')
    .option('--no-open', 'only print the address')
    .addHelpText(
      'after',
      '\nThe address works once, for a minute; run it again for another. Where no broker runs yet it stays in the\nforeground until Ctrl-C; if ports are open then, a broker in the background stays to shut them.',
    )
    .action(async (options: { open: boolean }, command: Command) => {
      if (await onNewerNode()) return;
      const { dataDirectory, out } = globals(command);
      const { connectBroker } = await import('../../doors/client.ts');
      const running = await connectBroker(dataDirectory);
      if (running) {
        running.close();
        return withBroker(command, async ({ connection }) => show(await connection.webAddress()));
      }
      const { startHost } = await import('../../host.ts');
      const host = await startHost({ dataDirectory, kind: 'headless' });
      const stopped = untilStopped(host.leaving);
      let open = 0;
      try {
        await withBroker(command, async () => show(await host.webAddress()));
        out.note('Ctrl-C ends it.');
        if ((await stopped) === 'asked') out.note('The desktop app has taken over.');
        else open = (await host.client.grants.list({})).grants.filter(isLive).length;
      } finally {
        await host.stop();
      }
      if (open > 0) {
        // Somebody has to be there to shut them.
        (await reachBroker(dataDirectory)).close();
        out.note(
          `${open} ${open === 1 ? 'port is' : 'ports are'} open: a broker in the background shuts them on time.`,
        );
      }

      async function show(address: string): Promise<void> {
        out.result({ address }, () => out.line(address));
        if (options.open) await openBrowser(address);
      }
    });

  program
    .command('broker')
    .description('run the broker without a window; other commands start it by themselves')
    .option('--background', 'started by another command: leave quietly when one runs already')
    .action(async (options: { background?: boolean }, command: Command) => {
      if (await onNewerNode()) return;
      const { dataDirectory, out } = globals(command);
      const { startHost } = await import('../../host.ts');
      try {
        const host = await startHost({ dataDirectory, kind: 'headless', idleMs: idleMs() });
        const stopped = untilStopped(host.leaving);
        out.result({ pid: process.pid, dataDirectory }, () =>
          out.line(`The broker of ${dataDirectory} is running. Ctrl-C ends it.`),
        );
        await stopped;
        await host.stop();
      } catch (error) {
        const beaten = error instanceof LatchkeyError && error.code === 'BROKER_RUNNING';
        if (!(beaten && options.background === true)) throw error;
      }
    });
}

/** Opens the address where there is a browser. The address is printed in any case, so a failure is only told. */
async function openBrowser(address: string): Promise<void> {
  const headless = process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY'];
  if (headless) return;
  const { default: open } = await import('open');
  const child = await open(address);
  child.once('error', () =>
    process.stderr.write('No browser could be started: open the address yourself.\n'),
  );
}
