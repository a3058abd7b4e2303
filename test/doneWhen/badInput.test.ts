/** Bad input at every door: what is wrong and what to do, and nothing is opened by it. */
import { MessageChannel } from 'node:worker_threads';
import { createORPCClient } from '@orpc/client';
import { RPCLink as PortLink } from '@orpc/client/message-port';
import { RPCLink } from '@orpc/client/websocket';
import type { ContractRouterClient } from '@orpc/contract';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { connectBroker } from '../../main/doors/client.ts';
import { portWire } from '../../main/doors/messagePort.ts';
import { startHost } from '../../main/host.ts';
import type { Contract } from '../../shared/contract/index.ts';
import { openWorld } from './world.ts';

type Client = ContractRouterClient<Contract>;

const world = await openWorld();
// A broker in this process, as the desktop app has one: all three doors lead to it.
const host = await startHost({ dataDirectory: world.data, kind: 'headless' });
afterAll(() => host.stop());
await host.client.accounts.addPractice({});
const { plans } = await host.client.policies.planLock({
  vms: ['jump-eu'],
  ports: [{ port: 22, protocol: 'tcp', sources: ['203.0.113.0/24', '10.0.0.0/8'], maxMs: 3_600_000 }],
});

const doors: [string, () => Promise<{ client: Client; close(): void }>][] = [
  [
    'local socket',
    async () => {
      const connection = await connectBroker(world.data);
      if (!connection) throw new Error('no broker');
      return connection;
    },
  ],
  [
    'loopback web',
    async () => {
      const address = new URL(await host.webAddress());
      const { origin, host: ours } = address;
      const authorization = `Bearer ${address.hash.replace('#t=', '')}`;
      const entered = await fetch(`${origin}/session`, {
        method: 'POST',
        headers: { origin, authorization },
      });
      const socket = new WebSocket(`ws://${ours}/rpc`, ['latchkey', await entered.text()], { origin });
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
      const link = new RPCLink({ websocket: socket as unknown as globalThis.WebSocket });
      return { client: createORPCClient(link), close: () => socket.terminate() };
    },
  ],
  [
    'MessagePort',
    async () => {
      const { port1, port2 } = new MessageChannel();
      host.carry(portWire(port1));
      port2.start();
      const link = new PortLink({ port: port2 });
      return { client: createORPCClient(link), close: () => port2.close() };
    },
  ],
];

describe.each(doors)('%s', (_name, open) => {
  it('refuses what breaks the schema, and what a policy refuses, with code and fix', async () => {
    const door = await open();
    const { client } = door;
    try {
      const bad = (input: unknown) => () => client.grants.request(input as never);
      const refused: [() => Promise<unknown>, string][] = [
        [bad(undefined), 'BAD_INPUT'],
        [bad([]), 'BAD_INPUT'],
        [bad({ vms: [] }), 'BAD_INPUT'],
        [bad({ vms: 'web-1' }), 'BAD_INPUT'],
        [bad({ vms: ['web-1'], forMs: 0 }), 'BAD_INPUT'],
        [bad({ vms: ['web-1'], forMs: 1e12 }), 'BAD_INPUT'],
        [bad({ vms: ['web-1'], forMs: '5m' }), 'BAD_INPUT'],
        [bad({ vms: ['web-1'], ports: [{ port: 22.5 }] }), 'BAD_INPUT'],
        [bad({ vms: ['web-1'], ports: [{ port: 70_000 }] }), 'BAD_INPUT'],
        [bad({ vms: ['web-1'], ports: [] }), 'BAD_INPUT'],
        [bad({ vms: ['web-1'], sources: [''] }), 'BAD_INPUT'],
        [bad({ vms: ['web-1'], reason: 'x'.repeat(501) }), 'BAD_INPUT'],
        [bad({ vms: ['web-9'] }), 'VM_NOT_FOUND'],
        [bad({ vms: ['app-1'] }), 'VM_AMBIGUOUS'],
        [bad({ vms: ['web-1'], ports: [{ port: 8080 }] }), 'PORT_NOT_IN_POLICY'],
        [bad({ vms: ['web-1'], forMs: 10_800_001 }), 'TIME_TOO_LONG'],
        [bad({ vms: ['web-1'], sources: ['10.0.0.0/33'] }), 'BAD_CIDR'],
        [() => client.grants.extend({ grant: '../../x', byMs: 1 }), 'BAD_INPUT'],
        [() => client.settings.set({ warnBeforeMs: 1 }), 'BAD_INPUT'],
        [() => client.activity.list({ limit: 1_000_000 }), 'BAD_INPUT'],
        [() => client.policies.lock({ vms: ['jump-eu'], fingerprints: ['made up'] }), 'PLAN_CHANGED'],
      ];
      for (const [call, code] of refused) {
        const error = await call().then(
          value => ({ answered: value }),
          (thrown: unknown) => thrown,
        );
        const data = (error as { data?: unknown }).data ?? error;
        expect(data, code).toMatchObject({ code, message: expect.any(String), fix: expect.any(String) });
      }
      const { grants } = await client.grants.list({ all: true });
      expect(grants).toEqual([]);
    } finally {
      door.close();
    }
  });
});

describe('a source', () => {
  it.each([
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/',
    '/8',
    '10.0.0.0/8/8',
    '10.0.0',
    '10.0.0.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '0x0a.0.0.1',
    '167772161',
    '127.1',
    ' 10.0.0.1',
    '10.0.0.1 ',
    '10.0.0.1 /8',
    '10.0.0.1\n',
    '10.0.0.1,10.0.0.2',
    '１０.0.0.1',
    '٣.0.0.1',
    '10。0。0。1',
    '10.0.0.9/0',
    '2001:db8::/129',
    '2001:db8:::1',
    '::ffff:10.0.0.0/95',
    'fe80::1%eth0',
    '2001:db8::1/0',
    '1:2:3:4:5:6:7',
    '*',
    'Internet',
    'localhost',
    '$(touch x)',
    '-1',
    'MY-IP',
  ])('%j is refused', async source => {
    const call = host.client.grants.preview({ vms: ['web-1'], sources: [source] });
    const { failures } = await call.catch((error: unknown) => ({ failures: [{ vm: '', error }] }));
    const error = failures[0]?.error as { data?: unknown } | undefined;
    expect(error?.data ?? error).toMatchObject({ code: 'BAD_CIDR' });
  });

  it.each([
    ['203.0.113.7', '203.0.113.7/32'],
    ['10.0.0.9/8', '10.0.0.0/8'],
    ['::ffff:10.0.0.9', '10.0.0.9/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
  ])('%s means %s', async (source, meant) => {
    const { previews } = await host.client.grants.preview({ vms: ['web-1'], sources: [source] });
    expect(previews[0]?.sources).toEqual([meant]);
  });

  it('is refused outside what the policy allows, also when it only reaches out of it', async () => {
    await host.client.policies.lock({
      vms: ['jump-eu'],
      ports: plans[0]?.policy?.ports,
      fingerprints: [plans[0]?.fingerprint ?? ''],
    });
    for (const source of ['198.51.100.1', '203.0.112.0/23', '0.0.0.0/0', '203.0.113.0/23', '11.0.0.0']) {
      expect(await world.error('request', 'jump-eu', '--source', source), source).toMatchObject({
        status: 4,
        code: 'SOURCE_NOT_ALLOWED',
        message: expect.stringContaining('203.0.113.0/24'),
      });
    }
    // My IP, the default, is not allowed either.
    expect(await world.error('request', 'jump-eu')).toMatchObject({ status: 4, code: 'SOURCE_NOT_ALLOWED' });
    const { previews } = await host.client.grants.preview({ vms: ['jump-eu'], sources: ['policy'] });
    expect(previews[0]?.sources).toEqual(['203.0.113.0/24', '10.0.0.0/8']);
    expect((await host.client.grants.list({ all: true })).grants).toEqual([]);
  });
});
