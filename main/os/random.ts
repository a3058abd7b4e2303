/** Chance fit for secrets. */
import { randomBytes } from 'node:crypto';
import type { Random } from './ports.ts';

export function createRandom(): Random {
  return { bytes: count => new Uint8Array(randomBytes(count)) };
}
