/**
 * What the adapters' calls have in common: how they are cut off, how they wait, what time their answers tell, and how
 * their refusals are read again.
 */
import { LatchkeyError } from '../../shared/errors.ts';
import type { Clock, Instant } from '../os/ports.ts';
import { pause } from '../waiting.ts';

/** The error of a call that its signal cut off. */
export function cancelled(): LatchkeyError {
  return new LatchkeyError({ code: 'CANCELLED', message: 'Stopped before it was done.' });
}

/** Resolves after `ms` of the clock. Rejects with CANCELLED as soon as `signal` is aborted. */
export async function waitOut(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  await pause(clock, ms, signal);
  if (signal?.aborted) throw cancelled();
}

/** Rejects with CANCELLED when the signal aborts. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = () => reject(cancelled());
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

/** An answer that took longer tells too little: this computer may have slept, or its clock been set, in between. */
const longestWayMs = 30_000;

/** How far the cloud's clock is ahead of this computer's, by the `Date` headers of its answers. */
export function createCloudClock(clock: Clock) {
  let offset = 0;
  return {
    /** Milliseconds; 0 before the first answer. */
    offset: () => offset,
    /** Takes an answer's `Date` (RFC 9110 section 6.6.1). `asked`: when its request went out, by this computer's clock. */
    heard: (date: string | undefined, asked: Instant): void => {
      const told = Date.parse(date ?? '');
      const way = clock.now() - asked;
      if (Number.isNaN(told) || way < 0 || way > longestWayMs) return;
      // Told in whole seconds: half a second is the middle of what it can mean.
      offset = told + 500 - clock.now();
    },
  };
}

/** The cloud's own code of a refusal that an adapter has worded (`detail.cloudCode`); undefined for anything else. */
export function cloudCode(error: unknown): string | undefined {
  const code = error instanceof LatchkeyError ? error.detail?.['cloudCode'] : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** The cloud says that there is no such thing. */
export function isNotFound(error: unknown): boolean {
  return error instanceof LatchkeyError && error.code === 'CLOUD_NOT_FOUND';
}

/** The cloud says that we may not. */
export function isForbidden(error: unknown): boolean {
  return error instanceof LatchkeyError && error.code === 'CLOUD_FORBIDDEN';
}
