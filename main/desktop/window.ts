/** The window: one, shown again instead of made twice, and its port to the broker. */
import { BrowserWindow, ipcMain, MessageChannelMain, type MessagePortMain, nativeTheme } from 'electron';
import { mayHavePort, startPage, webPreferences } from './rules.ts';

const portChannel = 'latchkey:port';
const showChannel = 'latchkey:show';

export interface MainWindow {
  /** Brings the window to the front, making it where there is none; `screen` is one of the page's own. */
  show(screen?: string): void;
}

/** `carry` answers the contract's calls on a port. Called once, when the app is ready. */
export function createMainWindow(preload: string, carry: (port: MessagePortMain) => void): MainWindow {
  let window: BrowserWindow | undefined;

  ipcMain.on(portChannel, event => {
    const frame = event.senderFrame;
    if (frame === null || !mayHavePort({ url: frame.url, mainFrame: frame === event.sender.mainFrame }))
      return;
    const { port1, port2 } = new MessageChannelMain();
    carry(port1);
    event.sender.postMessage(portChannel, null, [port2]);
  });

  function make(screen: string | undefined): BrowserWindow {
    const made = new BrowserWindow({
      width: 1280,
      height: 800,
      minWidth: 720,
      minHeight: 480,
      show: false,
      title: 'Latchkey',
      backgroundColor: nativeTheme.shouldUseDarkColors ? '#14171c' : '#f6f7f9',
      webPreferences: webPreferences(preload),
    });
    made.once('ready-to-show', () => made.show());
    made.on('closed', () => {
      window = undefined;
    });
    if (screen) made.webContents.once('did-finish-load', () => made.webContents.send(showChannel, screen));
    void made.loadURL(startPage);
    return made;
  }

  return {
    show(screen) {
      if (window === undefined) {
        window = make(screen);
        return;
      }
      if (window.isMinimized()) window.restore();
      window.show();
      window.focus();
      if (screen) window.webContents.send(showChannel, screen);
    },
  };
}
