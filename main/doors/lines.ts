/** Frames on a plain socket: one line each. JSON never holds a line end of its own, so nothing else is needed. */
import type { Socket } from 'node:net';

const lineEnd = 0x0a;

/** Calls back with each line that comes, without its end. A line longer than `limit` bytes ends the socket. */
export function onLine(socket: Socket, limit: number, run: (line: string) => void): void {
  let pieces: Buffer[] = [];
  let size = 0;
  socket.on('data', (bytes: Buffer) => {
    let rest = bytes;
    for (let end = rest.indexOf(lineEnd); end !== -1; end = rest.indexOf(lineEnd)) {
      const line = Buffer.concat([...pieces, rest.subarray(0, end)]);
      rest = rest.subarray(end + 1);
      pieces = [];
      size = 0;
      if (line.length > limit) return socket.destroy();
      run(line.toString('utf8'));
      // Hung up on: what else came with it counts no more.
      if (socket.destroyed) return undefined;
    }
    pieces.push(rest);
    size += rest.length;
    return size > limit ? socket.destroy() : undefined;
  });
}

/** Sends a line; resolves when the next one may be sent. On a socket that is closing that is when it is closed. */
export function sendLine(socket: Socket, line: string): Promise<void> {
  if (socket.writable && socket.write(`${line}\n`)) return Promise.resolve();
  if (socket.closed) return Promise.resolve();
  return new Promise(resolve => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}
