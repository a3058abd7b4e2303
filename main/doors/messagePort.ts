/** The door of the desktop window: the contract over a MessagePort that the preload hands to the page. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Wire } from './carry.ts';

/** What a MessagePort of Node and a MessagePortMain of Electron both have. */
export interface Port {
  postMessage(frame: string): void;
  start(): void;
  close(): void;
  on(event: 'message', run: (message: unknown) => void): unknown;
  on(event: 'close', run: () => void): unknown;
}

/** A port takes everything at once: after so many frames in a row others get their turn, so that a stop can be heard. */
const framesPerTurn = 64;

/** The wire of one port. Electron gives a message inside an event, Node gives it bare. */
export function portWire(port: Port): Wire {
  let frames = 0;
  return {
    send: async frame => {
      port.postMessage(frame);
      if (++frames % framesPerTurn === 0) await nextTurn();
    },
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
