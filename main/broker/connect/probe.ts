/**
 * Does the port answer? Only the protocol's first bytes count: a firewall in between accepts connections itself for a
 * machine that is not there yet.
 */
import type { Endpoint } from '../../../shared/contract/vms.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Clock, Tcp } from '../../os/ports.ts';
import { pause } from '../../waiting.ts';

export type Speaks = 'ssh' | 'rdp' | 'http';

const tryMs = 5_000;
const betweenMs = 1_000;

/**
 * X.224 Connection Request with an RDP Negotiation Request for TLS and CredSSP (MS-RDPBCGR 2.2.1.1): TPKT version 3,
 * 19 bytes; X.224 CR; RDP_NEG_REQ, 8 bytes, PROTOCOL_SSL | PROTOCOL_HYBRID.
 */
const rdpHello = Uint8Array.of(3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0);
const httpHello = new TextEncoder().encode('HEAD / HTTP/1.0\r\n\r\n');

const hellos: Record<Speaks, Uint8Array | undefined> = { ssh: undefined, rdp: rdpHello, http: httpHello };

/** What answered, in words for the stage; undefined if these bytes are not this protocol's. */
export function readAnswer(speaks: Speaks, bytes: Uint8Array): string | undefined {
  switch (speaks) {
    case 'ssh': {
      // A server may send other lines first (RFC 4253 section 4.2).
      const text = new TextDecoder('latin1').decode(bytes);
      const banner = text.split(/\r?\n/).find(line => line.startsWith('SSH-'));
      return banner?.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 255);
    }
    case 'rdp':
      // TPKT version 3, then X.224 Connection Confirm (MS-RDPBCGR 2.2.1.2).
      return bytes[0] === 3 && ((bytes[5] ?? 0) & 0xf0) === 0xd0 ? 'RDP' : undefined;
    case 'http':
      return bytes.length > 0 ? 'answered' : undefined;
  }
}

/**
 * Asks again and again until the port answers. Gives the answer's first line. Throws NO_ANSWER after `timeoutMs`
 * with the last failure in `detail.last`, CANCELLED when the signal aborts.
 */
export async function untilAnswer(
  os: { tcp: Tcp; clock: Clock },
  endpoint: Endpoint,
  options: { speaks: Speaks; timeoutMs: number; signal: AbortSignal },
): Promise<string> {
  const { speaks, timeoutMs, signal } = options;
  const until = os.clock.now() + timeoutMs;
  const hello = hellos[speaks];
  let last = 'ETIMEDOUT';
  let tries = 0;
  do {
    if (tries++ > 0) await pause(os.clock, betweenMs, signal);
    if (signal.aborted) throw new LatchkeyError({ code: 'CANCELLED', message: 'Connecting was cancelled.' });
    try {
      const bytes = await os.tcp.firstBytes(endpoint.host, endpoint.hostPort, {
        timeoutMs: tryMs,
        signal,
        ...(hello === undefined ? {} : { hello }),
      });
      const answer = readAnswer(speaks, bytes);
      if (answer !== undefined) return answer;
      last = 'OTHER_PROTOCOL';
    } catch (error) {
      last = error instanceof Error && 'code' in error ? String(error.code) : 'failed';
    }
  } while (os.clock.now() < until);
  throw new LatchkeyError({
    code: 'NO_ANSWER',
    message: `${endpoint.host} port ${endpoint.hostPort} did not answer in ${Math.round(timeoutMs / 1000)} s. ${blame(last)}`,
    fix: 'The grant stays open until its end; try to connect again, or end it.',
    detail: { last, tries, host: endpoint.host, port: endpoint.hostPort },
  });
}

/** Who may be at fault, by how the last try failed. */
function blame(last: string): string {
  switch (last) {
    case 'ECONNREFUSED':
      return 'The connection was refused: most likely the service is not running on the VM, or its own firewall rejects it.';
    case 'ETIMEDOUT':
      return 'Nothing came back: a rule that is not in force yet, the VM’s own firewall, a route, or a network on your side that lets this port out to nobody.';
    case 'ECONNRESET':
      return 'The connection was cut: the VM is still starting, or something in between refuses it.';
    case 'OTHER_PROTOCOL':
      return 'Something else than expected listens there.';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENOTFOUND':
      return 'There is no way from here to that address: look at your own network or VPN.';
    default:
      return `The last try failed with ${last}.`;
  }
}
