/** The door of the desktop window: the contract over a MessagePort that the preload hands to the page. */
import type { Wire } from './carry.ts';

/** What a MessagePort of Node and a MessagePortMain of Electron both have. */
export interface Port {
  postMessage(frame: string): void;
  start(): void;
  close(): void;
  on(event: 'message', run: (message: unknown) => void): unknown;
  on(event: 'close', run: () => void): unknown;
}

/** The wire of one port. Electron gives a message inside an event, Node gives it bare. */
export function portWire(port: Port): Wire {
  return {
    send: async frame => port.postMessage(frame),
    onFrame: run => {
      port.on('message', message => run(isEvent(message) ? message.data : message));
      port.start();
    },
    onClose: run => port.on('close', run),
    close: () => port.close(),
  };
}

function isEvent(message: unknown): message is { data: unknown } {
  return typeof message === 'object' && message !== null && 'data' in message;
}
