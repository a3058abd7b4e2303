/** A cloud that lies, or somebody who stands in its place: the real SDK against a server that means ill. */
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, it, onTestFinished } from 'vitest';
import { createAwsCloud } from '../../../main/clouds/aws/index.ts';
import { createLimit } from '../../../main/clouds/aws/limit.ts';
import { createClock } from '../../../main/os/clock.ts';
import { createRandom } from '../../../main/os/random.ts';
import { makeCertificates } from '../../../main/practice/server/certificates.ts';
import { parseAccountId } from '../../../shared/domain/ids.ts';

const certificates = await makeCertificates(Date.now());

async function serve(answer: (response: ServerResponse) => void): Promise<string> {
  const server = createServer({ key: certificates.key, cert: certificates.cert }, (request, response) => {
    request.resume();
    answer(response);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function cloudThat(answer: (response: ServerResponse) => void) {
  const cloud = createAwsCloud({
    account: parseAccountId('aws:lying'),
    endpoint: await serve(answer),
    regions: ['xx-1'],
    credentials: async () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'SECRET' }),
    caCertificate: certificates.ca,
    clock: createClock(),
    random: createRandom(),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  onTestFinished(() => cloud.dispose());
  return async () => {
    const vms = [];
    const scope = { id: '123456789012/xx-1', name: 'xx-1' };
    for await (const page of cloud.inventory(scope)) vms.push(...page);
    return vms;
  };
}

const instances = (inside: string, before = '') =>
  `${before}<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-0a1b2c3d</instanceId>${inside}</item></instancesSet></item></reservationSet></DescribeInstancesResponse>`;

it('a signed request follows no redirection', async () => {
  const stolen: number[] = [];
  const thief = await serve(response => {
    stolen.push(1);
    response.end();
  });
  const list = await cloudThat(response => response.writeHead(307, { location: `${thief}/here` }).end());
  await expect(list()).rejects.toMatchObject({ code: 'CLOUD_FAILED' });
  expect(stolen).toEqual([]);
});

it('entities of an answer are neither read from this disk nor blown up', async () => {
  const entities = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname"><!ENTITY b "bbbbbbbbbb">]>';
  const tag = '<tagSet><item><key>Name</key><value>&a;</value></item></tagSet>';
  const list = await cloudThat(response => response.end(instances(tag, entities)));
  const names = await list().then(
    vms => vms.map(({ name }) => name),
    (error: { code: string }) => error.code,
  );
  // Not read at all, or refused.
  expect([['i-0a1b2c3d'], ['&a;'], 'CLOUD_FAILED']).toContainEqual(names);
});

it('tags and elements named like JavaScript’s own parts change nothing of it', async () => {
  const tags = ['__proto__', 'constructor', 'prototype', 'toString', 'Name']
    .map(key => `<item><key>${key}</key><value>v-${key}</value></item>`)
    .join('');
  const list = await cloudThat(response => response.end(instances(`<tagSet>${tags}</tagSet>`)));
  expect(await list()).toMatchObject([{ name: 'v-Name' }]);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

it('an answer nested without end is an error, in words', async () => {
  const list = await cloudThat(response => response.end('<a>'.repeat(100_000)));
  await expect(list()).rejects.toMatchObject({
    code: 'CLOUD_FAILED',
    message: expect.not.stringContaining('\n'),
  });
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
  await expect(pipeline(flood, createLimit(1_000).resume())).rejects.toThrow('longer than any');
  expect(given).toBeLessThan(100_000);
  const pieces: Buffer[] = [];
  await pipeline(
    Readable.from([Buffer.alloc(600), Buffer.alloc(400)]),
    createLimit(1_000).on('data', (piece: Buffer) => pieces.push(piece)),
  );
  expect(Buffer.concat(pieces)).toHaveLength(1_000);
});
