/** How long to wait for Azure: limits after which a call is given up, and what `Retry-After` means. */
import type { Clock } from '../../os/ports.ts';
import { cancelled } from '../calls.ts';
import { tooSlow } from './errors.ts';

/**
 * Runs `work` with a signal that is aborted when `signal` is, or after `ms` of the clock. Throws CANCELLED or
 * CLOUD_SLOW (naming `what`) accordingly; other errors as they are.
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  what: string,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (signal?.aborted) throw cancelled();
  const limit = new AbortController();
  using _timer = clock.after(ms, () => limit.abort());
  try {
    return await work(signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]));
  } catch (error) {
    if (signal?.aborted) throw cancelled();
    if (limit.signal.aborted) throw tooSlow(what);
    throw error;
  }
}

/** The milliseconds a `Retry-After` header means (seconds or an HTTP date), or undefined for nonsense. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
