/** A cloud that lies, or somebody who stands in its place: the real SDKs against a server that means ill. */
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { createHttpHeaders, createPipelineRequest } from '@azure/core-rest-pipeline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAzureCloud } from '../../../main/clouds/azure/azureCloud.ts';
import { bounded } from '../../../main/clouds/azure/bounded.ts';
import { createClock } from '../../../main/os/clock.ts';
import { createRandom } from '../../../main/os/random.ts';
import { makeCertificates } from '../../../main/practice/server/certificates.ts';
import { gateId, parseAccountId, parseGrantId, parseVmId } from '../../../shared/domain/ids.ts';

const certificates = await makeCertificates(Date.now());

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer({ key: certificates.key, cert: certificates.cert }, listener);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A cloud that answers as told, and the headers of whatever reached the thief it points to. */
async function lying(answer: (thief: string) => { status?: number; headers?: object; body?: unknown }) {
  const stolen: unknown[] = [];
  const thief = await serve((request, response) => {
    stolen.push(request.headers);
    response.setHeader('content-type', 'application/json');
    response.end('{"value":[]}');
  });
  const { status = 200, headers = {}, body = {} } = answer(thief);
  const armEndpoint = await serve((request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const cloud = createAzureCloud({
    account: parseAccountId('azure:lying'),
    armEndpoint,
    tenantId: 'tenant',
    credential: { getToken: async () => ({ token: 'SECRET', expiresOnTimestamp: Date.now() + 3_600_000 }) },
    caCertificate: certificates.ca,
    clock: createClock(),
    random: createRandom(),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  onTestFinished(() => cloud.dispose());
  return { cloud, stolen };
}

const id = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v';
const order = {
  gate: gateId('/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n'),
  vm: parseVmId(id),
  index: 0,
  gateName: 'n',
  protocol: 'tcp' as const,
  mark: { grant: parseGrantId('abcd2345efgh'), owner: 'o', end: Date.now() + 60_000, vmName: 'v' },
  ports: [22],
  sources: ['203.0.113.7/32'],
  destinations: ['10.0.0.4/32'],
};

describe('a token', () => {
  it.each([301, 302, 303, 307, 308])('follows no redirection (%i) to another host', async status => {
    const { cloud, stolen } = await lying(thief => ({ status, headers: { location: `${thief}/here` } }));
    await expect(cloud.scopes()).rejects.toMatchObject({ code: 'CLOUD_FAILED' });
    expect(stolen).toEqual([]);
  });

  it('follows no next page on another host', async () => {
    const { cloud, stolen } = await lying(thief => ({
      body: { value: [{ subscriptionId: 's' }], nextLink: `${thief}/page-2` },
    }));
    await expect(cloud.scopes()).rejects.toMatchObject({ code: 'CLOUD_FAILED' });
    expect(stolen).toEqual([]);
  });

  it('follows no operation to another host', async () => {
    const { cloud, stolen } = await lying(thief => ({
      status: 201,
      headers: { 'azure-asyncoperation': `${thief}/operation`, location: `${thief}/result` },
      body: { properties: { provisioningState: 'Updating' } },
    }));
    await expect(cloud.open(order)).rejects.toMatchObject({ code: 'CLOUD_FAILED' });
    expect(stolen).toEqual([]);
  });

  it('is not sent along to where a console log is said to be', async () => {
    const { cloud, stolen } = await lying(thief => ({
      body: { serialConsoleLogBlobUri: `${thief}/log?sig=1` },
    }));
    const vm = { id: parseVmId(id) } as Parameters<typeof cloud.hostKeys>[0];
    expect(await cloud.hostKeys(vm)).toEqual([]);
    expect(stolen).toHaveLength(1);
    expect(JSON.stringify(stolen)).not.toContain('SECRET');
  });
});

describe('an exchange', () => {
  const request = () => createPipelineRequest({ url: 'https://management.azure.com/x' });

  it('ends when an answer trickles, and lets the connection go', async () => {
    const asked = request();
    let stopped = false;
    const never = bounded(
      asked,
      ({ abortSignal }) => {
        abortSignal?.addEventListener('abort', () => (stopped = true));
        return new Promise(() => undefined);
      },
      { ms: 20 },
    );
    await expect(never).rejects.toMatchObject({
      code: 'CLOUD_UNREACHABLE',
      detail: { network: 'ETIMEDOUT' },
    });
    expect(stopped).toBe(true);
    expect(asked.abortSignal).toBeUndefined();
  });

  it('ends when the caller stops it, as that', async () => {
    const stop = new AbortController();
    const asked = createPipelineRequest({ url: 'https://a/', abortSignal: stop.signal });
    const ended = bounded(asked, ({ abortSignal }) => {
      return new Promise((_, reject) =>
        abortSignal?.addEventListener('abort', () => reject(new Error('cut'))),
      );
    });
    stop.abort();
    await expect(ended).rejects.toThrow('cut');
    expect(asked.abortSignal).toBe(stop.signal);
  });

  it('takes no answer without end', async () => {
    let given = 0;
    const flood = Readable.from(
      (function* () {
        for (;;) {
          given += 100;
          yield Buffer.alloc(100);
        }
      })(),
    );
    const asked = bounded(
      request(),
      async sent => ({ request: sent, status: 200, headers: createHttpHeaders(), readableStreamBody: flood }),
      { bytes: 1_000 },
    );
    await expect(asked).rejects.toMatchObject({ code: 'CLOUD_FAILED' });
    expect(flood.destroyed).toBe(true);
    expect(given).toBeLessThan(100_000);
  });
});
