/**
 * Stands in for the `electron` module where its binary is not: records what was asked of it, and plays the few events
 * the built bundle waits for. Loaded by smoke.mjs in the place of 'electron'.
 */
import { EventEmitter } from 'node:events';
import { MessageChannel } from 'node:worker_threads';

export const asked = [];
const note = (name, ...args) => void asked.push([name, ...args]);

class App extends EventEmitter {
  enableSandbox() {
    note('enableSandbox');
  }
  requestSingleInstanceLock() {
    note('requestSingleInstanceLock');
    return true;
  }
  whenReady() {
    return Promise.resolve();
  }
  quit() {
    note('quit');
    let held = false;
    const preventDefault = () => {
      held = true;
      note('quit held back');
    };
    this.emit('before-quit', { preventDefault });
    if (!held) this.emit('really-quit');
  }
  exit(code) {
    note('exit', code);
    this.emit('really-quit');
  }
}
export const app = new App();

export const protocol = {
  registerSchemesAsPrivileged: schemes => note('registerSchemesAsPrivileged', schemes),
  handle(scheme, handler) {
    note('handle', scheme);
    protocol.handler = handler;
  },
};

const handlers = {};
export const session = {
  defaultSession: {
    setPermissionRequestHandler: handler => void (handlers.request = handler),
    setPermissionCheckHandler: handler => void (handlers.check = handler),
    setDevicePermissionHandler: handler => void (handlers.device = handler),
  },
};
export const permissionHandlers = handlers;

export class BrowserWindow extends EventEmitter {
  constructor(options) {
    super();
    note('BrowserWindow', options);
    this.webContents = Object.assign(new EventEmitter(), { send: (...args) => note('send', ...args) });
    BrowserWindow.last = this;
  }
  loadURL(url) {
    note('loadURL', url);
    return Promise.resolve();
  }
  show() {
    note('show');
  }
  focus() {}
  isMinimized() {
    return false;
  }
}

export class MessageChannelMain {
  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port1 = port1;
    this.port2 = port2;
  }
}

export const ipcMain = new EventEmitter();
export const nativeTheme = { shouldUseDarkColors: false };
export const nativeImage = { createFromDataURL: url => ({ url }) };
export const dialog = {
  showMessageBox: async options => {
    note('showMessageBox', options);
    return { response: 0 };
  },
  showErrorBox: (...args) => note('showErrorBox', ...args),
};
export const Menu = {
  buildFromTemplate(template) {
    Menu.last = template;
    return template;
  },
};
export class Tray extends EventEmitter {
  setToolTip(text) {
    Tray.tip = text;
    app.emit('tip', text);
  }
  setContextMenu() {}
  destroy() {
    note('tray destroyed');
  }
}
export class Notification extends EventEmitter {
  constructor(options) {
    super();
    note('Notification', options);
  }
  show() {}
}
export const powerMonitor = new EventEmitter();
