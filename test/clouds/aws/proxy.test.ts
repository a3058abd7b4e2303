/** Requests to AWS go through the proxy of the environment; those to this computer do not. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { createAwsCloud } from '../../../main/clouds/aws/index.ts';
import { createClock } from '../../../main/os/clock.ts';
import { createRandom } from '../../../main/os/random.ts';
import { parseAccountId } from '../../../shared/domain/ids.ts';
import { quiet, startPracticeEc2 } from './practiceEc2.ts';

afterEach(() => vi.unstubAllEnvs());

test('as AWS’s own command does', async () => {
  const asked: string[] = [];
  const proxy = createServer();
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  for (const name of ['HTTPS_PROXY', 'https_proxy'])
    vi.stubEnv(name, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  const cloud = createAwsCloud({
    account: parseAccountId('aws:far'),
    credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 'b' }),
    regions: ['eu-north-1'],
    clock: createClock(),
    random: createRandom(),
    log: quiet,
  });
  onTestFinished(() => cloud.dispose());
  const stop = new AbortController();
  const identity = cloud.identity(stop.signal).catch((error: unknown) => error);
  while (asked.length === 0) await Promise.race([once(proxy, 'connect'), identity]);
  stop.abort();
  await identity;
  expect(asked[0]).toBe('sts.eu-north-1.amazonaws.com:443');

  const practice = await startPracticeEc2();
  onTestFinished(() => practice.close());
  const before = asked.length;
  expect(await practice.signIn().identity()).toMatchObject({ user: 'lena' });
  expect(asked).toHaveLength(before);
});
