import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Clock } from '../../main/os/ports.ts';
import { createHandClock } from '../fakes/handClock.ts';
import { ask, keptLog, openWeb, signIn } from './doors.ts';

async function opened(clock?: Clock) {
  const { web, folder } = await openWeb(() => undefined, keptLog().log, clock);
  const { origin, host } = new URL(web.newAddress());
  return { web, folder, origin, host };
}

/** The status a WebSocket upgrade is answered with. */
function upgrade(host: string, headers: Record<string, string>, path = '/rpc'): Promise<number> {
  return new Promise(resolve => {
    const socket = new WebSocket(`ws://${host}${path}`, { headers });
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
  it('is exchanged once for a session that scripts and other sites do not get', async () => {
    const { web, origin } = await opened();
    const address = web.newAddress();
    const first = await ask(address);
    expect(first.status).toBe(303);
    expect(first.headers['location']).toBe('/');
    expect(String(first.headers['set-cookie'])).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
    expect((await ask(address)).status).toBe(403);
    const cookie = String(first.headers['set-cookie']).split(';')[0] ?? '';
    expect(await ask(`${origin}/`, { cookie })).toMatchObject({ status: 200 });
    // A reload of the used address by the same browser is harmless.
    expect(await ask(address, { cookie })).toMatchObject({ status: 303 });
  });

  it('dies after a minute', async () => {
    const clock = createHandClock();
    const { web } = await opened(clock);
    const address = web.newAddress();
    const other = web.newAddress();
    await clock.advance(59_000);
    expect((await ask(other)).status).toBe(303);
    await clock.advance(2_000);
    expect((await ask(address)).status).toBe(403);
  });

  it('can be made again and again, each its own', async () => {
    const { web } = await opened();
    const addresses = Array.from({ length: 5 }, () => web.newAddress());
    expect(new Set(addresses).size).toBe(5);
    for (const address of addresses) expect((await ask(address)).status).toBe(303);
  });
});

describe('a page', () => {
  it('is only for a session', async () => {
    const { web, origin, host } = await opened();
    const cookie = await signIn(web.newAddress());
    const name = cookie.split('=')[0];
    for (const path of ['/', '/assets/app.js', '/?t=', '/?t=guess']) {
      expect((await ask(origin + path)).status, path).toBe(403);
      expect((await ask(origin + path, { cookie: `${name}=guess` })).status, path).toBe(403);
    }
    expect((await ask(`${origin}/assets/app.js`, { cookie })).status).toBe(200);
    // Another Latchkey's cookie of the same name beside ours does no harm.
    expect((await ask(`${origin}/`, { cookie: `${name}=old; ${cookie}` })).status).toBe(200);
    expect(await upgrade(host, { origin })).toBe(403);
  });

  it('comes with strict headers, errors too', async () => {
    const { web, origin, host } = await opened();
    const cookie = await signIn(web.newAddress());
    for (const answer of [await ask(`${origin}/`, { cookie }), await ask(`${origin}/`)]) {
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
    }
  });

  it('is asked for by the exact name: a name that was turned to us is refused', async () => {
    const { web, origin, host } = await opened();
    const cookie = await signIn(web.newAddress());
    const { port } = new URL(origin);
    for (const other of [
      'evil.example',
      `evil.example:${port}`,
      `localhost:${port}`,
      '127.0.0.1',
      `[::1]:${port}`,
    ]) {
      expect((await ask(`${origin}/`, { cookie, host: other })).status, other).toBe(421);
      expect(await upgrade(host, { cookie, origin, host: other }), other).toBe(403);
    }
    // A token is not used up by who may not use it.
    const address = web.newAddress();
    expect((await ask(address, { host: 'evil.example' })).status).toBe(421);
    expect((await ask(address)).status).toBe(303);
  });

  it('is only got', async () => {
    const { web, origin } = await opened();
    const cookie = await signIn(web.newAddress());
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
      expect((await ask(`${origin}/`, { cookie }, method)).status, method).toBe(405);
    }
  });

  it('is in the folder: no way leads out', async () => {
    const { web, origin, folder } = await opened();
    const cookie = await signIn(web.newAddress());
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
      const answer = await ask(origin + way, { cookie });
      expect(answer.status, way).toBe(404);
      expect(answer.body, way).not.toContain('outside');
    }
    expect((await ask(`${origin}/index.html`, { cookie })).body).toContain('Latchkey');
  });
});

describe('the WebSocket', () => {
  it('is for the page of this origin with its session', async () => {
    const { web, origin, host } = await opened();
    const cookie = await signIn(web.newAddress());
    const { port } = new URL(origin);
    expect(await upgrade(host, { cookie, origin })).toBe(101);
    for (const other of [
      'null',
      'https://evil.example',
      `http://localhost:${port}`,
      `http://127.0.0.1:${Number(port) + 1}`,
      `${origin}/`,
    ]) {
      expect(await upgrade(host, { cookie, origin: other }), other).toBe(403);
    }
    expect(await upgrade(host, { cookie })).toBe(403);
    expect(await upgrade(host, { cookie, origin }, '/other')).toBe(403);
  });
});
