/**
 * A key of this broker alone, for connections that put their key on the machine first: made at the start, kept in memory,
 * and used through an agent on a private socket, so that ssh can prove it and no file ever has it.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { newAgentKey } from './agentKey.ts';
import { agentAnswers } from './agentMessages.ts';
import type { KeyAgent, OpenKeyAgent } from './ports.ts';
import { socketPath } from './socketPath.ts';

/** Nothing is made before the first `open`. */
export function createKeyAgent(dataDirectory: string): KeyAgent {
  let opening: Promise<OpenKeyAgent> | undefined;
  let server: Server | undefined;
  const sockets = new Set<Socket>();

  async function start(): Promise<OpenKeyAgent> {
    const key = newAgentKey();
    const path = socketPath(dataDirectory, 'keys');
    // What a broker that was killed has left there: the lock on the data directory says that none lives.
    if (process.platform !== 'win32') rmSync(path, { force: true });
    const made = createServer(socket => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      // A client that breaks off is its own affair.
      socket.on('error', () => socket.destroy());
      const answers = agentAnswers(key);
      socket.on('data', bytes => {
        const reply = answers(bytes);
        if (reply === undefined) socket.destroy();
        else if (reply.length > 0) socket.write(reply);
      });
    });
    await new Promise<void>((resolve, reject) => {
      made.once('error', reject);
      made.listen(path, resolve);
    });
    if (process.platform !== 'win32') chmodSync(path, 0o600);
    made.unref();
    server = made;
    return { path, publicKey: `ssh-ed25519 ${key.blob.toString('base64')} latchkey` };
  }

  return {
    open() {
      opening ??= start();
      return opening;
    },
    close() {
      server?.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
