/** The browser's way to the broker: one WebSocket at the page's own origin, opened again whenever it falls. */
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import type { Client, Transport } from './transport.ts';

const firstWaitMs = 400;
const longestWaitMs = 5_000;

/**
 * A transport over a WebSocket. Waits 0.4 s, then twice as long each time up to 5 s, between tries.
 * @param url `ws:` or `wss:` address; default `/rpc` of the page's own origin.
 */
export function webSocketTransport(url: string = ownAddress()): Transport {
  return events => {
    let waitMs = firstWaitMs;
    const open = (): void => {
      const socket = new WebSocket(url);
      const client: Client = createORPCClient(new RPCLink({ websocket: socket }));
      socket.addEventListener('open', () => {
        waitMs = firstWaitMs;
        events.up(client);
      });
      socket.addEventListener('close', () => {
        events.down();
        setTimeout(open, waitMs);
        waitMs = Math.min(waitMs * 2, longestWaitMs);
      });
    };
    open();
  };
}

function ownAddress(): string {
  const address = new URL('/rpc', window.location.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return address.href;
}
