import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCarrier } from '../../main/doors/carry.ts';
import { connectBroker } from '../../main/doors/client.ts';
import { openLocalSocket } from '../../main/doors/localSocket.ts';
import { tokenPath } from '../../main/doors/paths.ts';
import { createFiles } from '../../main/os/files.ts';
import { createRandom } from '../../main/os/random.ts';
import { socketPath } from '../../main/os/socketPath.ts';
import { temporaryFolder } from '../fakes/temporaryFolder.ts';
import { keptLog, testRouter } from './doors.ts';

async function openDoor(dataDirectory = temporaryFolder()) {
  const { log } = keptLog();
  const carry = createCarrier(testRouter().router, { log, talk: { connections: 0, heard: () => undefined } });
  const os = { files: createFiles(), random: createRandom(), log };
  const door = await openLocalSocket({
    os,
    dataDirectory,
    carry,
    webAddress: () => Promise.resolve('http://a/'),
  });
  onTestFinished(() => door[Symbol.asyncDispose]());
  return { dataDirectory, door };
}

function status(dataDirectory: string, authorization?: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        socketPath: socketPath(dataDirectory, 'broker'),
        path: '/rpc',
        agent: false,
        headers: {
          connection: 'upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
          ...(authorization === undefined ? {} : { authorization }),
        },
      },
      response => resolve(response.statusCode),
    );
    asked.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode);
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('the local socket', () => {
  it('lets in who has the token, and nobody else', async () => {
    const { dataDirectory } = await openDoor();
    const token = readFileSync(tokenPath(dataDirectory), 'utf8');
    expect(await status(dataDirectory, `Bearer ${token}`)).toBe(101);
    expect(await status(dataDirectory)).toBe(401);
    expect(await status(dataDirectory, `Bearer ${token}x`)).toBe(401);
    expect(await status(dataDirectory, `Bearer ${token.slice(0, -1)}é`)).toBe(401);
    expect(await status(dataDirectory, `Bearer ${'A'.repeat(token.length)}`)).toBe(401);
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
    expect(await status(dataDirectory, `Bearer ${before}`)).toBe(401);
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
