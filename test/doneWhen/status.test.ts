/** Exit status and output of every command: one JSON document on stdout, or one error on stderr. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { connectBroker } from '../../main/doors/client.ts';
import type { Grant } from '../../shared/contract/grants.ts';
import { openWorld } from './world.ts';

const world = await openWorld();

/** Has the practice cloud do something on its next request that fits. */
async function fault(body: Record<string, unknown>): Promise<void> {
  const asked = request(`${world.info.azure.armEndpoint}/practice/faults`, {
    method: 'POST',
    ca: readFileSync(world.info.caFile),
    headers: { authorization: `Bearer ${world.info.azure.token}`, 'content-type': 'application/json' },
  });
  asked.end(JSON.stringify(body));
  const [answer] = (await once(asked, 'response')) as [{ statusCode?: number; resume(): void }];
  answer.resume();
  expect(answer.statusCode).toBe(201);
}

it('0: each command prints one document and nothing else', async () => {
  const { grants } = await world.json<{ grants: Grant[] }>('request', 'web-1', '--reason', 'x', '--wait');
  const id = grants[0]?.id ?? '';
  for (const args of [
    ['vms'],
    ['vms', '--tab', 'configured', '--search', 'web'],
    ['policy', 'web-1'],
    ['request', 'web-1', 'pay-db', '--dry-run'],
    ['lock', 'jump-eu', '--dry-run'],
    ['unlock', 'web-2', '--dry-run'],
    ['connect', 'web-1'],
    ['grants'],

    ['extend', id, '--for', '30m'],
    ['revoke', id],
    ['revoke', '--all'],
    ['sweep'],
    ['activity'],
    ['activity', '--vm', 'web-1', '--since', '7d'],

    ['ip', '--refresh'],
    ['accounts'],

    ['settings', 'warnBeforeMs=5m'],
    ['ssh-config'],
    ['ui', '--no-open'],
  ]) {
    expect(await world.json(...args), args.join(' ')).toBeTypeOf('object');
  }
});

it('1: something on this side', async () => {
  expect(await world.error('practice')).toMatchObject({ status: 1, code: 'BROKER_RUNNING' });
  expect(await world.error('broker')).toMatchObject({ status: 1, code: 'BROKER_RUNNING' });
});

it.each([
  ['BAD_INPUT', ['frobnicate']],
  ['BAD_INPUT', []],
  ['BAD_INPUT', ['request', 'web-1', '--port', '99999']],
  ['BAD_DURATION', ['request', 'web-1', '--for', 'long']],
  ['BAD_DURATION', ['request', 'web-1', '--for', '25h']],
  ['BAD_CIDR', ['request', 'web-1', '--source', '10.0.0.0/33']],
  ['VM_AMBIGUOUS', ['request', 'app-1']],
  ['VM_AMBIGUOUS', ['proxy', 'app-1', '22']],
  ['CONFIRM_NEEDED', ['lock', 'jump-eu']],
  ['CONFIRM_NEEDED', ['unlock', 'web-2']],
])('2: %s, %j', async (code, args) => {
  expect(await world.error(...args)).toMatchObject({ status: 2, code, fix: expect.any(String) as string });
});

it.each([
  ['VM_NOT_FOUND', ['request', 'web-9']],
  ['VM_NOT_FOUND', ['connect', 'web-9']],
  ['VM_NOT_FOUND', ['proxy', 'web-9', '22']],
  ['VM_NOT_FOUND', ['policy', 'web-9']],
  ['VM_NOT_FOUND', ['lock', 'web-9', '--yes']],
  ['VM_NOT_FOUND', ['activity', '--vm', 'web-9']],
  ['GRANT_NOT_FOUND', ['revoke', 'abcdefghijkl']],
  ['GRANT_NOT_FOUND', ['extend', 'abcdefghijkl', '--for', '5m']],
  ['ACCOUNT_NOT_FOUND', ['accounts', 'remove', 'nobody']],
])('3: %s, %j', async (code, args) => {
  expect(await world.error(...args)).toMatchObject({ status: 3, code, fix: expect.any(String) as string });
});

it.each([
  ['PORT_NOT_IN_POLICY', ['request', 'web-1', '--port', '8080']],
  ['PORT_NOT_IN_POLICY', ['request', 'web-1', '--port', '22/udp']],
  ['PORT_NOT_IN_POLICY', ['proxy', 'web-1', '8080']],
  ['TIME_TOO_LONG', ['request', 'web-1', '--for', '181m']],
  ['TIME_TOO_LONG', ['connect', 'web-1', '--for', '181m']],
  ['SOURCE_FAMILY', ['request', 'web-1', '--source', '2001:db8::1']],
  ['NOT_CONFIGURED', ['request', 'jump-eu']],
  ['UNSUPPORTED', ['request', 'old-crm']],
  ['UNSUPPORTED', ['lock', 'scratch-3', '--yes']],
  ['VM_STOPPED', ['request', 'build-agent-07']],
])('4: %s, %j', async (code, args) => {
  expect(await world.error(...args)).toMatchObject({ status: 4, code, fix: expect.any(String) as string });
});

it('5: the cloud says no, and nothing is left half done', async () => {
  await fault({
    cloud: 'azure',
    method: 'PUT',
    path: 'securityRules',
    status: 403,
    code: 'AuthorizationFailed',
  });
  expect(await world.error('request', 'web-1')).toMatchObject({
    status: 5,
    code: 'CLOUD_FORBIDDEN',
    fix: expect.any(String) as string,
  });
  await fault({
    cloud: 'aws',
    action: 'AuthorizeSecurityGroupIngress',
    status: 403,
    code: 'UnauthorizedOperation',
  });
  expect(await world.error('request', 'pay-db')).toMatchObject({ status: 5, code: 'CLOUD_FORBIDDEN' });
  const { grants } = await world.json<{ grants: Grant[] }>('grants');
  expect(grants.filter(({ state }) => state !== 'closed' && state !== 'failed')).toEqual([]);
});

it('6: the port does not answer', async () => {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  free.close();
  await world.json('lock', 'jump-eu', '--port', `${port}:1h`, '--yes');
  const connection = await connectBroker(world.data);
  await connection?.client.connect.settings.set({ vm: 'jump-eu', settings: { address: '127.0.0.1' } });
  connection?.close();
  expect(await world.error('proxy', 'jump-eu', String(port))).toMatchObject({ status: 6, code: 'NO_ANSWER' });
});
