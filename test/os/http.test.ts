import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttp } from '../../main/os/http.ts';
import { selfSigned } from '../fakes/selfSigned.ts';

async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const plain = (answer: RequestListener) => listen(createServer(answer));

/** A proxy that counts: CONNECT for HTTPS, absolute addresses for HTTP. */
async function proxy() {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`GET ${request.url}`);
    response.end('from the proxy');
  });
  server.on('connect', (request, socket, head) => {
    seen.push(`CONNECT ${request.url}`);
    const port = Number(request.url?.split(':').at(-1));
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket);
      socket.pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  return { address: `http://127.0.0.1:${await listen(server)}`, seen };
}

describe('http', () => {
  it('gets status, headers and body', async () => {
    const port = await plain((_, response) => response.writeHead(203, { 'x-a': '1' }).end('203.0.113.7\n'));
    const answer = await createHttp({}).get(`http://127.0.0.1:${port}/`, { timeoutMs: 2000 });
    expect(answer).toMatchObject({ status: 203, body: '203.0.113.7\n' });
    expect(answer.headers['x-a']).toBe('1');
  });

  it('cuts a body at 64 KiB and does not wait for the rest', async () => {
    const port = await plain((_, response) => void response.write('x'.repeat(100_000)));
    const answer = await createHttp({}).get(`http://127.0.0.1:${port}/`, { timeoutMs: 5000 });
    expect(answer.body).toHaveLength(64 * 1024);
  });

  it('gives up in time, and when told to', async () => {
    const port = await plain(() => undefined);
    const url = `http://127.0.0.1:${port}/`;
    await expect(createHttp({}).get(url, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    const abort = new AbortController();
    const asked = createHttp({}).get(url, { timeoutMs: 5000, signal: abort.signal });
    abort.abort();
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('keeps to one address family', async () => {
    const port = await plain((request, response) => response.end(request.socket.remoteAddress));
    const http = createHttp({});
    expect((await http.get(`http://localhost:${port}/`, { family: 4, timeoutMs: 2000 })).body).toBe(
      '127.0.0.1',
    );
    await expect(http.get(`http://localhost:${port}/`, { family: 6, timeoutMs: 2000 })).rejects.toThrow();
    await expect(http.get(`http://127.0.0.1:${port}/`, { family: 6, timeoutMs: 2000 })).rejects.toMatchObject(
      {
        code: 'EADDRNOTAVAIL',
      },
    );
  });

  it('trusts a certificate authority it is given, and no other', async () => {
    const { key, cert } = await selfSigned();
    const port = await listen(createSecureServer({ key, cert }, (_, response) => response.end('secret')));
    const url = `https://127.0.0.1:${port}/`;
    await expect(createHttp({}).get(url, { timeoutMs: 2000 })).rejects.toThrow(/self-signed/);
    expect((await createHttp({}).get(url, { ca: cert, timeoutMs: 2000 })).body).toBe('secret');
  });

  it('goes through the system’s proxy only when asked to, and checks the certificate through it', async () => {
    const { key, cert } = await selfSigned();
    const port = await listen(createSecureServer({ key, cert }, (_, response) => response.end('direct')));
    const url = `https://127.0.0.1:${port}/`;
    const { address, seen } = await proxy();
    const http = createHttp({ HTTPS_PROXY: address, HTTP_PROXY: address });
    expect((await http.get(url, { ca: cert, timeoutMs: 2000 })).body).toBe('direct');
    expect(seen).toEqual([]);
    expect((await http.get(url, { ca: cert, proxy: true, timeoutMs: 2000 })).body).toBe('direct');
    expect(seen).toEqual([`CONNECT 127.0.0.1:${port}`]);
    await expect(http.get(url, { proxy: true, timeoutMs: 2000 })).rejects.toThrow(/self-signed/);
    expect((await http.get('http://198.51.100.1/ip', { proxy: true, timeoutMs: 2000 })).body).toBe(
      'from the proxy',
    );
  });

  it('honours NO_PROXY', async () => {
    const port = await plain((_, response) => response.end('direct'));
    const { address, seen } = await proxy();
    const http = createHttp({ HTTP_PROXY: address, NO_PROXY: '127.0.0.1' });
    expect((await http.get(`http://127.0.0.1:${port}/`, { proxy: true, timeoutMs: 2000 })).body).toBe(
      'direct',
    );
    expect(seen).toEqual([]);
  });
});
