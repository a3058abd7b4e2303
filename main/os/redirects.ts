/**
 * Where a browser comes back to after a sign-in (RFC 8252 section 7.3): a listener on loopback that lives as long as the
 * sign-in. Anybody on this computer, and any page, can send something there: only what carries our state counts.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { listenOnBoth } from './loopbackPair.ts';
import type { Redirect, Redirects } from './ports.ts';
import { fieldsOf } from './redirectFields.ts';
import { showPage } from './redirectPage.ts';

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
  const { servers, port } = await listenOnBoth(handle, wanted);
  return {
    url: `http://localhost:${port}`,
    arrived: arrived.promise,
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map(close));
    },
  };
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
