/** Real TCP listeners on loopback, one per port of a machine, and everything that is connected to them. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { PracticeEndpoint, PracticeMachine } from '../machine.ts';
import { passes } from './gate.ts';

/** Takes a connection that got through the gate. */
export type Serve = (socket: Socket) => void;

export class Listeners {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #endpoints: PracticeEndpoint[] = [];
  readonly #onConnection: () => void;

  /** `onConnection` is called for every connection, also for those the gate turns away. */
  constructor(onConnection: () => void) {
    this.#onConnection = onConnection;
  }

  /**
   * Listens for one port of a machine, on ::1 for a machine of IPv6 only, else on 127.0.0.1. The port number is any
   * free one. On a computer without IPv6 a machine of IPv6 only has no endpoint.
   */
  async open(machine: PracticeMachine, port: number, serve: Serve): Promise<void> {
    const host = machine.ipv6Only ? '::1' : '127.0.0.1';
    const server = createServer(socket => this.#accept(machine, port, serve, socket));
    const hostPort = await listen(server, host);
    if (hostPort === undefined) return;
    this.#servers.push(server);
    this.#endpoints.push({ id: machine.id, port, host, hostPort });
  }

  endpoints(): PracticeEndpoint[] {
    return this.#endpoints;
  }

  /** Stops listening and ends every connection at once. */
  async stop(): Promise<void> {
    const closed = this.#servers.map(server => new Promise<void>(done => server.close(() => done())));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  #accept(machine: PracticeMachine, port: number, serve: Serve, socket: Socket): void {
    this.#onConnection();
    // The other side may leave at any moment, and that is nobody's failure; whoever serves sees it as `close`.
    socket.on('error', () => socket.destroy());
    if (!passes(machine, port, socket)) return;
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.setNoDelay(true);
    serve(socket);
  }
}

/** The port number; undefined if this computer does not have the address. */
function listen(server: Server, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') resolve(undefined);
      else reject(error);
    });
    server.listen(0, host, () => resolve((server.address() as AddressInfo).port));
  });
}
