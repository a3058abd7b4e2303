/** The caller's side of the local socket: the contract, typed, for the command line and for a desktop app that takes over. */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { createORPCClient, mapEventIterator } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import type { ContractRouterClient } from '@orpc/contract';
import { WebSocket } from 'ws';
import type { Contract } from '../../shared/contract/index.ts';
import { LatchkeyError } from '../../shared/errors.ts';
import { socketPath } from '../os/socketPath.ts';
import { fromCrossing, isStream } from './errors.ts';
import { addressPath, rpcPath, tokenPath } from './paths.ts';

export interface Connection {
  /** Calls throw LatchkeyError. */
  readonly client: ContractRouterClient<Contract>;
  /** A new one-time address of the loopback web door. */
  webAddress(): Promise<string>;
  /** Calls back when the broker hangs up. */
  onClose(run: () => void): void;
  close(): void;
}

/** Connects to the broker of a data directory; undefined when none answers. Throws BROKER_UNREACHABLE when it does and will not have us. */
export async function connectBroker(dataDirectory: string): Promise<Connection | undefined> {
  const token = await readFile(tokenPath(dataDirectory), 'utf8').catch(unlessMissing);
  if (token === undefined) return undefined;
  const path = socketPath(dataDirectory, 'broker');
  const headers = { authorization: `Bearer ${token}` };
  const createConnection = () => connect(path);
  const socket = new WebSocket(`ws://localhost${rpcPath}`, {
    headers,
    createConnection,
    perMessageDeflate: false,
  });
  if (!(await opened(socket))) return undefined;
  // Answers are told by oRPC; an error of the connection ends in a close, which it hears too.
  socket.on('error', () => socket.terminate());
  const link = new RPCLink({
    // The two WebSocket types differ in words only.
    websocket: socket as unknown as globalThis.WebSocket,
    interceptors: [
      async call => {
        try {
          const output = await call.next();
          if (!isStream(output)) return output;
          return mapEventIterator(output, {
            value: (value: unknown) => Promise.resolve(value),
            error: (error: unknown) => Promise.resolve(fromCrossing(error)),
          });
        } catch (error) {
          throw fromCrossing(error);
        }
      },
    ],
  });
  return {
    client: createORPCClient(link),
    webAddress: () => askAddress(path, headers),
    onClose: run => socket.once('close', run),
    close: () => socket.close(),
  };
}

/** False when nobody listens, or a broker that is just leaving or coming does not know the token. */
function opened(socket: WebSocket): Promise<boolean> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(true));
    socket.once('unexpected-response', (_, response) => {
      if (response.statusCode === 401) resolve(false);
      else reject(unreachable(`it answered with status ${response.statusCode}`));
      // Says once more, as an error, that nothing came of it.
      socket.on('error', () => undefined);
      socket.terminate();
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(error.code ?? '')) resolve(false);
      else reject(unreachable(error.code ?? error.message));
    });
  });
}

async function askAddress(path: string, headers: Record<string, string>): Promise<string> {
  // Imported late: as an ES module it costs more than all else that a command loads.
  const { get } = await import('node:http');
  return new Promise((resolve, reject) => {
    const request = get({ socketPath: path, path: addressPath, headers, agent: false }, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (text += piece));
      response.on('end', () => {
        if (response.statusCode === 200) resolve((JSON.parse(text) as { address: string }).address);
        else reject(unreachable('it has no interface for a browser'));
      });
    });
    request.on('error', error => reject(unreachable(error.message)));
  });
}

function unreachable(why: string): LatchkeyError {
  return new LatchkeyError({
    code: 'BROKER_UNREACHABLE',
    message: `The running Latchkey can not be used: ${why}.`,
    fix: 'End it and try again.',
  });
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
