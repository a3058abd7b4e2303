/** The browser's way to the broker: one WebSocket at the page's own origin, opened again whenever it falls. */
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import { webDoor } from '../../shared/contract/webDoor.ts';
import type { Client, Transport } from './transport.ts';
import { takeToken, webSession } from './webSession.ts';

const firstWaitMs = 400;
const longestWaitMs = 5_000;

/**
 * A transport over a WebSocket, for a page that was opened with a one-time address (now, or before a reload). Waits
 * 0.4 s, then twice as long each time up to 5 s, between tries. A page without a session is refused until its address
 * gets a new token.
 */
export function webSocketTransport(): Transport {
  let token = takeToken();
  return events => {
    let waitMs = firstWaitMs;
    let refused = false;
    const again = (run: () => void): void => {
      setTimeout(run, waitMs);
      waitMs = Math.min(waitMs * 2, longestWaitMs);
    };
    const open = (session: string): void => {
      const socket = new WebSocket(rpcAddress(), [webDoor.protocol, session]);
      const client: Client = createORPCClient(new RPCLink({ websocket: socket }));
      socket.addEventListener('open', () => {
        waitMs = firstWaitMs;
        events.up(client);
      });
      socket.addEventListener('close', () => {
        events.down();
        again(() => open(session));
      });
    };
    const begin = (): void => {
      refused = false;
      webSession(token).then(
        session => {
          refused = session === undefined;
          if (session === undefined) events.refused();
          else open(session);
        },
        // Nobody answers: the broker is just gone.
        () => again(begin),
      );
    };
    // A new address in a tab that shows this page already changes the fragment only; nothing is loaded anew.
    window.addEventListener('hashchange', () => {
      token = takeToken() ?? token;
      if (refused) begin();
    });
    begin();
  };
}

function rpcAddress(): string {
  const address = new URL(webDoor.rpcPath, window.location.href);
  address.protocol = 'ws:';
  return address.href;
}
