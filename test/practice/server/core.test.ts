import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createServerCore, type OpenDoor, type ServerCore } from '../../../main/practice/server/core.ts';
import { ask } from '../ask.ts';

let core: ServerCore;
let door: OpenDoor;
let writes: number;

beforeEach(async () => {
  writes = 0;
  core = await createServerCore({ clockAheadMs: 90_000 });
  door = await core.open({
    cloud: 'azure',
    errorBody: error => ({ type: 'application/json', body: JSON.stringify({ error }) }),
    actionOf: request => (request.url.includes('act=Up') ? 'Up' : undefined),
    routes: app => {
      app.get('/Things/:name', async request => ({ name: (request.params as { name: string }).name }));
      app.put('/things/:name', async () => ({ writes: ++writes, text: 'x'.repeat(100) }));
    },
  });
});
afterEach(() => core.close());

const put = (query = '') => ask(`${door.url}/things/a${query}`, { ca: core.certificates.ca, method: 'PUT' });

describe('the listener', () => {
  test('has a certificate of our authority for localhost, 127.0.0.1 and ::1', () => {
    const ca = new X509Certificate(core.certificates.ca);
    const own = new X509Certificate(core.certificates.cert);
    expect(ca.ca).toBe(true);
    expect(own.ca).toBe(false);
    expect(own.checkIssued(ca)).toBe(true);
    expect(own.verify(ca.publicKey)).toBe(true);
    expect(own.checkHost('localhost')).toBe('localhost');
    expect(own.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(own.checkIP('::1')).toBeDefined();
  });

  test('is trusted only with it', async () => {
    await expect(ask(door.observers[0] ?? '', { ca: '' })).rejects.toMatchObject({
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    });
  });

  test('tells callers their address, in both families', async () => {
    const seen = await Promise.all(door.observers.map(url => ask(url, { ca: core.certificates.ca })));
    expect(seen.map(answer => answer.text)).toEqual(['127.0.0.1', '::1'].slice(0, door.observers.length));
  });

  test('takes paths in any case and keeps the case of names, long and encoded ones too', async () => {
    const name = `Ab/${'é'.repeat(200)}`;
    const answer = await ask(`${door.url}/tHINGS/${encodeURIComponent(name)}`, { ca: core.certificates.ca });
    expect(answer.json['name']).toBe(name);
  });

  test('tells the cloud’s time, not this computer’s', async () => {
    const { headers } = await put();
    expect(Date.parse(String(headers.date)) - Date.now()).toBeGreaterThan(60_000);
  });
});

describe('faults', () => {
  test('answer instead of the handler, so often and no more', async () => {
    core.faults.add({ path: '^/THINGS', status: 429, code: 'TooManyRequests', retryAfter: 7, times: 2 });
    const answers = [await put(), await put(), await put()];
    expect(answers.map(answer => answer.status)).toEqual([429, 429, 200]);
    expect(answers[0]?.headers['retry-after']).toBe('7');
    expect(answers[0]?.json['error']['code']).toBe('TooManyRequests');
    expect(writes).toBe(1);
  });

  test('after: the write took effect and nobody is told', async () => {
    core.faults.add({ method: 'put', status: 500, when: 'after' });
    expect((await put()).status).toBe(500);
    expect(writes).toBe(1);
  });

  test('drop the connection before or after the write', async () => {
    core.faults.add({ method: 'PUT', drop: true });
    await expect(put()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(writes).toBe(0);
    core.faults.add({ method: 'PUT', drop: true, when: 'after' });
    await expect(put()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(writes).toBe(1);
  });

  test('cut an answer short', async () => {
    core.faults.add({ method: 'PUT', cut: true });
    await expect(put()).rejects.toThrow('aborted');
    expect(writes).toBe(1);
  });

  test('can name the time to come back as a date of the cloud’s clock', async () => {
    core.faults.add({ status: 503, retryAfter: 10, retryAfterAsDate: true });
    const after = Date.parse(String((await put()).headers['retry-after']));
    expect(Math.abs(after - core.now() - 10_000)).toBeLessThan(2_000);
  });

  test('match an AWS action, skip the first, and stay until taken away', async () => {
    const fault = core.faults.add({ action: 'Up', skip: 1, times: 0, status: 500 });
    const statuses = [await put(), await put('?act=Up'), await put('?act=Up'), await put('?act=Up')];
    expect(statuses.map(answer => answer.status)).toEqual([200, 200, 500, 500]);
    core.faults.remove(fault.id);
    expect((await put('?act=Up')).status).toBe(200);
  });

  test('refuse what they do not know', () => {
    expect(() => core.faults.add({ stauts: 500 } as object)).toThrow('stauts');
    expect(() => core.faults.add({ path: '(' })).toThrow(SyntaxError);
  });
});

test('the log has every request with its status, but not the observers’', async () => {
  await put('?act=Up');
  await ask(`${door.url}/nothing`, { ca: core.certificates.ca });
  await ask(door.observers[0] ?? '', { ca: core.certificates.ca });
  core.faults.add({ drop: true, when: 'after' });
  await put().catch(() => undefined);
  expect(core.log.list()).toMatchObject([
    { cloud: 'azure', method: 'PUT', path: '/things/a?act=Up', action: 'Up', status: 200 },
    { method: 'GET', path: '/nothing', status: 404 },
    { method: 'PUT', status: 0 },
  ]);
});
