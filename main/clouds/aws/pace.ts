/**
 * EC2 counts requests per account, region and action in token buckets, the smallest of which refill with few a second
 * (docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html). Staying below is better than being sent away.
 */
import type { Clock } from '../../os/ports.ts';
import { waitOut } from '../calls.ts';

/** More than a second: requests that left a second apart may arrive closer together. */
const windowMs = 1_100;

/** Lets `most` requests through in any second, the others in their turn. Throws CANCELLED. */
export function createPace(clock: Clock, most: number): (signal?: AbortSignal) => Promise<void> {
  /** When the last `most` requests may go, oldest first. */
  let turns: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  return async signal => {
    const now = clock.now();
    // Somebody set the clock back: what was told by it goes back with it, or all would wait for as long.
    if (now < last) turns = turns.map(turn => turn - (last - now));
    last = now;
    const before = turns.length < most ? undefined : turns.shift();
    const turn = before === undefined ? now : Math.max(now, before + windowMs);
    turns.push(turn);
    if (turn > now) await waitOut(clock, turn - now, signal);
  };
}
