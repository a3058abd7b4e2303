/**
 * The door for a browser on this computer: HTTP on 127.0.0.1. Any page the browser shows, and any user of this
 * computer, can reach the port; so nothing is served without a session, and the names it is asked by are exact.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Os } from '../os/ports.ts';
import type { Wire } from './carry.ts';
import { rpcPath } from './paths.ts';
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
  // Cookies know no ports: the name keeps two of us on one computer apart.
  const cookie = `latchkey-${port}`;
  const headers = strictHeaders(host);
  const hasSession = (request: IncomingMessage) =>
    cookieValues(request.headers.cookie, cookie).some(value => sessions.has(value));

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const say = (status: number, text: string, more: Record<string, string> = {}) =>
      response
        .writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8', ...more })
        .end(text);
    if (request.headers.host !== host) return say(421, 'Not here.');
    if (request.method !== 'GET') return say(405, 'Only GET.', { allow: 'GET' });
    const address = URL.parse(`${origin}${request.url}`);
    if (address?.host !== host) return say(400, 'Not an address.');
    const token = address.searchParams.get('t');
    if (address.pathname === '/' && token !== null) {
      const session = sessions.exchange(token);
      if (session !== undefined) {
        const value = `${cookie}=${session}; Path=/; HttpOnly; SameSite=Strict`;
        return say(303, '', { location: '/', 'set-cookie': value });
      }
      // A reload of an address that was used opens the page of its session.
      if (hasSession(request)) return say(303, '', { location: '/' });
    }
    if (!hasSession(request)) {
      return say(403, 'This address was used already or is too old. `latchkey ui` gives a new one.');
    }
    const file = await readWebFile(folder, address.pathname);
    if (!file) return say(404, 'There is nothing here.');
    return response.writeHead(200, { ...headers, 'content-type': file.type }).end(file.body);
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
      request.url === rpcPath &&
      hasSession(request);
    if (!allowed) return refuse(socket, '403 Forbidden');
    return webSockets.accept(request, socket, head);
  });
  return {
    newAddress: () => `${origin}/?t=${sessions.newToken()}`,
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        webSockets.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
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

/** Every value of one cookie (RFC 6265 §5.4: there may be more than one of a name). */
function cookieValues(header: string | undefined, name: string): string[] {
  return (header ?? '')
    .split(';')
    .map(pair => pair.trim())
    .filter(pair => pair.startsWith(`${name}=`))
    .map(pair => pair.slice(name.length + 1));
}
