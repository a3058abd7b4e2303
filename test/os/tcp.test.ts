import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTcp } from '../../main/os/tcp.ts';

async function server(answer: (socket: Socket) => void): Promise<number> {
  const listening = createServer(answer).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  onTestFinished(() => void listening.close());
  return (listening.address() as AddressInfo).port;
}

const tcp = createTcp();
const ask = (port: number, hello?: Uint8Array) =>
  tcp.firstBytes('127.0.0.1', port, { timeoutMs: 1000, ...(hello ? { hello } : {}) });

describe('first bytes', () => {
  it('are what the server says first, at most 1 KiB', async () => {
    const port = await server(socket => socket.end(`SSH-2.0-test\r\n${'x'.repeat(5000)}`));
    const bytes = await ask(port);
    expect(Buffer.from(bytes).toString()).toMatch(/^SSH-2\.0-test/);
    expect(bytes.length).toBeLessThanOrEqual(1024);
  });

  it('are asked for with a hello', async () => {
    const port = await server(socket => socket.once('data', bytes => socket.end(bytes.reverse())));
    expect(await ask(port, Uint8Array.of(1, 2, 3))).toEqual(Uint8Array.of(3, 2, 1));
  });

  it('do not count when there are none: a port that only accepts is no machine', async () => {
    const silent = await server(() => undefined);
    await expect(tcp.firstBytes('127.0.0.1', silent, { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    });
    const leaves = await server(socket => socket.end());
    await expect(ask(leaves)).rejects.toMatchObject({ code: 'ECONNRESET' });
    const shut = await server(() => undefined);
    await expect(ask(shut === 1 ? 2 : 1)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('are not waited for any longer than wanted', async () => {
    const port = await server(() => undefined);
    const abort = new AbortController();
    const asked = tcp.firstBytes('127.0.0.1', port, { timeoutMs: 5000, signal: abort.signal });
    abort.abort();
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
    const late = tcp.firstBytes('127.0.0.1', port, { timeoutMs: 5000, signal: AbortSignal.abort() });
    await expect(late).rejects.toMatchObject({ name: 'AbortError' });
  });
});
