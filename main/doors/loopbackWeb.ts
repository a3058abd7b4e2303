/**
 * The door for a browser on this computer: HTTP on 127.0.0.1. Any page the browser shows, and any user of this
 * computer, can reach the port: they get the interface, which is no secret, and nothing else. The contract is only for
 * a page of this exact origin that holds the secret of a session.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { webDoor } from '../../shared/contract/webDoor.ts';
import type { Os } from '../os/ports.ts';
import { userAtOtherEnd } from '../os/socketUser.ts';
import type { Wire } from './carry.ts';
import { readWebFile } from './webFiles.ts';
import { createWebSessions } from './webSessions.ts';
import { createWebSockets, refuse } from './webSockets.ts';

export interface LoopbackWeb extends AsyncDisposable {
  /** A new address to open: good once, for a minute. */
  newAddress(): string;
}

/** Listens on a free port of 127.0.0.1 and serves `folder`, the built interface. */
export async function openLoopbackWeb(options: {
  os: Pick<Os, 'clock' | 'random' | 'log'>;
  folder: string;
  carry: (wire: Wire) => void;
}): Promise<LoopbackWeb> {
  const { os, folder } = options;
  const sessions = createWebSessions(os);
  const webSockets = createWebSockets(options.carry, os.log);
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;
  const origin = `http://${host}`;
  const headers = strictHeaders(host);

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const say = (status: number, text: string, more: Record<string, string> = {}) =>
      response
        .writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8', ...more })
        .end(text);
    if (request.headers.host !== host) return say(421, 'Not here.');
    if (request.url === webDoor.sessionPath) {
      if (request.method !== 'POST') return say(405, 'Only POST.', { allow: 'POST' });
      const session = await sessionFor(request);
      return session === undefined ? say(403, 'No session.') : say(200, session);
    }
    if (request.method !== 'GET') return say(405, 'Only GET.', { allow: 'GET' });
    const address = URL.parse(`${origin}${request.url}`);
    if (address?.host !== host) return say(400, 'Not an address.');
    const file = await readWebFile(folder, address.pathname);
    if (!file) return say(404, 'There is nothing here.');
    return response.writeHead(200, { ...headers, 'content-type': file.type }).end(file.body);
  };

  /** The session of who asks for one from our own page, with a token or a session. */
  const sessionFor = async (request: IncomingMessage): Promise<string | undefined> => {
    const secret = /^Bearer ([\w-]{1,100})$/.exec(request.headers.authorization ?? '')?.[1];
    if (request.headers.origin !== origin || secret === undefined) return undefined;
    // The address may have been seen in the list of processes while a browser was started with it. The administrator
    // is let in: connections that are handed on (Windows' to its Linux) are its.
    const user = await userAtOtherEnd(request.socket);
    if (user === undefined || user === 0 || user === process.getuid?.()) return sessions.exchange(secret);
    os.log.warn({ user }, 'another user of this computer asked for a session and got none');
    return undefined;
  };

  server.on('request', (request, response) => {
    answer(request, response).catch((error: unknown) => {
      os.log.error({ err: error }, 'a page could not be served');
      if (!response.headersSent) response.writeHead(500, headers);
      response.end();
    });
  });
  server.on('upgrade', (request, socket, head) => {
    const allowed =
      request.headers.host === host &&
      request.headers.origin === origin &&
      request.url === webDoor.rpcPath &&
      offersSession(request.headers['sec-websocket-protocol'], secret => sessions.has(secret));
    if (!allowed) return refuse(socket, '403 Forbidden');
    return webSockets.accept(request, socket, head);
  });
  return {
    newAddress: () => `${origin}/${webDoor.tokenMark}${sessions.newToken()}`,
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        webSockets.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The subprotocols a page offers: ours first (it is the one that is answered), then the session. */
function offersSession(offered: string | undefined, isSession: (secret: string) => boolean): boolean {
  const [protocol, secret, ...more] = (offered ?? '').split(',').map(word => word.trim());
  return protocol === webDoor.protocol && secret !== undefined && more.length === 0 && isSession(secret);
}

function strictHeaders(host: string): Record<string, string> {
  return {
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "font-src 'self'",
      `connect-src 'self' ws://${host}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "form-action 'none'",
    ].join('; '),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
  };
}
