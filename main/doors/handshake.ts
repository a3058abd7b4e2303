/**
 * How the two sides of the local socket prove to each other that they have read this run's token, without sending it.
 * A caller has to know too: it starts the programs it is told to, and on Windows another user may hold the pipe's name.
 *
 *     caller { hello } · broker { hello, proof } · caller { proof, wants } · broker: its first answer
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export type Wants = 'calls' | 'address';
type Side = 'caller' | 'broker';

/** What `side` proves with: only a holder of the token can make it, and only for this conversation. */
export function proofOf(side: Side, token: string, hellos: { caller: string; broker: string }): string {
  return createHmac('sha256', token)
    .update(JSON.stringify([side, hellos.caller, hellos.broker]))
    .digest('base64url');
}

/** True if `given` is the proof. Compared in constant time. */
export function isProof(given: string | undefined, expected: string): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** A line of the handshake: its texts by name; undefined if it is no such line. */
export function readLine(line: string): Partial<Record<'hello' | 'proof' | 'wants', string>> | undefined {
  try {
    const read: unknown = JSON.parse(line);
    if (typeof read !== 'object' || read === null) return undefined;
    return Object.fromEntries(Object.entries(read).filter(([, value]) => typeof value === 'string'));
  } catch {
    return undefined; // Not even JSON: nobody of ours.
  }
}
