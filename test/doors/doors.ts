/** The three doors with one router behind them, each opened by its own means, for tests that must hold for all. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { createORPCClient } from '@orpc/client';
import { RPCLink as PortLink } from '@orpc/client/message-port';
import { RPCLink } from '@orpc/client/websocket';
import type { ContractRouterClient } from '@orpc/contract';
import { implement } from '@orpc/server';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { type BrokerRouter, createCarrier, type Talk, type Wire } from '../../main/doors/carry.ts';
import { proofOf } from '../../main/doors/handshake.ts';
import { onLine } from '../../main/doors/lines.ts';
import { openLocalSocket } from '../../main/doors/localSocket.ts';
import { type LoopbackWeb, openLoopbackWeb } from '../../main/doors/loopbackWeb.ts';
import { portWire } from '../../main/doors/messagePort.ts';
import { tokenPath } from '../../main/doors/paths.ts';
import { createClock } from '../../main/os/clock.ts';
import { createFiles } from '../../main/os/files.ts';
import type { Clock, Logger } from '../../main/os/ports.ts';
import { createRandom } from '../../main/os/random.ts';
import { socketPath } from '../../main/os/socketPath.ts';
import { type Contract, contract } from '../../shared/contract/index.ts';
import { LatchkeyError } from '../../shared/errors.ts';
import { temporaryFolder } from '../fakes/temporaryFolder.ts';

export type Client = ContractRouterClient<Contract>;

export interface Logged {
  fields: Record<string, unknown>;
  text: string;
}

/** A log that keeps what it was told. */
export function keptLog(): { log: Logger; lines: Logged[] } {
  const lines: Logged[] = [];
  const keep = (fields: Record<string, unknown>, text: string) => void lines.push({ fields, text });
  return { log: { info: keep, warn: keep, error: keep }, lines };
}

/** A router that answers enough of the contract to see every way a call can go. */
export function testRouter() {
  const on = implement(contract);
  const ended: string[] = [];
  const part = {
    app: {
      info: on.app.info.handler(() => ({
        version: '1.2.3',
        host: 'headless' as const,
        dataDirectory: '/d',
        user: 'u',
        pid: 1,
      })),
      leave: on.app.leave.handler(() => {
        throw new Error('the password is hunter2');
      }),
    },
    vms: {
      get: on.vms.get.handler(({ input }) => {
        throw new LatchkeyError({
          code: 'VM_NOT_FOUND',
          message: `There is no VM “${input.vm}”.`,
          fix: 'Look.',
          detail: { asked: input.vm },
        });
      }),
    },
    activity: {
      csv: on.activity.csv.handler(async function* ({ input }) {
        try {
          yield 'first';
          yield 'second';
          if (input.text === 'typed') throw new LatchkeyError({ code: 'DISK_FULL', message: 'Full.' });
          if (input.text === 'defect') throw new Error('the password is hunter2');
          for (let i = 0; ; i++) yield `${i} ${'x'.repeat(1000)}`;
        } finally {
          ended.push(input.text ?? 'endless');
        }
      }),
    },
  };
  // The rest of the contract is not asked for.
  return { router: part as unknown as BrokerRouter, ended };
}

/** One connection through a door. */
export interface Opened {
  client: Client;
  /** Sends a frame as it is. */
  send: (frame: string | Uint8Array) => void;
  closed: Promise<unknown>;
  close: () => void;
}

export interface TestDoor {
  open(): Promise<Opened>;
  talk: Talk;
  lines: Logged[];
}

function carrier(router: BrokerRouter) {
  const { log, lines } = keptLog();
  const talk: Talk = { connections: 0, heard: () => undefined };
  return { carry: createCarrier(router, { log, talk }), log, lines, talk };
}

async function overWebSocket(socket: WebSocket): Promise<Opened> {
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => socket.terminate());
  return {
    client: createORPCClient(new RPCLink({ websocket: socket as unknown as globalThis.WebSocket })),
    send: frame => socket.send(frame),
    closed: new Promise(resolve => socket.once('close', resolve)),
    close: () => socket.terminate(),
  };
}

async function localSocketDoor(router: BrokerRouter): Promise<TestDoor> {
  const dataDirectory = temporaryFolder();
  const { carry, log, ...rest } = carrier(router);
  const os = { clock: createClock(), files: createFiles(), random: createRandom(), log };
  const door = await openLocalSocket({
    os,
    dataDirectory,
    carry,
    webAddress: () => Promise.resolve('address'),
  });
  onTestFinished(() => door[Symbol.asyncDispose]());
  const token = readFileSync(tokenPath(dataDirectory), 'utf8');
  const open = async (): Promise<Opened> => {
    const socket = connect(socketPath(dataDirectory, 'broker'));
    socket.on('error', () => socket.destroy());
    let run: (line: string) => void = () => undefined;
    onLine(socket, 1e9, line => run(line));
    const next = () => new Promise<string>(resolve => (run = resolve));
    socket.write('{"hello":"caller"}\n');
    const { hello } = JSON.parse(await next()) as { hello: string };
    const proof = proofOf('caller', token, { caller: 'caller', broker: hello });
    socket.write(`${JSON.stringify({ proof, wants: 'calls' })}\n`);
    await next();
    const port = {
      postMessage: (frame: string) => socket.write(`${frame}\n`),
      onMessage: { addListener: (listener: (line: string) => void) => (run = listener) },
      onDisconnect: { addListener: (listener: () => void) => socket.once('close', listener) },
    };
    return {
      client: createORPCClient(new PortLink({ port })),
      send: frame => socket.write(Buffer.concat([Buffer.from(frame), Buffer.from('\n')])),
      closed: new Promise(resolve => socket.once('close', resolve)),
      close: () => socket.destroy(),
    };
  };
  return { open, ...rest };
}

/** A loopback web door with a page behind it. */
export async function openWeb(
  carry: (wire: Wire) => void,
  log: Logger,
  clock: Clock = createClock(),
): Promise<{ web: LoopbackWeb; folder: string }> {
  const base = temporaryFolder();
  const folder = join(base, 'renderer');
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Latchkey</title>');
  writeFileSync(join(folder, 'assets', 'app.js'), 'export {};');
  writeFileSync(join(base, 'secret.json'), '"outside"');
  const web = await openLoopbackWeb({ os: { clock, random: createRandom(), log }, folder, carry });
  onTestFinished(() => web[Symbol.asyncDispose]());
  return { web, folder };
}

/** One request, with exactly these headers; fetch would not let a test lie about Host. */
export function ask(
  address: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<{ status: number; headers: Record<string, string | string[] | undefined>; body: string }> {
  const { hostname, port, origin } = new URL(address);
  return new Promise((resolve, reject) => {
    const options = { hostname, port, path: address.slice(origin.length), method, headers, agent: false };
    const asked = request(options, response => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (body += piece));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** Asks for a session as the page of an address does, or as the headers say; gives the status and what was said. */
export function askSession(
  address: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string }> {
  const { origin, hash } = new URL(address);
  const authorization = `Bearer ${hash.replace('#t=', '')}`;
  return ask(`${origin}/session`, { origin, authorization, ...headers }, 'POST');
}

/** Uses up a one-time address; gives the session. */
export async function signIn(address: string): Promise<string> {
  return (await askSession(address)).body;
}

async function webDoor(router: BrokerRouter): Promise<TestDoor> {
  const { carry, log, ...rest } = carrier(router);
  const { web } = await openWeb(carry, log);
  const { host, origin } = new URL(web.newAddress());
  const session = await signIn(web.newAddress());
  return {
    open: () => overWebSocket(new WebSocket(`ws://${host}/rpc`, ['latchkey', session], { origin })),
    ...rest,
  };
}

async function portDoor(router: BrokerRouter): Promise<TestDoor> {
  const { carry, log: _, ...rest } = carrier(router);
  const open = (): Promise<Opened> => {
    const { port1, port2 } = new MessageChannel();
    carry(portWire(port1));
    onTestFinished(() => port2.close());
    const client: Client = createORPCClient(new PortLink({ port: port2 }));
    return Promise.resolve({
      client,
      send: frame => port2.postMessage(frame),
      closed: new Promise(resolve => port2.once('close', () => resolve(undefined))),
      close: () => port2.close(),
    });
  };
  return { open, ...rest };
}

export const doors = [
  ['local socket', localSocketDoor],
  ['loopback web', webDoor],
  ['message port', portDoor],
] as const;
