/** The caller's side of the local socket: the contract, typed, for the command line and for a desktop app that takes over. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { createORPCClient, mapEventIterator } from '@orpc/client';
import { type BrowserPortLike, RPCLink } from '@orpc/client/message-port';
import type { ContractRouterClient } from '@orpc/contract';
import type { Contract } from '../../shared/contract/index.ts';
import { LatchkeyError } from '../../shared/errors.ts';
import { socketPath } from '../os/socketPath.ts';
import { fromCrossing, isStream } from './errors.ts';
import { isProof, proofOf, readLine, type Wants } from './handshake.ts';
import { onLine, sendLine } from './lines.ts';
import { tokenPath } from './paths.ts';

/** The longest answer, in bytes: a list of a hundred thousand VMs is a tenth of it. */
const longestAnswer = 1024 ** 3;

export interface Connection {
  /** Calls throw LatchkeyError. */
  readonly client: ContractRouterClient<Contract>;
  /** A new one-time address of the loopback web door. */
  webAddress(): Promise<string>;
  /** Calls back when the broker hangs up. */
  onClose(run: () => void): void;
  close(): void;
}

/** Connects to the broker of a data directory; undefined when none answers. Throws BROKER_UNREACHABLE when it can't be spoken to. */
export async function connectBroker(dataDirectory: string): Promise<Connection | undefined> {
  const greeted = await greet(dataDirectory, 'calls');
  if (!greeted) return undefined;
  const { socket, lines } = greeted;
  const link = new RPCLink({
    port: portOf(socket, lines),
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
    webAddress: async () => {
      const asked = await greet(dataDirectory, 'address');
      asked?.socket.destroy();
      const { address } = (asked?.first ?? {}) as { address?: string };
      if (address === undefined) throw unreachable('it has no interface for a browser');
      return address;
    },
    onClose: run => socket.once('close', run),
    close: () => socket.destroy(),
  };
}

interface Greeted {
  socket: Socket;
  /** What the broker answered first. */
  first: unknown;
  lines: { run: (line: string) => void };
}

/**
 * Undefined when nobody listens, or who does can't prove that it knows the token: a broker that is just leaving or
 * coming, or a stranger.
 */
async function greet(dataDirectory: string, wants: Wants): Promise<Greeted | undefined> {
  const token = await readFile(tokenPath(dataDirectory), 'utf8').catch(unlessMissing);
  if (token === undefined) return undefined;
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath(dataDirectory, 'broker') });
    const ours = randomBytes(32).toString('base64url');
    const stranger = () => {
      socket.destroy();
      reject(unreachable('something else answers in its place'));
    };
    const lines = {
      run: (line: string) => {
        const { hello, proof } = readLine(line) ?? {};
        if (hello === undefined) return stranger();
        const hellos = { caller: ours, broker: hello };
        if (!isProof(proof, proofOf('broker', token, hellos))) return void socket.destroy();
        lines.run = answer => {
          const first = parse(answer);
          return first === undefined ? stranger() : resolve({ socket, first, lines });
        };
        void sendLine(socket, JSON.stringify({ proof: proofOf('caller', token, hellos), wants }));
      },
    };
    onLine(socket, longestAnswer, line => lines.run(line));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const nobody = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'ENOTSOCK', 'EPIPE'].includes(error.code ?? '');
      if (!nobody) reject(unreachable(error.code ?? error.message));
    });
    socket.on('close', () => resolve(undefined));
    void sendLine(socket, JSON.stringify({ hello: ours }));
  });
}

function portOf(socket: Socket, lines: Greeted['lines']): BrowserPortLike {
  return {
    postMessage: (frame: string) => {
      if (!socket.writable) throw fromCrossing(new DOMException('hung up', 'AbortError'));
      void sendLine(socket, frame);
    },
    onMessage: { addListener: run => (lines.run = run) },
    onDisconnect: { addListener: run => socket.on('close', run) },
  };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
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
