/** What the adapters' calls have in common: how they are cut off, how they wait, and how their refusals are read again. */
import { LatchkeyError } from '../../shared/errors.ts';
import type { Clock } from '../os/ports.ts';
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

/** The cloud's own code of a refusal that an adapter has worded (`detail.cloudCode`); undefined for anything else. */
export function cloudCode(error: unknown): string | undefined {
  const code = error instanceof LatchkeyError ? error.detail?.['cloudCode'] : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** The cloud says that there is no such thing. */
export function isNotFound(error: unknown): boolean {
  return error instanceof LatchkeyError && error.code === 'CLOUD_NOT_FOUND';
}
