/** Real TCP listeners on loopback, one per port of a machine, and everything that is connected to them. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { MappedEndpoint, PracticeEndpoint, PracticeMachine } from '../machine.ts';
import { passes, type Through, throughFirewall } from './gate.ts';

/** Takes a connection that got through the gate. */
export type Serve = (socket: Socket) => void;

/** How long an Azure Firewall keeps a TCP connection on which nothing moves (reference §7.6). */
const idleMs = 4 * 60_000;

export class Listeners {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #endpoints: PracticeEndpoint[] = [];
  readonly #mapped = new Map<string, MappedEndpoint | undefined>();
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

  /**
   * Listens for a firewall's public address and port, for good: rules come and go, and `way` is asked for every single
   * connection. What it leads to serves; what gets no further is held in silence, as a firewall takes every
   * connection that its rules let in, whatever becomes of it.
   */
  async openMapped(
    { address, port }: { address: string; port: number },
    way: (source: string) => Through | undefined,
  ): Promise<void> {
    const key = `${address} ${port}`;
    if (this.#mapped.has(key)) return;
    this.#mapped.set(key, undefined);
    const host = '127.0.0.1';
    const server = createServer(socket => {
      this.#greet(socket);
      const serve = throughFirewall(socket, way);
      if (serve === 'hold') this.#hold(socket);
      else if (serve) this.#serve(socket, serve);
    });
    const hostPort = await listen(server, host);
    if (hostPort === undefined) return;
    this.#servers.push(server);
    this.#mapped.set(key, { address, port, host, hostPort });
  }

  mapped(): MappedEndpoint[] {
    return [...this.#mapped.values()].filter(one => one !== undefined);
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
    this.#greet(socket);
    if (passes(machine, port, socket)) this.#serve(socket, serve);
  }

  #greet(socket: Socket): void {
    this.#onConnection();
    // The other side may leave at any moment, and that is nobody's failure; whoever serves sees it as `close`.
    socket.on('error', () => socket.destroy());
  }

  #serve(socket: Socket, serve: Serve): void {
    this.#keep(socket);
    socket.setNoDelay(true);
    serve(socket);
  }

  /** Not a byte, until the other side has had enough or the firewall's idle time is over. */
  #hold(socket: Socket): void {
    this.#keep(socket);
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.resume();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
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
