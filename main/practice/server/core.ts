/**
 * The server both practice clouds stand on: HTTPS on loopback with one certificate authority, one request log and one
 * set of faults. Each cloud opens its own listener with its own routes.
 */
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { type Certificates, makeCertificates } from './certificates.ts';
import { addFaults, noteEntry } from './faultHooks.ts';
import { Faults } from './faults.ts';
import { type LoggedRequest, RequestLog } from './requestLog.ts';

export interface CloudDoor {
  cloud: 'azure' | 'aws';
  /** 0 or absent: any free one. */
  port?: number | undefined;
  /** The body of an error as this cloud words it, for faults. */
  errorBody(
    error: { code: string; message: string; [more: string]: unknown },
    request: FastifyRequest,
  ): { type: string; body: string };
  /** The AWS action of a request whose body is read. */
  actionOf?(request: FastifyRequest): string | undefined;
  /** Registers parsers, hooks and routes. */
  routes(app: FastifyInstance): void | Promise<void>;
}

export interface OpenDoor {
  /** `https://127.0.0.1:<port>` */
  url: string;
  port: number;
  /** HTTPS addresses that answer with the caller's address as text; IPv6 where this computer has it. */
  observers: string[];
}

export interface ServerCore {
  readonly certificates: Certificates;
  readonly log: RequestLog;
  readonly faults: Faults;
  /** The clouds' clock, epoch milliseconds: this computer's plus `clockAheadMs`. Told in every `Date` header. */
  now(): number;
  /** When a request last came in (this computer's clock). Machines call `touch` for their connections. */
  lastUsed(): number;
  touch(): void;
  open(door: CloudDoor): Promise<OpenDoor>;
  close(): Promise<void>;
}

/** Makes the certificates; nothing listens before `open`. `local`: this computer's clock; `clockAheadMs`: how wrong it seems to be. */
export async function createServerCore(
  options: { clockAheadMs?: number; local?: () => number } = {},
): Promise<ServerCore> {
  const { clockAheadMs = 0, local = Date.now } = options;
  const now = () => local() + clockAheadMs;
  const certificates = await makeCertificates(Date.now());
  const log = new RequestLog();
  const faults = new Faults();
  const closers: (() => Promise<void>)[] = [];
  let used = Date.now();
  const core: ServerCore = {
    certificates,
    log,
    faults,
    now,
    lastUsed: () => used,
    touch: () => {
      used = Date.now();
    },
    open: async door => {
      const listener = await listen(core, door);
      closers.push(listener.close);
      return listener.open;
    },
    close: async () => {
      await Promise.all(closers.map(close => close()));
    },
  };
  return core;
}

async function listen(core: ServerCore, door: CloudDoor) {
  const tls = { key: core.certificates.key, cert: core.certificates.cert };
  const app = Fastify({
    https: tls,
    forceCloseConnections: true,
    bodyLimit: 8 * 1024 * 1024,
    // ARM's paths are the same in any case (RFC 3986 would have them differ), names may be long, and its own clients put
    // a scope, which begins with a slash, behind a slash.
    routerOptions: {
      caseSensitive: false,
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
      maxParamLength: 4096,
    },
  }) as unknown as FastifyInstance;

  app.addHook('onRequest', async (request, reply) => {
    core.touch();
    reply.header('date', new Date(core.now()).toUTCString());
    if (isOwn(request)) return;
    const { method, url: path } = request;
    const entry: LoggedRequest = { at: core.now(), cloud: door.cloud, method, path, status: 0 };
    noteEntry(request, entry);
    core.log.add(entry);
  });
  app.get('/ip', async (request, reply) => reply.type('text/plain').send(callerAddress(request)));
  addFaults(app, core, door);
  await app.register(async scope => await door.routes(scope));

  const { port, closeSecond, family6 } = await bind(app, tls, door.port ?? 0);
  const url = `https://127.0.0.1:${port}`;
  const observers = family6 ? [`${url}/ip`, `https://[::1]:${port}/ip`] : [`${url}/ip`];
  return {
    open: { url, port, observers },
    close: async () => {
      await Promise.all([app.close(), closeSecond()]);
    },
  };
}

/** Observers and the control interface: no part of a cloud, so neither logged nor hit by faults. */
function isOwn(request: FastifyRequest): boolean {
  return request.url === '/ip' || request.url.startsWith('/practice/');
}

/** The caller's address as text; IPv4 never in its IPv6 clothes. */
function callerAddress(request: FastifyRequest): string {
  return (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}

/** Binds 127.0.0.1 and, where this computer has IPv6, the same port of ::1. */
async function bind(app: FastifyInstance, tls: { key: string; cert: string }, wanted: number) {
  await app.listen({ host: '127.0.0.1', port: wanted });
  const { port } = app.server.address() as AddressInfo;
  const second: Server = createServer(tls, (request, response) => app.routing(request, response));
  const family6 = await new Promise<boolean>(resolve => {
    second.once('error', () => resolve(false));
    second.listen(port, '::1', () => resolve(true));
  });
  const closeSecond = () =>
    new Promise<void>(resolve => {
      if (!family6) return resolve();
      second.close(() => resolve());
      second.closeAllConnections();
    });
  return { port, closeSecond, family6 };
}
