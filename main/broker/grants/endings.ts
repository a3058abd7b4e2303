/**
 * The grants that are being shut, in memory: from the moment their end was decided until their doors are seen shut.
 * The gate keeper asks here as well as in the ledger, so that a full disk can't keep a door open.
 */
import { backoff } from '../../../shared/domain/backoff.ts';
import type { GrantId } from '../../../shared/domain/ids.ts';
import type { Clock, Instant, Random } from '../../os/ports.ts';
import type { Cause } from './records.ts';

export interface Endings {
  has(id: GrantId): boolean;
  /** Beginning again keeps the first cause. */
  begin(id: GrantId, cause: Cause): void;
  cause(id: GrantId): Cause;
  /** One more try failed; gives how many did, and sets when to try next. */
  failed(id: GrantId): number;
  done(id: GrantId): void;
  /** Those whose next try is due at `now` or before. */
  due(now: Instant): GrantId[];
  next(): Instant | undefined;
}

export function createEndings(clock: Clock, random: Random): Endings {
  const endings = new Map<GrantId, { cause: Cause; tries: number; at: Instant | undefined }>();
  return {
    has: id => endings.has(id),
    begin(id, cause) {
      const ending = endings.get(id);
      endings.set(id, { cause: ending?.cause ?? cause, tries: ending?.tries ?? 0, at: undefined });
    },
    cause: id => endings.get(id)?.cause ?? 'expired',
    failed(id) {
      const ending = endings.get(id) ?? { cause: 'expired' as const, tries: 0, at: undefined };
      const tries = ending.tries + 1;
      endings.set(id, {
        ...ending,
        tries,
        at: clock.now() + backoff(tries, (random.bytes(1)[0] ?? 0) / 256),
      });
      return tries;
    },
    done: id => void endings.delete(id),
    due: now =>
      [...endings].filter(([, ending]) => ending.at !== undefined && ending.at <= now).map(([id]) => id),
    next() {
      const times = [...endings.values()].flatMap(ending => ending.at ?? []);
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}
