/**
 * A machine's RDP responder: the connection's first exchange as MS-RDPBCGR 2.2.1.1 and 2.2.1.2 have it, then TLS, then a
 * polite end. Nobody gets a desktop, but a client sees a real RDP server.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { PracticeMachine } from '../machine.ts';
import type { Serve } from '../network/listeners.ts';
import { makeCertificate } from './rdpCertificate.ts';

const protocolSsl = 1;
const negotiationRequest = 1;
const negotiationResponse = 2;
const negotiationFailure = 3;
const sslRequiredByServer = 1;
const longestRequest = 1024;
const helloMs = 10_000;

/** MCS Disconnect Provider Ultimatum, reason "provider initiated" (T.125), in TPKT and an X.224 data unit. */
const farewell = Buffer.from('0300000902f0802180', 'hex');

/** Connection Confirm for a client too old to negotiate: without the part it would not understand. */
const plainConfirm = Buffer.from('0300000b06d00000123400', 'hex');

export function serveRdp(machine: PracticeMachine): Serve {
  let certificate: ReturnType<typeof makeCertificate> | undefined;
  return socket => {
    let heard = Buffer.alloc(0);
    socket.setTimeout(helloMs, () => socket.destroy());
    const listen = (data: Buffer) => {
      heard = Buffer.concat([heard, data]);
      const length = heard.length >= 4 ? heard.readUInt16BE(2) : undefined;
      if ((heard[0] ?? 3) !== 3 || (length ?? 7) < 7 || (length ?? 0) > longestRequest)
        return socket.destroy();
      if (length === undefined || heard.length < length) return;
      socket.off('data', listen);
      socket.pause();
      const asked = requestedProtocols(heard.subarray(0, length));
      if (asked === 'malformed') return socket.destroy();
      if (asked === undefined) return void socket.end(plainConfirm);
      if (!(asked & protocolSsl)) return void socket.end(confirm(negotiationFailure, sslRequiredByServer));
      certificate ??= makeCertificate(machine.hostName, Date.now());
      certificate.then(
        made => {
          socket.write(confirm(negotiationResponse, protocolSsl), () => secure(socket, made));
        },
        () => socket.destroy(),
      );
    };
    socket.on('data', listen);
  };
}

/** TLS over the same connection; whatever the client asks for then is answered with a goodbye. */
function secure(socket: Socket, { key, cert }: { key: string; cert: string }): void {
  const tls = new TLSSocket(socket, { isServer: true, key, cert });
  tls.on('error', () => socket.destroy());
  tls.once('data', () => tls.end(farewell));
}

/**
 * The protocols a Connection Request asks for, as flags; undefined if it asks for none (standard RDP security).
 * The optional `Cookie: mstshash=…` or routing token before the request ends with CR LF.
 */
export function requestedProtocols(packet: Buffer): number | undefined | 'malformed' {
  // TPKT (4), then length indicator, code 0xE0, destination, source, class.
  if (packet.length < 11 || packet[5] !== 0xe0 || packet[4] !== packet.length - 5) return 'malformed';
  let rest = packet.subarray(11);
  const end = rest.indexOf('\r\n');
  if (rest[0] !== negotiationRequest && end >= 0) rest = rest.subarray(end + 2);
  if (rest.length === 0) return undefined;
  if (rest.length < 8 || rest[0] !== negotiationRequest || rest.readUInt16LE(2) !== 8) return 'malformed';
  return rest.readUInt32LE(4);
}

/** Connection Confirm with an RDP Negotiation Response or Failure. */
function confirm(type: number, value: number): Buffer {
  const packet = Buffer.from('030000130ed000001234000000080000000000', 'hex');
  packet[11] = type;
  packet.writeUInt32LE(value, 15);
  return packet;
}
