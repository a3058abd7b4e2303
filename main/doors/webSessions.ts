/**
 * Who may use the loopback web door: the page exchanges the one-time token of its address for the secret of a session. No
 * cookie: cookies know no ports, so any other server on 127.0.0.1, also another user's, would be sent it.
 */
import type { Clock, Random } from '../os/ports.ts';

/** How long an address waits for its first use. */
const tokenLifeMs = 60_000;

export interface WebSessions {
  /** A new token: good once, for a minute. */
  newToken(): string;
  /** The session for a token, which is used up, or for a session itself; undefined for anything else. */
  exchange(secret: string): string | undefined;
  /** Is this the secret of a session? They last as long as the process. */
  has(session: string): boolean;
}

export function createWebSessions(os: { clock: Clock; random: Random }): WebSessions {
  const tokens = new Map<string, number>();
  const sessions = new Set<string>();
  // 256 bits: looked up in a table, not compared, so there is nothing to measure byte by byte.
  const newSecret = () => Buffer.from(os.random.bytes(32)).toString('base64url');
  return {
    newToken() {
      const now = os.clock.now();
      for (const [token, dies] of tokens) if (dies < now) tokens.delete(token);
      const token = newSecret();
      tokens.set(token, now + tokenLifeMs);
      return token;
    },
    exchange(secret) {
      if (sessions.has(secret)) return secret;
      const dies = tokens.get(secret);
      tokens.delete(secret);
      if (dies === undefined || dies < os.clock.now()) return undefined;
      const session = newSecret();
      sessions.add(session);
      return session;
    },
    has: session => sessions.has(session),
  };
}
