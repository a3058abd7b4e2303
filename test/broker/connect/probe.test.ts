import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { readAnswer, untilAnswer } from '../../../main/broker/connect/probe.ts';
import { createTestOs } from '../../fakes/os.ts';

/** A server that treats its n-th caller (from 0) as told; gives its port. */
async function serve(treat: (socket: Socket, caller: number) => void): Promise<number> {
  let callers = 0;
  const server = createServer(socket => {
    socket.on('error', () => undefined);
    treat(socket, callers++);
  });
  onTestFinished(() => void server.close());
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const never = new AbortController().signal;
const to = (hostPort: number) => ({ port: 22, host: '127.0.0.1', hostPort });

test('connections that are cut are tried again until the banner comes', async () => {
  const { os } = createTestOs();
  const port = await serve((socket, caller) => {
    if (caller < 3) socket.destroy();
    else socket.end('Welcome!\r\nSSH-2.0-Practice\r\n');
  });
  const answer = untilAnswer(os, to(port), { speaks: 'ssh', timeoutMs: 180_000, signal: never });
  expect(await os.clock.until(answer)).toBe('SSH-2.0-Practice');
});

test('a port that never answers ends with NO_ANSWER and says who may be at fault', async () => {
  const { os } = createTestOs();
  const port = await serve(socket => void socket.end('HTTP/1.1 400 Bad Request\r\n'));
  const answer = untilAnswer(os, to(port), { speaks: 'ssh', timeoutMs: 60_000, signal: never });
  const failure = await os.clock.until(answer, 5_000).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: 'NO_ANSWER',
    message: expect.stringContaining('Something else than expected listens there'),
    detail: { last: 'OTHER_PROTOCOL' },
  });
});

test('RDP is asked with a negotiation request and counts only its confirm', async () => {
  const { os } = createTestOs();
  const asked: string[] = [];
  const port = await serve(socket =>
    socket.once('data', bytes => {
      asked.push(bytes.toString('hex'));
      socket.end(Buffer.from('030000130ed000001234000201080002000000', 'hex'));
    }),
  );
  expect(await untilAnswer(os, to(port), { speaks: 'rdp', timeoutMs: 1_000, signal: never })).toBe('RDP');
  expect(asked).toEqual(['030000130ee000000000000100080003000000']);
});

test('a cancelled wait ends at once', async () => {
  const { os } = createTestOs();
  const port = await serve(() => undefined);
  const stop = new AbortController();
  const answer = untilAnswer(os, to(port), { speaks: 'ssh', timeoutMs: 180_000, signal: stop.signal });
  stop.abort();
  await expect(answer).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('answers are read for what they are', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  expect(readAnswer('ssh', bytes('SSH-2.0-a\u001b[31mb\r\n'))).not.toContain('\u001b');
  expect(readAnswer('ssh', bytes('hello'))).toBeUndefined();
  expect(readAnswer('rdp', bytes('SSH-2.0-x'))).toBeUndefined();
  expect(readAnswer('http', bytes(''))).toBeUndefined();
});
