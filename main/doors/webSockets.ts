/** The contract over WebSockets, for the doors that listen with an HTTP server. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../os/ports.ts';
import { longestFrame, type Wire } from './carry.ts';

/** With this much unsent, a stream waits for its reader. */
const mostUnsent = 1024 * 1024;
/** Frames to a reader that is gone are taken at once, until its close is heard: others get their turn so that it can be. */
const framesPerTurn = 64;

export interface WebSockets {
  /** Takes an upgrade that was found allowed. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

export function createWebSockets(carry: (wire: Wire) => void, log: Logger): WebSockets {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: longestFrame,
    perMessageDeflate: false,
    clientTracking: true,
  });
  server.on('connection', socket => {
    // `ws` ends a connection that breaks the protocol or sends too large a frame; here it is only told.
    socket.on('error', error => log.warn({ code: (error as NodeJS.ErrnoException).code }, error.message));
    carry(wire(socket));
  });
  return {
    accept: (request, socket, head) =>
      server.handleUpgrade(request, socket, head, client => server.emit('connection', client, request)),
    close: () => {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

/** Refuses an upgrade with an HTTP status. */
export function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function wire(socket: WebSocket): Wire {
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()));
  let frames = 0;
  return {
    send: frame => {
      // Its streams hear of the close; one that never waits would keep it from being heard.
      if (socket.readyState !== socket.OPEN) return closed;
      if (socket.bufferedAmount < mostUnsent) {
        socket.send(frame);
        return ++frames % framesPerTurn === 0 ? nextTurn() : Promise.resolve();
      }
      // A failed write closes the socket, and that is what its streams end by.
      return new Promise(resolve => socket.send(frame, () => resolve()));
    },
    onFrame: run =>
      socket.on('message', (data, binary) => run(binary ? data : (data as Buffer).toString('utf8'))),
    onClose: run => socket.on('close', run),
    close: () => socket.close(1008),
  };
}
