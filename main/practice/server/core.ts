/**
 * The server both practice clouds stand on: HTTPS on loopback with one certificate authority, one request log and one
 * set of faults. Each cloud opens its own listener with its own routes.
 */
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Certificates, makeCertificates } from './certificates.ts';
import { type Fault, Faults } from './faults.ts';
import { type LoggedRequest, RequestLog } from './requestLog.ts';

export interface CloudDoor {
  cloud: 'azure' | 'aws';
  /** 0 or absent: any free one. */
  port?: number | undefined;
  /** The body of an error as this cloud words it, for faults. */
  errorBody(
    error: { code: string; message: string },
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

const faultOf = new WeakMap<FastifyRequest, Fault>();
const entryOf = new WeakMap<FastifyRequest, LoggedRequest>();

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
    entryOf.set(request, entry);
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

function addFaults(app: FastifyInstance, core: ServerCore, door: CloudDoor) {
  app.addHook('preHandler', async (request, reply) => {
    const entry = entryOf.get(request);
    if (!entry) return;
    const action = door.actionOf?.(request);
    entry.action = action;
    const path = decodePath(request.url);
    const fault = core.faults.take({ cloud: door.cloud, method: request.method, path, action });
    if (!fault) return;
    if (fault.when === 'after' || fault.cut) faultOf.set(request, fault);
    if (fault.when === 'after') return;
    if (fault.delayMs !== undefined) await sleep(fault.delayMs);
    if (fault.drop) {
      reply.hijack();
      request.raw.socket.destroy();
      return;
    }
    if (fault.status === undefined) return;
    await reply.send(falsify(core, door, fault, request, reply));
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const fault = faultOf.get(request);
    const entry = entryOf.get(request);
    if (!fault) {
      if (entry) entry.status = reply.statusCode;
      return payload;
    }
    let body =
      typeof payload === 'string' || Buffer.isBuffer(payload) ? Buffer.from(payload) : Buffer.alloc(0);
    if (fault.when === 'after') {
      if (fault.delayMs !== undefined) await sleep(fault.delayMs);
      if (fault.drop) request.raw.socket.destroy();
      else if (fault.status !== undefined) body = Buffer.from(falsify(core, door, fault, request, reply));
    }
    if (entry && !fault.drop) entry.status = reply.statusCode;
    reply.header('content-length', body.length);
    return fault.cut ? firstHalf(body) : body;
  });
}

/** Turns the reply into the fault's error and gives its body. */
function falsify(
  core: ServerCore,
  door: CloudDoor,
  fault: Fault,
  request: FastifyRequest,
  reply: FastifyReply,
): string {
  const code = fault.code ?? (fault.status === 429 ? 'TooManyRequests' : 'InternalServerError');
  const message = fault.message ?? 'The practice cloud was told to fail here.';
  const { type, body } = door.errorBody({ code, message }, request);
  reply.code(fault.status ?? 500).header('content-type', type);
  if (fault.retryAfter !== undefined) {
    const date = new Date(core.now() + fault.retryAfter * 1000).toUTCString();
    reply.header('retry-after', fault.retryAfterAsDate ? date : String(fault.retryAfter));
  }
  return body;
}

/** Observers and the control interface: no part of a cloud, so neither logged nor hit by faults. */
function isOwn(request: FastifyRequest): boolean {
  return request.url === '/ip' || request.url.startsWith('/practice/');
}

function firstHalf(body: Buffer): Readable {
  return Readable.from(
    (function* () {
      yield body.subarray(0, body.length >> 1);
      throw new Error('cut short on demand');
    })(),
  );
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
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
