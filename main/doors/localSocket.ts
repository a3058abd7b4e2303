/** The door for this user's programs: a socket in a 0700 folder, and a token besides. */
import { chmod, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Os } from '../os/ports.ts';
import { socketPath } from '../os/socketPath.ts';
import { longestFrame, type Wire } from './carry.ts';
import { isProof, proofOf, readLine, type Wants } from './handshake.ts';
import { onLine, sendLine } from './lines.ts';
import { tokenPath } from './paths.ts';

/** A caller proves at once that it is this user's. */
const greetingMs = 5_000;

/**
 * Listens on the data directory's socket. Only for the holder of its lock: a socket file found there is then of a
 * broker that is gone, and is replaced. `webAddress` makes a new one-time address for a browser.
 */
export async function openLocalSocket(options: {
  os: Pick<Os, 'clock' | 'files' | 'random' | 'log'>;
  dataDirectory: string;
  carry: (wire: Wire) => void;
  webAddress: () => Promise<string>;
}): Promise<AsyncDisposable> {
  const { os, dataDirectory } = options;
  const path = socketPath(dataDirectory, 'broker');
  const secret = () => Buffer.from(os.random.bytes(32)).toString('base64url');
  const token = secret();
  await os.files.ensureFolder(join(dataDirectory, 'run'));
  await os.files.writeText(tokenPath(dataDirectory), token);

  const serve = (socket: Socket, wants: Wants, wire: Wire) => {
    if (wants === 'calls') {
      options.carry(wire);
      return sendLine(socket, '{}');
    }
    return options.webAddress().then(address => {
      socket.end(`${JSON.stringify({ address })}\n`);
    });
  };

  const connected = new Set<Socket>();
  const server = createServer({ noDelay: true }, socket => {
    connected.add(socket);
    socket.on('close', () => connected.delete(socket));
    // A caller that is gone: its close, which follows, is all there is to know.
    socket.on('error', () => socket.destroy());
    const late = os.clock.after(greetingMs, () => socket.destroy());
    let onFrame: (line: string) => void = line => {
      const caller = readLine(line)?.hello;
      if (caller === undefined) return void socket.destroy();
      const hellos = { caller, broker: secret() };
      void sendLine(
        socket,
        JSON.stringify({ hello: hellos.broker, proof: proofOf('broker', token, hellos) }),
      );
      onFrame = answer => begin(answer, proofOf('caller', token, hellos));
    };
    const begin = (line: string, expected: string) => {
      const { proof, wants } = readLine(line) ?? {};
      if (!isProof(proof, expected)) return void socket.destroy();
      late[Symbol.dispose]();
      onFrame = () => undefined;
      const wire: Wire = {
        send: frame => sendLine(socket, frame),
        onFrame: run => {
          onFrame = run;
        },
        onClose: run => socket.on('close', run),
        close: () => socket.destroy(),
      };
      serve(socket, wants === 'address' ? 'address' : 'calls', wire).catch((error: unknown) => {
        os.log.error({ err: error }, 'no web address could be made');
        socket.destroy();
      });
    };
    onLine(socket, longestFrame, line => onFrame(line));
  });

  const file = process.platform !== 'win32';
  if (file) await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
  if (file) await chmod(path, 0o600);
  return {
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        for (const socket of connected) socket.destroy();
      }),
  };
}
