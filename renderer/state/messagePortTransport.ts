/** The desktop's way to the broker: a MessagePort that the preload hands to this page. */
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import type { Client, Transport } from './transport.ts';

/** The text of the window message that carries the port (preload/index.ts sends it). */
const portMessage = 'latchkey:port';

/** A client over an entangled port. Starts the port. */
export function portClient(port: MessagePort): Client {
  const client: Client = createORPCClient(new RPCLink({ port }));
  port.start();
  return client;
}

/** A transport over the port the preload hands over. When the port closes, another one is asked for. */
export function messagePortTransport(askForPort: () => void): Transport {
  return events => {
    window.addEventListener('message', event => {
      const [port] = event.ports;
      if (event.source !== window || event.data !== portMessage || port === undefined) return;
      port.addEventListener('close', () => {
        events.down();
        askForPort();
      });
      events.up(portClient(port));
    });
    askForPort();
  };
}
