/** What answers on a machine's other ports (WinRM's 5985 and 5986 among them): a few words of HTTP. */
import { createServer } from 'node:http';
import type { PracticeMachine } from '../machine.ts';
import type { Serve } from '../network/listeners.ts';

/** Answers every request with the machine's name. */
export function serveHttp(machine: PracticeMachine): Serve {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', connection: 'close' });
    response.end(`${machine.hostName}\n`);
  });
  return socket => server.emit('connection', socket);
}
