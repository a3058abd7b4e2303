/** Joins a transport with the page's stores. */
import { useConnection } from './broker.ts';
import { startFeeds } from './feeds.ts';
import type { Transport } from './transport.ts';

/** Connects the page's stores with a broker, for as long as the page lives. */
export function connect(transport: Transport): void {
  let feeds: AbortController | undefined;
  transport({
    up(client) {
      feeds?.abort();
      feeds = new AbortController();
      useConnection.setState({ state: 'up', since: Date.now(), client });
      startFeeds(client, feeds.signal);
    },
    down() {
      feeds?.abort();
      useConnection.setState(now =>
        now.state === 'up' ? { state: 'lost', since: Date.now(), client: undefined } : now,
      );
    },
    refused() {
      useConnection.setState({ state: 'refused', since: Date.now(), client: undefined });
    },
  });
}
