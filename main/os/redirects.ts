/**
 * Where a browser comes back to after a sign-in (RFC 8252 section 7.3): a listener on loopback that lives as long as the
 * sign-in. Anybody on this computer, and any page, can send something there: only what carries our state counts.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Redirect, Redirects } from './ports.ts';
import { showPage } from './redirectPage.ts';

/** How often another port is tried where one of the two families has it taken. */
const attempts = 10;
/** An answer holds a code of one or two thousand characters. */
const longestBody = 64 * 1024;
/** How long the last page may take to reach the browser (milliseconds). */
const lastPageMs = 2_000;

/** `listen`: the port to ask for, 0 for any free one. */
export function createRedirects(wanted: () => number = () => 0): Redirects {
  return { open: state => openRedirect(state, wanted) };
}

async function openRedirect(state: string, wanted: () => number): Promise<Redirect> {
  type Arrived = Awaited<Redirect['arrived']>;
  const arrived = Promise.withResolvers<Arrived>();
  let answered = false;
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    fieldsOf(request).then(
      fields => {
        if (fields === undefined) return showPage(response, 404, { title: 'Nothing here', text: '' });
        if (answered || !isSame(fields['state'] ?? '', state)) {
          return showPage(response, 400, {
            title: 'This is not the sign-in Latchkey waits for',
            text: 'Begin again in Latchkey, and use the newest browser tab.',
          });
        }
        answered = true;
        return arrived.resolve({ fields, show: last => showPage(response, 200, last) });
      },
      () => response.destroy(),
    );
  };
  const { servers, port } = await listen(handle, wanted);
  return {
    url: `http://localhost:${port}`,
    arrived: arrived.promise,
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map(close));
    },
  };
}

/**
 * Both loopback addresses on one port: `localhost` may mean either, and a port that another program has in one family
 * would have the browser hand our code to it.
 */
async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  wanted: () => number,
): Promise<{ servers: Server[]; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const four = createServer(handle);
    const six = createServer(handle);
    try {
      await bind(four, wanted(), '127.0.0.1');
      const { port } = four.address() as AddressInfo;
      const hasSix = await bind(six, port, '::1').then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EADDRINUSE') throw error;
          return false; // This computer has no IPv6.
        },
      );
      return { servers: hasSix ? [four, six] : [four], port };
    } catch (error) {
      four.close();
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt >= attempts) throw error;
    }
  }
}

function bind(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** What the answer holds: in a form that the browser posts, or in the address. Undefined for any other request. */
async function fieldsOf(request: IncomingMessage): Promise<Record<string, string> | undefined> {
  const address = new URL(request.url ?? '/', 'http://localhost');
  if (address.pathname !== '/') return undefined;
  if (request.method === 'GET') return Object.fromEntries(address.searchParams);
  if (request.method !== 'POST') return undefined;
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > longestBody) throw new Error('too long');
    pieces.push(piece);
  }
  return Object.fromEntries(new URLSearchParams(Buffer.concat(pieces).toString('utf8')));
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Lets a page that is on its way arrive. */
function close(server: Server): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(() => server.closeAllConnections(), lastPageMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
