import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Clock } from '../../main/os/ports.ts';
import { createHandClock } from '../fakes/handClock.ts';
import { ask, askSession, keptLog, openWeb, signIn } from './doors.ts';

async function opened(clock?: Clock) {
  const { log, lines } = keptLog();
  const { web, folder } = await openWeb(() => undefined, log, clock);
  const { origin, host } = new URL(web.newAddress());
  return { web, folder, origin, host, lines };
}

/** The status a WebSocket upgrade is answered with. */
function upgrade(
  host: string,
  headers: Record<string, string>,
  { protocols = [] as string[], path = '/rpc' } = {},
): Promise<number> {
  return new Promise(resolve => {
    const socket = new WebSocket(`ws://${host}${path}`, protocols, { headers });
    socket.once('open', () => {
      socket.terminate();
      resolve(101);
    });
    socket.once('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    socket.on('error', () => socket.terminate());
  });
}

describe('an address of the interface', () => {
  it('holds its token where no browser sends it, and is exchanged once for a session', async () => {
    const { web } = await opened();
    const address = web.newAddress();
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#t=[\w-]{43}$/);
    const first = await askSession(address);
    expect(first).toMatchObject({ status: 200, body: expect.stringMatching(/^[\w-]{43}$/) });
    expect(first.body).not.toBe(address.split('=')[1]);
    expect((await askSession(address)).status).toBe(403);
    // A reload shows the session itself, again and again.
    for (let reload = 0; reload < 2; reload++) {
      expect(await askSession(`${address.split('#')[0]}#t=${first.body}`)).toMatchObject({
        status: 200,
        body: first.body,
      });
    }
  });

  it('dies after a minute', async () => {
    const clock = createHandClock();
    const { web } = await opened(clock);
    const address = web.newAddress();
    const other = web.newAddress();
    await clock.advance(59_000);
    expect((await askSession(other)).status).toBe(200);
    await clock.advance(2_000);
    expect((await askSession(address)).status).toBe(403);
  });

  it('can be made again and again, each its own', async () => {
    const { web } = await opened();
    const addresses = Array.from({ length: 5 }, () => web.newAddress());
    const sessions = await Promise.all(addresses.map(signIn));
    expect(new Set([...addresses, ...sessions]).size).toBe(10);
  });
});

describe('a session', () => {
  it('is for our own page: no other origin, no other name, no other way of asking', async () => {
    const { web, origin } = await opened();
    const { port } = new URL(origin);
    const address = web.newAddress();
    for (const other of [
      '',
      'null',
      'https://evil.example',
      `http://localhost:${port}`,
      `http://127.0.0.1:${Number(port) + 1}`,
      `${origin}/`,
    ]) {
      expect((await askSession(address, { origin: other })).status, other).toBe(403);
    }
    expect((await askSession(address, { host: 'evil.example' })).status).toBe(421);
    for (const authorization of ['', 'Bearer', 'Bearer ', 'Bearer guess', `Basic ${address.split('=')[1]}`]) {
      expect((await askSession(address, { authorization })).status, authorization).toBe(403);
    }
    for (const method of ['GET', 'PUT', 'OPTIONS', 'HEAD']) {
      expect((await ask(`${origin}/session`, { origin }, method)).status, method).toBe(405);
    }
    // A token is not used up by who may not use it.
    expect((await askSession(address)).status).toBe(200);
  });

  it('is never a cookie: those are sent to every port of this computer', async () => {
    const { web, origin, host } = await opened();
    const address = web.newAddress();
    const answers = [
      await ask(`${origin}/`),
      await ask(`${origin}/session`, { origin, authorization: `Bearer ${address.split('=')[1]}` }, 'POST'),
    ];
    for (const { headers } of answers) expect(headers['set-cookie']).toBeUndefined();
    const session = await signIn(web.newAddress());
    expect(await upgrade(host, { origin, cookie: `session=${session}` })).toBe(403);
  });

  // Only the administrator can start a program as somebody else.
  it.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
    'is not for another user of this computer, who may have seen the address',
    async () => {
      const { web, origin, lines } = await opened();
      const address = web.newAddress();
      const authorization = `Bearer ${address.split('=')[1]}`;
      const script = `fetch(${JSON.stringify(`${origin}/session`)}, { method: 'POST',
        headers: ${JSON.stringify({ origin, authorization })} }).then(({ status }) => console.log(status))`;
      const stranger = spawn(process.execPath, ['-e', script], { uid: 65_534, gid: 65_534, cwd: '/' });
      const [said] = (await once(stranger.stdout, 'data')) as [Buffer];
      expect(said.toString().trim()).toBe('403');
      expect(lines.map(({ fields }) => fields)).toEqual([{ user: 65_534 }]);
      // It was not used up either.
      expect((await askSession(address)).status).toBe(200);
    },
  );
});

describe('a page', () => {
  it('comes with strict headers, errors too', async () => {
    const { origin, host } = await opened();
    for (const answer of [
      await ask(`${origin}/`),
      await ask(`${origin}/none.js`),
      await ask(`${origin}/session`, {}, 'POST'),
    ]) {
      expect(answer.headers['content-security-policy']).toBe(
        `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self' ws://${host}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
      );
      expect(answer.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
      });
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('is asked for by the exact name: a name that was turned to us is refused', async () => {
    const { web, origin, host } = await opened();
    const protocols = ['latchkey', await signIn(web.newAddress())];
    const { port } = new URL(origin);
    for (const other of [
      'evil.example',
      `evil.example:${port}`,
      `localhost:${port}`,
      '127.0.0.1',
      `[::1]:${port}`,
    ]) {
      expect((await ask(`${origin}/`, { host: other })).status, other).toBe(421);
      expect(await upgrade(host, { origin, host: other }, { protocols }), other).toBe(403);
    }
  });

  it('is only got', async () => {
    const { origin } = await opened();
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
      expect((await ask(`${origin}/`, {}, method)).status, method).toBe(405);
    }
  });

  it('is in the folder: no way leads out', async () => {
    const { origin, folder } = await opened();
    symlinkSync(join(folder, '..', 'secret.json'), join(folder, 'link.json'));
    const ways = [
      '/../secret.json',
      '/%2e%2e/secret.json',
      '/..%2fsecret.json',
      '/assets/..%2f..%2fsecret.json',
      '/..%5csecret.json',
      '/link.json',
      '//secret.json',
      '/%00.json',
      '/%E0%A4%A.json',
      `/${'a'.repeat(5000)}.json`,
      '/assets',
      '/assets/',
      '/index',
      '/none.js',
    ];
    for (const way of ways) {
      const answer = await ask(origin + way);
      expect(answer.status, way).toBe(404);
      expect(answer.body, way).not.toContain('outside');
    }
    expect((await ask(`${origin}/index.html`)).body).toContain('Latchkey');
    expect((await ask(`${origin}/assets/app.js`)).status).toBe(200);
  });
});

describe('the WebSocket', () => {
  it('is for the page of this origin with its session', async () => {
    const { web, origin, host } = await opened();
    const session = await signIn(web.newAddress());
    const protocols = ['latchkey', session];
    const { port } = new URL(origin);
    expect(await upgrade(host, { origin }, { protocols })).toBe(101);
    for (const other of [
      'null',
      'https://evil.example',
      `http://localhost:${port}`,
      `http://127.0.0.1:${Number(port) + 1}`,
      `${origin}/`,
    ]) {
      expect(await upgrade(host, { origin: other }, { protocols }), other).toBe(403);
    }
    expect(await upgrade(host, {}, { protocols })).toBe(403);
    expect(await upgrade(host, { origin }, { protocols, path: '/other' })).toBe(403);
    const token = web.newAddress().split('=')[1] ?? '';
    for (const wrong of [[], ['latchkey'], [session], ['latchkey', 'guess'], ['latchkey', token]]) {
      expect(await upgrade(host, { origin }, { protocols: wrong }), wrong.join()).toBe(403);
    }
  });

  it('answers with its own name, never with the secret', async () => {
    const { web, origin, host } = await opened();
    const session = await signIn(web.newAddress());
    const socket = new WebSocket(`ws://${host}/rpc`, ['latchkey', session], { origin });
    const [response] = (await once(socket, 'upgrade')) as [{ headers: Record<string, string> }];
    socket.on('error', () => undefined).terminate();
    expect(response.headers['sec-websocket-protocol']).toBe('latchkey');
    expect(JSON.stringify(response.headers)).not.toContain(session);
  });
});
