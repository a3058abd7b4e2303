import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestedProtocols } from '../../../main/practice/machines/rdp.ts';
import { startOne } from './setup.ts';

let started: Awaited<ReturnType<typeof startOne>>;

beforeAll(async () => {
  const services = [
    { port: 3389, speaks: 'rdp' as const },
    { port: 5985, speaks: 'http' as const },
  ];
  started = await startOne({ os: 'windows', services });
});
afterAll(() => started.net.stop());

/** X.224 Connection Request; `protocols` undefined: without the negotiation part (MS-RDPBCGR 2.2.1.1). */
function request(protocols: number | undefined, cookie = 'Cookie: mstshash=lena\r\n'): Buffer {
  const negotiation = Buffer.from([1, 0, 8, 0, protocols ?? 0, 0, 0, 0]);
  const rest = Buffer.concat([Buffer.from(cookie), ...(protocols === undefined ? [] : [negotiation])]);
  const head = Buffer.from([3, 0, 0, 11 + rest.length, 6 + rest.length, 0xe0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, rest]);
}

async function ask(bytes: Buffer): Promise<{ socket: Socket; answer: string }> {
  const socket = connect(started.endpoint.hostPort, started.endpoint.host);
  socket.write(bytes);
  const [data] = (await once(socket, 'data')) as [Buffer];
  return { socket, answer: data.toString('hex') };
}

test('TLS is chosen where it is offered, shown with a certificate of its own, and ended politely', async () => {
  const { socket, answer } = await ask(request(3));
  expect(answer).toBe('030000130ed000001234000200080001000000');
  const tls = connectTls({ socket, rejectUnauthorized: false });
  await once(tls, 'secureConnect');
  expect(tls.getPeerCertificate().subject.CN).toBe('web-1');
  tls.write('MCS Connect Initial');
  const [goodbye] = (await once(tls, 'data')) as [Buffer];
  expect(goodbye.toString('hex')).toBe('0300000902f0802180');
  await once(tls, 'close');
});

test.each([
  ['standard security only', 0, '030000130ed000001234000300080001000000'],
  ['CredSSP without TLS', 2, '030000130ed000001234000300080001000000'],
  ['no negotiation', undefined, '0300000b06d00000123400'],
])('%s is answered and ended', async (_what, protocols, expected) => {
  const { socket, answer } = await ask(request(protocols));
  expect(answer).toBe(expected);
  await once(socket, 'close');
});

test('what is no RDP is cut off', async () => {
  const socket = connect(started.endpoint.hostPort, started.endpoint.host);
  socket.write('GET / HTTP/1.1\r\n\r\n');
  socket.on('error', () => undefined);
  await once(socket, 'close');
});

test('no packet makes the parser throw, and a sound one is read whatever the cookie', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
      requestedProtocols(Buffer.from(bytes));
    }),
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{0,20}$/), fc.nat(255), (name, protocols) => {
      expect(requestedProtocols(request(protocols, `Cookie: mstshash=${name}\r\n`))).toBe(protocols);
    }),
  );
});

test('other ports answer a little HTTP', async () => {
  const web = started.net.endpoints().find(endpoint => endpoint.port === 5985);
  const answer = await fetch(`http://${web?.host}:${web?.hostPort}/`);
  expect(await answer.text()).toBe('web-1\n');
});
