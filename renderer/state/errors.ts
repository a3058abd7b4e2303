/** Whatever a call threw, as the one shape the screens show. */
import { ORPCError } from '@orpc/client';
import { type ErrorData, isErrorData, LatchkeyError, toErrorData } from '../../shared/errors.ts';

/** A thrown value as ErrorData: the broker's own words where it spoke, ours where it could not. */
export function errorOf(thrown: unknown): ErrorData {
  if (thrown instanceof LatchkeyError) return thrown.toData();
  if (thrown instanceof ORPCError) {
    if (isErrorData(thrown.data)) return thrown.data;
    if (thrown.status === 400) {
      return {
        code: 'BAD_INPUT',
        message: 'The broker could not read what was asked.',
        fix: 'Check what was typed; if that is right, the window and the broker are of different versions.',
      };
    }
    return toErrorData(thrown);
  }
  if (thrown instanceof DOMException && thrown.name === 'AbortError') {
    return { code: 'CANCELLED', message: 'The connection to the broker ended before it answered.' };
  }
  return toErrorData(thrown);
}
