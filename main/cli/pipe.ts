/** Bytes between a connection and a pair of streams, each direction ending by itself. */
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LatchkeyError } from '../../shared/errors.ts';

/**
 * Carries bytes until the connection has ended: the end of `input` is told to the far side (half-close) and what it
 * still sends arrives; when the far side ends, so do we, whatever `input` does. A reader that is slow slows the
 * sender. Throws NO_ANSWER when the connection breaks.
 */
export async function carryBytes(socket: Socket, input: Readable, output: Writable): Promise<void> {
  // Its failures are the socket's, which the other direction throws; a reader that is gone ends both.
  const up = pipeline(input, socket).catch(() => undefined);
  try {
    await pipeline(socket, output, { end: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EPIPE') return;
    throw new LatchkeyError(
      { code: 'NO_ANSWER', message: `The connection broke (${code ?? 'unknown'}).` },
      { cause: error },
    );
  } finally {
    socket.destroy();
    input.destroy();
    await up;
  }
}
