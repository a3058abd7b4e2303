import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createCarrier } from '../../main/doors/carry.ts';
import { connectBroker } from '../../main/doors/client.ts';
import { proofOf } from '../../main/doors/handshake.ts';
import { onLine } from '../../main/doors/lines.ts';
import { openLocalSocket } from '../../main/doors/localSocket.ts';
import { tokenPath } from '../../main/doors/paths.ts';
import { createClock } from '../../main/os/clock.ts';
import { createFiles } from '../../main/os/files.ts';
import type { Clock } from '../../main/os/ports.ts';
import { createRandom } from '../../main/os/random.ts';
import { socketPath } from '../../main/os/socketPath.ts';
import { createHandClock } from '../fakes/handClock.ts';
import { temporaryFolder } from '../fakes/temporaryFolder.ts';
import { keptLog, testRouter } from './doors.ts';

async function openDoor(dataDirectory = temporaryFolder(), clock: Clock = createClock()) {
  const { log } = keptLog();
  const carry = createCarrier(testRouter().router, { log, talk: { connections: 0, heard: () => undefined } });
  const os = { clock, files: createFiles(), random: createRandom(), log };
  const door = await openLocalSocket({
    os,
    dataDirectory,
    carry,
    webAddress: () => Promise.resolve('http://a/'),
  });
  onTestFinished(() => door[Symbol.asyncDispose]());
  return { dataDirectory, door };
}

/** What the door says to these lines, one after the other; what `reply` makes of its hello is sent last. */
async function greet(
  dataDirectory: string,
  reply: (hello: string) => string,
  first = '{"hello":"caller"}',
): Promise<string[]> {
  const socket = connect(socketPath(dataDirectory, 'broker'));
  const said: string[] = [];
  onLine(socket, 10_000, line => {
    said.push(line);
    if (said.length === 1) socket.write(`${reply((JSON.parse(line) as { hello: string }).hello)}\n`);
    else socket.destroy();
  });
  socket.write(`${first}\n`);
  await once(socket, 'close');
  return said.slice(1);
}

const proves =
  (token: string, wants = 'calls') =>
  (hello: string) =>
    JSON.stringify({ proof: proofOf('caller', token, { caller: 'caller', broker: hello }), wants });

describe('the local socket', () => {
  it('lets in who has the token, and nobody else', async () => {
    const { dataDirectory } = await openDoor();
    const token = readFileSync(tokenPath(dataDirectory), 'utf8');
    expect(await greet(dataDirectory, proves(token))).toEqual(['{}']);
    expect(await greet(dataDirectory, proves(token, 'address'))).toEqual(['{"address":"http://a/"}']);
    const heard = proves(token)('of another conversation');
    const others: ((hello: string) => string)[] = [
      ...[`${token}x`, token.slice(1), 'A'.repeat(token.length), ''].map(other => proves(other)),
      // What the broker itself has proved with is no proof of a caller, nor is what was heard before, nor the token.
      hello => JSON.stringify({ proof: proofOf('broker', token, { caller: 'caller', broker: hello }) }),
      () => heard,
      () => JSON.stringify({ proof: token, token }),
      ...[null, 7, {}, [], ''].map(proof => () => JSON.stringify({ proof })),
      ...['', 'null', '[]', '{', '{"i":"1","p":{"u":"/app/info"}}'].map(line => () => line),
    ];
    for (const other of others) expect(await greet(dataDirectory, other), other('')).toEqual([]);
    for (const line of ['', 'null', '[]', '{', 'GET / HTTP/1.1', '{"hello":7}', `{"token":"${token}"}`]) {
      const socket = connect(socketPath(dataDirectory, 'broker'));
      let said = '';
      socket.on('data', piece => (said += piece.toString()));
      socket.write(`${line}\n`);
      await once(socket, 'close');
      expect(said, line).toBe('');
    }
  });

  it('never says the token, and hears it from nobody', async () => {
    const { dataDirectory, door } = await openDoor();
    const token = readFileSync(tokenPath(dataDirectory), 'utf8');
    await door[Symbol.asyncDispose]();
    // Another user who has taken the place, as can be done with a pipe's name on Windows, and would tell what to start.
    let heard = '';
    const stranger = createServer(socket => {
      socket.on('data', piece => (heard += piece.toString()));
      socket.write(`${JSON.stringify({ hello: 'x', proof: 'x'.repeat(43) })}\n{}\n`);
    });
    onTestFinished(() => void stranger.close());
    await once(stranger.listen(socketPath(dataDirectory, 'broker')), 'listening');
    expect(await connectBroker(dataDirectory)).toBeUndefined();
    expect(heard).toMatch(/^\{"hello":"[\w-]{43}"\}\n$/);
    expect(heard).not.toContain(token);
  });

  it('does not wait for long for a first line', async () => {
    const clock = createHandClock();
    const { dataDirectory } = await openDoor(temporaryFolder(), clock);
    const socket = connect(socketPath(dataDirectory, 'broker'));
    await vi.waitFor(() => expect(clock.waiting()).toBe(1));
    const closed = once(socket, 'close');
    await clock.advance(5_000);
    await closed;
  });

  it('is this user’s alone', async () => {
    const { dataDirectory } = await openDoor();
    expect(statSync(socketPath(dataDirectory, 'broker')).mode & 0o777).toBe(0o600);
    expect(statSync(tokenPath(dataDirectory)).mode & 0o777).toBe(0o600);
    expect(statSync(`${dataDirectory}/run`).mode & 0o777).toBe(0o700);
  });

  it('has a new token each run', async () => {
    const { dataDirectory, door } = await openDoor();
    const before = readFileSync(tokenPath(dataDirectory), 'utf8');
    await door[Symbol.asyncDispose]();
    await openDoor(dataDirectory);
    expect(readFileSync(tokenPath(dataDirectory), 'utf8')).not.toBe(before);
    expect(await greet(dataDirectory, proves(before))).toEqual([]);
  });

  it('replaces what a broker that is gone has left', async () => {
    const dataDirectory = temporaryFolder();
    writeFileSync(socketPath(dataDirectory, 'broker'), '');
    await openDoor(dataDirectory);
    const connection = await connectBroker(dataDirectory);
    expect(await connection?.client.app.info({})).toMatchObject({ pid: 1 });
    expect(await connection?.webAddress()).toBe('http://a/');
    connection?.close();
  });
});

describe('a caller', () => {
  it('sees that no broker is there: no socket, a stale one, a token of another run', async () => {
    const { dataDirectory, door } = await openDoor();
    expect(await connectBroker(temporaryFolder())).toBeUndefined();
    const token = readFileSync(tokenPath(dataDirectory), 'utf8');
    writeFileSync(tokenPath(dataDirectory), 'of another run');
    expect(await connectBroker(dataDirectory)).toBeUndefined();
    writeFileSync(tokenPath(dataDirectory), token);
    await door[Symbol.asyncDispose]();
    expect(await connectBroker(dataDirectory)).toBeUndefined();
    writeFileSync(socketPath(dataDirectory, 'broker'), '');
    expect(await connectBroker(dataDirectory)).toBeUndefined();
  });

  it('is told when the broker hangs up in the middle of a call', async () => {
    const { dataDirectory, door } = await openDoor();
    const connection = await connectBroker(dataDirectory);
    const stream = await connection?.client.activity.csv({});
    await stream?.next();
    const hungUp = new Promise<void>(resolve => connection?.onClose(resolve));
    await door[Symbol.asyncDispose]();
    await hungUp;
    const rest = async () => {
      for (;;) if ((await stream?.next())?.done !== false) return;
    };
    await expect(rest()).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' });
    await expect(connection?.client.app.info({})).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' });
  });

  it('says so when something else listens there', async () => {
    const { dataDirectory, door } = await openDoor();
    await door[Symbol.asyncDispose]();
    const other = createServer(socket => socket.end('HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n'));
    onTestFinished(() => void other.close());
    await once(other.listen(socketPath(dataDirectory, 'broker')), 'listening');
    await expect(connectBroker(dataDirectory)).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' });
  });
});
