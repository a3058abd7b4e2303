/** Asking a port whether it answers. */
import { connect } from 'node:net';
import type { Tcp } from './ports.ts';

const longestAnswer = 1024;

/**
 * The system's TCP. Only bytes count as an answer: a firewall may accept a connection for a machine that never sees it.
 * A connection that ends before its first byte rejects with ECONNRESET.
 */
export function createTcp(): Tcp {
  return {
    firstBytes: (host, port, { hello, timeoutMs, signal }) =>
      new Promise((resolve, reject) => {
        const socket = connect({ host, port });
        const timer = setTimeout(
          () => fail('ETIMEDOUT', `no answer from ${host}:${port} in ${timeoutMs} ms`),
          timeoutMs,
        );
        const stop = () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', aborted);
          socket.destroy();
        };
        const fail = (code: string, text: string) => {
          stop();
          reject(Object.assign(new Error(text), { code }));
        };
        const aborted = () => {
          stop();
          reject(signal?.reason as Error);
        };
        if (signal?.aborted === true) return aborted();
        signal?.addEventListener('abort', aborted);
        socket.on('connect', () => {
          if (hello) socket.write(hello);
        });
        socket.on('data', bytes => {
          stop();
          resolve(new Uint8Array(bytes.subarray(0, longestAnswer)));
        });
        socket.on('end', () => fail('ECONNRESET', `${host}:${port} ended the connection without a word`));
        socket.on('error', error => {
          stop();
          reject(error);
        });
      }),
  };
}
