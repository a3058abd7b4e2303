/** The page's entry: desktop or browser, the window is the same. */
import { start } from './start.tsx';
import { desktop } from './state/desktop.ts';
import { messagePortTransport } from './state/messagePortTransport.ts';
import { webSocketTransport } from './state/webSocketTransport.ts';

const bridge = desktop();
start(bridge === undefined ? webSocketTransport() : messagePortTransport(() => bridge.askForPort()));
