/** The door for this user's programs: a socket in a 0700 folder, and a token besides. */
import { timingSafeEqual } from 'node:crypto';
import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Os } from '../os/ports.ts';
import { socketPath } from '../os/socketPath.ts';
import type { Wire } from './carry.ts';
import { addressPath, rpcPath, tokenPath } from './paths.ts';
import { createWebSockets, refuse } from './webSockets.ts';

/**
 * Listens on the data directory's socket. Only for the holder of its lock: a socket file found there is then of a
 * broker that is gone, and is replaced. `webAddress` makes a new one-time address for a browser.
 */
export async function openLocalSocket(options: {
  os: Pick<Os, 'files' | 'random' | 'log'>;
  dataDirectory: string;
  carry: (wire: Wire) => void;
  webAddress: () => Promise<string>;
}): Promise<AsyncDisposable> {
  const { os, dataDirectory } = options;
  const path = socketPath(dataDirectory, 'broker');
  const token = Buffer.from(os.random.bytes(32)).toString('base64url');
  await os.files.ensureFolder(join(dataDirectory, 'run'));
  await os.files.writeText(tokenPath(dataDirectory), token);

  const expected = Buffer.from(`Bearer ${token}`);
  const allowed = (request: IncomingMessage) => {
    const given = Buffer.from(request.headers.authorization ?? '');
    return given.length === expected.length && timingSafeEqual(given, expected);
  };
  const webSockets = createWebSockets(options.carry, os.log);
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (!allowed(request)) return response.writeHead(401).end();
    if (request.url !== addressPath) return response.writeHead(404).end();
    const address = await options.webAddress();
    return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ address }));
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      os.log.error({ err: error }, 'no web address could be made');
      response.writeHead(500).end();
    });
  });
  server.on('upgrade', (request, socket, head) => {
    if (!allowed(request)) return refuse(socket, '401 Unauthorized');
    if (request.url !== rpcPath) return refuse(socket, '404 Not Found');
    return webSockets.accept(request, socket, head);
  });

  const file = process.platform !== 'win32';
  if (file) await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
  if (file) await chmod(path, 0o600);
  return {
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        webSockets.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
