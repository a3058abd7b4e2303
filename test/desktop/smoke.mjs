/**
 * Loads the built desktop bundle as it is shipped against the stand-in of electron.mjs, asks the questions a hostile page
 * would, and prints what came of it as JSON. Run by bundle.test.ts in a process of its own.
 */
import { registerHooks } from 'node:module';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';

const standIn = new URL('./electron.mjs', import.meta.url).href;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url: standIn, shortCircuit: true } : next(specifier, context),
});
const electron = await import(standIn);
const shown = new Promise(resolve => electron.app.once('tip', resolve));
await import(new URL('../../out/main/index.js', import.meta.url).href);
const tip = await shown;

const page = { url: 'app://latchkey/index.html' };
function askForPort(frame, mainFrame) {
  const ports = [];
  const sender = { mainFrame, postMessage: (_channel, _message, transfer) => ports.push(...transfer) };
  electron.ipcMain.emit('latchkey:port', { senderFrame: frame, sender });
  return ports[0];
}
const stranger = { url: 'https://evil.example/' };
const refusedPorts = [
  askForPort(stranger, stranger),
  askForPort(page, { url: page.url }),
  askForPort(null, page),
];

const port = askForPort(page, page);
const client = createORPCClient(new RPCLink({ port }));
const info = await client.app.info({});

const contents = new electron.BrowserWindow({}).webContents;
let windowOpen;
contents.setWindowOpenHandler = handler => (windowOpen = handler({ url: 'https://evil.example/' }));
electron.app.emit('web-contents-created', {}, contents);
const prevented = {};
for (const event of ['will-navigate', 'will-frame-navigate', 'will-redirect', 'will-attach-webview']) {
  contents.emit(event, { url: 'https://evil.example/', preventDefault: () => (prevented[event] = true) });
}
const permissions = ['media', 'geolocation', 'notifications', 'clipboard-read'].map(name =>
  electron.permissionHandlers.check(null, name, page.url),
);

const served = {};
for (const path of [
  'index.html',
  '../package.json',
  '%2e%2e/package.json',
  '..%5cpackage.json',
  'nothing.js',
]) {
  const answer = await electron.protocol.handler(new Request(`app://latchkey/${path}`));
  served[path] = { status: answer.status, policy: answer.headers.get('content-security-policy') };
}
served.post = {
  status: (await electron.protocol.handler(new Request('app://latchkey/index.html', { method: 'POST' })))
    .status,
};

const menu = electron.Menu.last.map(item => item.label ?? item.type);
port.close();
const gone = new Promise(resolve => electron.app.once('really-quit', resolve));
electron.app.quit();
await gone;
process.stdout.write(
  JSON.stringify({
    asked: electron.asked,
    tip,
    info,
    refusedPorts,
    windowOpen,
    prevented,
    permissions,
    served,
    menu,
  }),
);
process.exit(0);
