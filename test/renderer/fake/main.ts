/** The window over the fake broker. Options are in the address: `?empty`, `?size=50000`, `?pace=0`. */
import { RPCHandler } from '@orpc/server/message-port';
import { start } from '../../../renderer/start.tsx';
import { portClient } from '../../../renderer/state/messagePortTransport.ts';
import { fakeRouter } from './router.ts';
import { makeWorld } from './world.ts';

const options = new URLSearchParams(window.location.search);
const world = makeWorld(
  { practice: !options.has('empty'), size: Number(options.get('size') ?? 0) },
  Date.now(),
);
const { port1, port2 } = new MessageChannel();
new RPCHandler(fakeRouter(world, Number(options.get('pace') ?? 1))).upgrade(port1);
port1.start();
start(events => {
  events.up(portClient(port2));
  // Tests end the connection by this event.
  window.addEventListener('fake:down', () => events.down());
});
