import { once } from 'node:events';
import { connect } from 'node:net';
import ssh2, { type Client, type ConnectConfig, type SignCallback } from 'ssh2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeKeyPair } from '../../../main/practice/machines/hostKeys.ts';
import { exec, login, startOne } from './setup.ts';

/** Offers a public key it has no private one for. */
class LyingAgent extends ssh2.BaseAgent<string> {
  readonly #key: string;
  constructor(key: string) {
    super();
    this.#key = key;
  }
  getIdentities(done: (error: Error | undefined, keys?: string[]) => void) {
    done(undefined, [this.#key]);
  }
  sign(_key: unknown, _data: Buffer, _options: unknown, done?: SignCallback) {
    done?.(undefined, Buffer.alloc(64, 7));
  }
}

let started: Awaited<ReturnType<typeof startOne>>;

beforeEach(async () => {
  started = await startOne();
});
afterEach(() => started.net.stop());

describe('login', () => {
  const pair = makeKeyPair();

  test.each<[string, ConnectConfig]>([
    ['nothing', { authHandler: ['none'] }],
    ['a password', { authHandler: ['password'], password: 'anything' }],
    ['a key', { authHandler: ['publickey'], privateKey: pair.private }],
  ])('with %s', async (_what, config) => {
    const client = await login(started.endpoint.hostPort, config);
    expect(await exec(client, 'whoami')).toMatchObject({ out: 'lena\n', status: 0 });
    client.end();
  });

  test('not with somebody else’s key', async () => {
    const agent = new LyingAgent(pair.public);
    await expect(login(started.endpoint.hostPort, { authHandler: ['agent'], agent })).rejects.toMatchObject({
      level: 'client-authentication',
    });
  });

  test('goes on after somebody who speaks nonsense', async () => {
    const { hostPort, host } = started.endpoint;
    const stranger = connect(hostPort, host).on('error', () => undefined);
    stranger.write(`SSH-2.0-x\r\n${'nonsense'.repeat(50)}`);
    await once(stranger.resume(), 'close');
    const client = await login(hostPort);
    client.end();
  });

  test('shows the host key that is told, the same one each time', async () => {
    const seen: string[] = [];
    for (let n = 0; n < 2; n++) {
      const client = await login(started.endpoint.hostPort, {
        hostVerifier: (key: Buffer) => seen.push(`ssh-ed25519 ${key.toString('base64')}`) > 0,
      });
      client.end();
    }
    const [told] = started.net.hostKeys(started.one.id);
    expect(seen).toEqual([told, told]);
  });
});

describe('commands', () => {
  let client: Client;
  beforeEach(async () => {
    client = await login(started.endpoint.hostPort);
  });
  afterEach(() => client.end());

  test.each([
    ['hostname', 'web-1\n', '', 0],
    ['echo one "two  three" \'$USER\' $USER', 'one two  three lena lena\n', '', 0],
    ['exit 7', '', '', 7],
    ['false', '', '', 1],
    ['true && echo yes', 'yes\n', '', 0],
    ['false && echo no', '', '', 1],
    ['false; echo $?', '1\n', '', 0],
    ['cat /etc/passwd', '', '-bash: cat: command not found\n', 127],
    ['', '', '', 0],
  ])('%j', async (command, out, err, status) => {
    expect(await exec(client, command)).toEqual({ out, err, status });
  });

  test('see the environment they are given', async () => {
    const env = { LATCHKEY_REASON: 'ticket 7' };
    expect((await exec(client, 'echo $LATCHKEY_REASON', { env })).out).toBe('ticket 7\n');
  });

  test('a shell with a terminal has a prompt, echoes, takes back, and ends with the last status', async () => {
    const typed = 'hostnamexx\u007f\u007f\rnosuch\r\u0003\u001b[Aexit\r';
    const { out, status } = await exec(client, undefined, { typed, pty: true });
    expect(out).toContain('lena@web-1:~$ hostnamexx\b \b\b \b\r\nweb-1\r\n');
    expect(out).toContain('nosuch: command not found\r\n');
    expect(status).toBe(130);
  });

  test('a shell without a terminal only reads and answers', async () => {
    const typed = 'hostname\nnosuch\nfalse\n';
    expect(await exec(client, undefined, { typed })).toEqual({
      out: 'web-1\n',
      err: '-bash: nosuch: command not found\n',
      status: 1,
    });
  });

  test('sftp and forwarding are refused, and the session lives on', async () => {
    await expect(
      new Promise((resolve, reject) => client.sftp(error => (error ? reject(error) : resolve(undefined)))),
    ).rejects.toThrow();
    await expect(
      new Promise((resolve, reject) =>
        client.forwardOut('127.0.0.1', 1, '127.0.0.1', 80, error => (error ? reject(error) : resolve(0))),
      ),
    ).rejects.toThrow();
    expect((await exec(client, 'hostname')).out).toBe('web-1\n');
  });

  test('a session goes on when the gate is shut, and a new one does not begin', async () => {
    started.one.gate.open = false;
    await expect(login(started.endpoint.hostPort)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await exec(client, 'hostname')).out).toBe('web-1\n');
  });

  test('stop ends sessions that are up', async () => {
    const closed = once(client, 'close');
    await started.net.stop();
    await closed;
  });
});
