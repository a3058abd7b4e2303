/**
 * The grants that are being shut, in memory: from the moment their end was decided until their doors are seen shut.
 * The gate keeper asks here as well as in the ledger, so that a full disk can't keep a door open.
 */
import { backoff } from '../../../shared/domain/backoff.ts';
import type { GrantId } from '../../../shared/domain/ids.ts';
import type { ErrorData } from '../../../shared/errors.ts';
import type { Clock, Instant, Random } from '../../os/ports.ts';
import type { Cause } from './records.ts';

export interface Endings {
  has(id: GrantId): boolean;
  /** Beginning again keeps the first cause. */
  begin(id: GrantId, cause: Cause): void;
  cause(id: GrantId): Cause;
  /** One more try failed: sets when to try next. True if it did not fail so before. */
  failed(id: GrantId, error: ErrorData): boolean;
  /** What went wrong at the last try. */
  error(id: GrantId): ErrorData | undefined;
  done(id: GrantId): void;
  /** Those whose last try failed, and when the next one is due in this computer's time. */
  waiting(): { id: GrantId; at: Instant }[];
}

interface Ending {
  cause: Cause;
  tries: number;
  /** Undefined while it is being tried. */
  at: Instant | undefined;
  error: ErrorData | undefined;
}

export function createEndings(clock: Clock, random: Random): Endings {
  const endings = new Map<GrantId, Ending>();
  return {
    has: id => endings.has(id),
    begin(id, cause) {
      const { tries = 0, error, cause: first = cause } = endings.get(id) ?? {};
      endings.set(id, { cause: first, tries, error, at: undefined });
    },
    cause: id => endings.get(id)?.cause ?? 'expired',
    failed(id, error) {
      const before = endings.get(id);
      const tries = (before?.tries ?? 0) + 1;
      const at = clock.now() + backoff(tries, (random.bytes(1)[0] ?? 0) / 256);
      endings.set(id, { cause: before?.cause ?? 'expired', tries, at, error });
      return before?.error?.code !== error.code;
    },
    error: id => endings.get(id)?.error,
    done: id => void endings.delete(id),
    waiting: () => [...endings].flatMap(([id, { at }]) => (at === undefined ? [] : [{ id, at }])),
  };
}
