import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Practice, startPractice } from '../../main/practice/practice.ts';
import { ask } from './ask.ts';

let folder: string;
let practice: Practice;
let ca: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-practice-'));
  practice = await startPractice({ dataDirectory: folder, latencyMs: 0 });
  ca = await readFile(practice.info.caFile, 'utf8');
});
afterAll(async () => {
  await practice.stop();
  await rm(folder, { recursive: true, force: true });
});

const control = (method: string, path: string, body?: unknown, token = practice.info.azure.token) =>
  ask(`${practice.info.control}${path}`, { ca, method, token, body });

test('tells where both clouds are, in the form that latchkey practice --json prints', () => {
  const { azure, aws, observers, control } = practice.info;
  expect(azure.armEndpoint).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  expect(azure.subscriptionIds).toHaveLength(2);
  expect(aws.regions).toEqual(['eu-north-1', 'us-east-1']);
  expect(observers).toContain(`${azure.armEndpoint}/ip`);
  expect(observers).toContain(`${aws.endpoint}/ip`);
  expect(control).toBe(`${azure.armEndpoint}/practice`);
  const text = JSON.stringify(practice.info);
  expect(JSON.parse(text)).toEqual(practice.info);
});

test('observers see the caller, over both clouds and families', async () => {
  const seen = await Promise.all(practice.info.observers.map(url => ask(url, { ca })));
  for (const [index, answer] of seen.entries())
    expect(answer.text).toBe(practice.info.observers[index]?.includes('[::1]') ? '::1' : '127.0.0.1');
});

describe('the control interface', () => {
  test('wants the token', async () => {
    const answer = await ask(`${practice.info.control}/network`, { ca });
    expect(answer.status).toBe(401);
  });

  test('has every machine’s ports, IPv6-only ones on ::1', async () => {
    const { endpoints } = (await control('GET', '/network')).json as {
      endpoints: { id: string; port: number; host: string; hostPort: number }[];
    };
    const of = (name: string) => endpoints.filter(one => one.id.endsWith(`/${name}`));
    expect(of('web-1')).toMatchObject([{ port: 22, host: '127.0.0.1', hostPort: expect.any(Number) }]);
    expect(of('sql-prod-1').map(one => one.port)).toEqual([3389, 5985, 5986]);
    expect(of('v6-only-1')).toMatchObject([{ port: 22, host: '::1' }]);
    expect(endpoints.some(one => one.id.startsWith('arn:aws:ec2:'))).toBe(true);
    const { hostKeys } = (await control('GET', '/host-keys')).json;
    expect(hostKeys[of('web-1')[0]?.id ?? ''][0]).toMatch(/^ssh-ed25519 AAAA/);
  });

  test('switches faults on, lists them, and takes them away', async () => {
    const made = await control('POST', '/faults', { path: '/tenants', status: 503, times: 0 });
    expect([made.status, made.json.hits]).toEqual([201, 0]);
    const tenants = `${practice.info.azure.armEndpoint}/tenants?api-version=2022-12-01`;
    const get = async () => (await ask(tenants, { ca, token: practice.info.azure.token })).status;
    expect([await get(), await get()]).toEqual([503, 503]);
    expect((await control('GET', '/faults')).json.faults).toMatchObject([{ hits: 2 }]);
    await control('DELETE', `/faults/${made.json.id}`);
    expect(await get()).toBe(200);
    for (const wrong of [{ stauts: 1 }, { path: '(' }])
      expect((await control('POST', '/faults', wrong)).json.error.code).toBe('BadFault');
  });

  test('lists requests of both clouds, but not its own', async () => {
    await control('DELETE', '/requests');
    await ask(`${practice.info.azure.armEndpoint}/subscriptions?api-version=2022-12-01`, { ca });
    await ask(practice.info.aws.endpoint, { ca, method: 'POST' });
    expect((await control('GET', '/requests')).json.requests).toMatchObject([
      { cloud: 'azure', method: 'GET', path: '/subscriptions?api-version=2022-12-01', status: 401 },
      { cloud: 'aws', method: 'POST', path: '/' },
    ]);
  });
});

test('a port that is taken: it says so, and leaves nothing behind', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => other.once('listening', resolve));
  const address = other.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const again = startPractice({ dataDirectory: folder, latencyMs: 0, size: 3, ports: { aws: port } });
  await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });
  other.close();
});

test('600 VMs, half of them Azure’s', async () => {
  const data = join(folder, 'big');
  const big = await startPractice({ dataDirectory: data, latencyMs: 0, size: 600 });
  const graph = await ask(
    `${big.info.azure.armEndpoint}/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01`,
    {
      ca: await readFile(big.info.caFile, 'utf8'),
      method: 'POST',
      token: big.viewer.token,
      body: { query: "resources | where type endswith '/virtualmachines' | count" },
    },
  );
  expect(graph.json.data).toEqual([{ Count: 300 }]);
  await big.stop();
});
