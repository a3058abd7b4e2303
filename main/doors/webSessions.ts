/** Who may use the loopback web door: a one-time token in an address, exchanged for a session cookie. */
import type { Clock, Random } from '../os/ports.ts';

/** How long an address waits for its first use. */
const tokenLifeMs = 60_000;

export interface WebSessions {
  /** A new token: good once, for a minute. */
  newToken(): string;
  /** Takes a token for a session; undefined if it is unknown, used or late. */
  exchange(token: string): string | undefined;
  /** Is this the id of a session? They last as long as the process. */
  has(session: string): boolean;
}

export function createWebSessions(os: { clock: Clock; random: Random }): WebSessions {
  const tokens = new Map<string, number>();
  const sessions = new Set<string>();
  // 256 bits: looked up in a table, not compared, so there is nothing to measure byte by byte.
  const secret = () => Buffer.from(os.random.bytes(32)).toString('base64url');
  return {
    newToken() {
      const now = os.clock.now();
      for (const [token, dies] of tokens) if (dies < now) tokens.delete(token);
      const token = secret();
      tokens.set(token, now + tokenLifeMs);
      return token;
    },
    exchange(token) {
      const dies = tokens.get(token);
      tokens.delete(token);
      if (dies === undefined || dies < os.clock.now()) return undefined;
      const session = secret();
      sessions.add(session);
      return session;
    },
    has: session => sessions.has(session),
  };
}
