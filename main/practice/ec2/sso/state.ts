/** What Identity Center knows: registered clients, sign-ins that are going on, and tokens. */
import { randomBytes, randomInt } from 'node:crypto';
import { AwsError } from '../errors.ts';
import type { World } from '../world.ts';

export interface Device {
  code: string;
  userCode: string;
  clientId: string;
  /** Epoch milliseconds. */
  endsAt: number;
  state: 'pending' | 'allowed' | 'denied';
  /** When the client asked last whether the person is done. */
  askedAt?: number;
}

export interface Client {
  secret: string;
  /** Epoch milliseconds. */
  endsAt: number;
  /** Only one that may see accounts is given refresh tokens. */
  scopes: string[];
  /** Where a browser may be sent back to; on loopback whatever the port is (RFC 8252 section 7.3). */
  redirects: string[];
}

/** A code that a browser brings back to its client (RFC 6749 section 4.1), good once. */
export interface Code {
  clientId: string;
  redirect: string;
  /** Of PKCE (RFC 7636), by SHA-256. */
  challenge: string;
  endsAt: number;
}

export interface Sso {
  readonly world: World;
  readonly clients: Map<string, Client>;
  readonly devices: Map<string, Device>;
  readonly codes: Map<string, Code>;
  /** Access tokens, and when they end. */
  readonly tokens: Map<string, number>;
  /** Refresh tokens, each good once, by whose client. */
  readonly refreshes: Map<string, string>;
  /** How long an access token is good, milliseconds. */
  tokenMs: number;
}

export function createSso(world: World): Sso {
  return {
    world,
    clients: new Map(),
    devices: new Map(),
    codes: new Map(),
    tokens: new Map(),
    refreshes: new Map(),
    tokenMs: 8 * 3_600_000,
  };
}

export const secret = (): string => randomBytes(32).toString('base64url');

/** As people type it: no letters that look alike. */
export function newUserCode(): string {
  const letters = 'BCDFGHJKLMNPQRSTVWXZ';
  const four = () => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('');
  return `${four()}-${four()}`;
}

/** An error of OAuth, under the name its service gives it. */
export function oauthError(code: string, error: string, description: string, status = 400): AwsError {
  return new AwsError(code, description, status, { error, error_description: description });
}
