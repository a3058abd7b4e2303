/**
 * All that the page gets of the desktop: one MessagePort to the broker and a few words from tray and notifications.
 * Runs in the sandbox: imports nothing but electron, exposes no way to send anything else.
 */
import { contextBridge, type IpcRendererEvent, ipcRenderer } from 'electron';

/** Channel and window message that carry the port. The main process answers each ask with a fresh port. */
const portChannel = 'latchkey:port';
/** The main process asks the page to show a screen: `vms`, `grants`, … */
const showChannel = 'latchkey:show';

ipcRenderer.on(portChannel, (event: IpcRendererEvent) => {
  // A port can't cross the context bridge; a message to our own window can carry it.
  window.postMessage(portChannel, window.location.origin, [...event.ports]);
});

contextBridge.exposeInMainWorld('latchkey', {
  platform: process.platform,
  askForPort: (): void => ipcRenderer.send(portChannel),
  onShow: (show: (screen: string) => void): void => {
    ipcRenderer.on(showChannel, (_event, screen: unknown) => show(String(screen)));
  },
});
