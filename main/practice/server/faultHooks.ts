/** Faults around a cloud's handlers: instead of them, or between what they did and what is told of it. */
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CloudDoor, ServerCore } from './core.ts';
import type { Fault } from './faults.ts';
import type { LoggedRequest } from './requestLog.ts';

const faults = new WeakMap<FastifyRequest, Fault>();
const entries = new WeakMap<FastifyRequest, LoggedRequest>();

/** The log's entry of a request: only requests that have one meet faults. */
export function noteEntry(request: FastifyRequest, entry: LoggedRequest): void {
  entries.set(request, entry);
}

/** The fault that hit this request and lets its handler run: handlers see by it how an operation is to end. */
export function faultOf(request: FastifyRequest): Fault | undefined {
  return faults.get(request);
}

/** Puts the faults around the handlers of one cloud. Its body parsers and its hooks must be registered before. */
export function addFaults(app: FastifyInstance, core: ServerCore, door: CloudDoor): void {
  app.addHook('preHandler', async (request, reply) => {
    const entry = entries.get(request);
    if (!entry) return;
    const action = door.actionOf?.(request);
    entry.action = action;
    const path = decodePath(request.url);
    const fault = core.faults.take({
      cloud: door.cloud,
      method: request.method,
      path,
      action,
      body: request.body,
    });
    if (!fault) return;
    const letsRun = fault.when === 'after' || fault.operation !== undefined;
    if (letsRun || (fault.cut && fault.status === undefined) || fault.truncate) faults.set(request, fault);
    if (letsRun) return;
    if (fault.delayMs !== undefined) await sleep(fault.delayMs);
    if (fault.drop) {
      reply.hijack();
      request.raw.socket.destroy();
      return;
    }
    if (fault.status === undefined) return;
    const body = falsify(core, door, fault, request, reply);
    if (fault.cut) {
      entry.status = reply.statusCode;
      breakOff(reply, Buffer.from(body));
    } else await reply.send(body);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const fault = faults.get(request);
    const entry = entries.get(request);
    if (!fault) {
      if (entry) entry.status = reply.statusCode;
      return payload;
    }
    let body =
      typeof payload === 'string' || Buffer.isBuffer(payload) ? Buffer.from(payload) : Buffer.alloc(0);
    if (fault.when === 'after' && fault.operation === undefined) {
      if (fault.delayMs !== undefined) await sleep(fault.delayMs);
      if (fault.drop) request.raw.socket.destroy();
      else if (fault.status !== undefined) body = Buffer.from(falsify(core, door, fault, request, reply));
    }
    if (entry && !fault.drop) entry.status = reply.statusCode;
    if (fault.truncate) body = body.subarray(0, body.length >> 1);
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
  const { type, body } = fault.html
    ? htmlPage(fault.status ?? 500)
    : door.errorBody({ code, message, ...fault.more }, request);
  // The write may have said already how it can be followed: that went missing with its answer.
  for (const name of ['azure-asyncoperation', 'location', 'retry-after']) reply.removeHeader(name);
  reply
    .code(fault.status ?? 500)
    .header('content-type', type)
    .headers(fault.headers ?? {});
  if (fault.retryAfter !== undefined) {
    const date = new Date(core.now() + fault.retryAfter * 1000).toUTCString();
    reply.header('retry-after', fault.retryAfterAsDate ? date : String(fault.retryAfter));
  }
  return body;
}

/** Half of a body, and then the connection ends. Nothing after this answers the request. */
function breakOff(reply: FastifyReply, body: Buffer): void {
  reply.hijack();
  const type = String(reply.getHeader('content-type') ?? '');
  reply.raw.writeHead(reply.statusCode, { 'content-type': type, 'content-length': body.length });
  reply.raw.write(body.subarray(0, body.length >> 1), () => reply.raw.socket?.destroy());
}

/** What a proxy on the way puts in the place of an answer. */
function htmlPage(status: number): { type: string; body: string } {
  const body = `<!DOCTYPE html><html><head><title>${status}</title></head><body><h1>Gateway</h1></body></html>\n`;
  return { type: 'text/html; charset=utf-8', body };
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
