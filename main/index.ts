/** Electron's entry: wiring only. One instance; the window may be closed while the tray goes on looking after grants. */
import { join } from 'node:path';
import { app, dialog } from 'electron';
import { toErrorData } from '../shared/errors.ts';
import { registerScheme, serveInterface } from './desktop/appProtocol.ts';
import { lockDown } from './desktop/lockdown.ts';
import { mayQuit } from './desktop/quit.ts';
import { startTray } from './desktop/tray.ts';
import { createMainWindow } from './desktop/window.ts';
import { portWire } from './doors/messagePort.ts';
import { startHost } from './host.ts';
import { appFolder, rendererFolder } from './os/app.ts';
import { createClock } from './os/clock.ts';
import { dataDirectory } from './os/dataDirectory.ts';
import { createLog } from './os/log.ts';

async function start(): Promise<void> {
  const folder = dataDirectory(undefined, process.argv.includes('--practice'));
  const host = await startHost({ dataDirectory: folder, kind: 'desktop' });
  lockDown();
  serveInterface(rendererFolder);

  const preload = join(appFolder, 'out', 'preload', 'index.js');
  const window = createMainWindow(preload, port => host.carry(portWire(port)));
  const log = createLog(join(folder, 'log', 'desktop.log'));
  const show = (screen: string) => window.show(screen);
  const tray = startTray({ client: host.client, clock: createClock(), log, show, quit: () => app.quit() });

  app.on('second-instance', () => window.show());
  app.on('activate', () => window.show());
  // Closing the window leaves Latchkey in the tray: grants end on time only while a broker runs.
  app.on('window-all-closed', () => undefined);

  let leaving: 'no' | 'asking' | 'yes' = 'no';
  async function leave(): Promise<void> {
    const may = await mayQuit(host.client).catch((error: unknown) => {
      log.error({ error: toErrorData(error) }, 'could not tell whether ports are open');
      return false;
    });
    leaving = may ? 'yes' : 'no';
    if (!may) return;
    tray[Symbol.dispose]();
    await host.stop().finally(() => app.quit());
  }
  app.on('before-quit', event => {
    if (leaving === 'yes') return;
    event.preventDefault();
    if (leaving === 'asking') return;
    leaving = 'asking';
    void leave();
  });
  void host.leaving.then(() => app.quit());
  window.show();
}

app.enableSandbox();
registerScheme();
if (app.requestSingleInstanceLock()) {
  app
    .whenReady()
    .then(start)
    .catch((error: unknown) => {
      const { message, fix } = toErrorData(error);
      dialog.showErrorBox('Latchkey could not start', [message, fix].filter(Boolean).join('\n'));
      app.exit(1);
    });
} else app.quit();
