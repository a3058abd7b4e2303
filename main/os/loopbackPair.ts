/** Listening on loopback where nobody else does. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How often another port is tried where one of the two families has it taken. */
const attempts = 10;
/**
 * Both loopback addresses on one port: `localhost` may mean either, and a port that another program has in one family
 * would have the browser hand our code to it.
 */
export async function listenOnBoth(
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
