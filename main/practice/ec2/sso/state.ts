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
}

export interface Sso {
  readonly world: World;
  readonly clients: Map<string, { secret: string; endsAt: number }>;
  readonly devices: Map<string, Device>;
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
