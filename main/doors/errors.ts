/**
 * Errors on their way through a door: the one place where what the broker throws becomes what a caller sees, and where
 * a caller makes a LatchkeyError of it again. All doors and the command line use this file.
 */
import { mapEventIterator, ORPCError } from '@orpc/client';
import type { StandardRPCHandlerOptions } from '@orpc/server/standard';
import { type ErrorData, isErrorData, LatchkeyError, toErrorData } from '../../shared/errors.ts';
import type { Logger } from '../os/ports.ts';

/**
 * Handler options that turn whatever a call (or a stream, also after it began) throws into the contract's one typed
 * error. What is not a LatchkeyError is written to the log and crosses without its text.
 */
export function errorOptions(log: Logger): StandardRPCHandlerOptions<Record<never, never>> {
  const crossing = (error: unknown) => toCrossing(error, log);
  return {
    clientInterceptors: [
      async call => {
        const output: unknown = await call.next();
        if (!isStream(output)) return output;
        return mapEventIterator(output, {
          value: (value: unknown) => Promise.resolve(value),
          error: (error: unknown) => Promise.resolve(crossing(error)),
        });
      },
    ],
    interceptors: [
      async call => {
        try {
          const result = await call.next();
          if (result.matched) return result;
        } catch (error) {
          throw crossing(error);
        }
        throw crossing(
          new LatchkeyError({
            code: 'BAD_INPUT',
            message: 'The running Latchkey does not know what was asked.',
            fix: 'It is of another version: end it and start it again.',
          }),
        );
      },
    ],
  };
}

function toCrossing(error: unknown, log: Logger): ORPCError<'LATCHKEY', ErrorData> {
  const data = asData(error);
  if (data.code === 'INTERNAL') log.error({ err: error }, 'a call failed unexpectedly');
  return new ORPCError('LATCHKEY', { status: 422, message: data.message, data, defined: true, cause: error });
}

function asData(error: unknown): ErrorData {
  // Crossed already: a stream's error passes both interceptors.
  if (error instanceof ORPCError && error.code === 'LATCHKEY' && isErrorData(error.data)) return error.data;
  if (error instanceof ORPCError && error.code === 'BAD_REQUEST') return badInput(error.data);
  return toErrorData(error);
}

interface Issue {
  message: string;
  path?: readonly (PropertyKey | { key: PropertyKey })[];
}

/** A body that breaks the schema, in words: which field, and what is wrong with it. */
function badInput(data: unknown): ErrorData {
  const issues = (data as { issues?: Issue[] } | undefined)?.issues ?? [];
  const words = issues.slice(0, 3).map(({ path, message }) => {
    const where = (path ?? []).map(part => String(typeof part === 'object' ? part.key : part)).join('.');
    return where === '' ? message : `${where}: ${message}`;
  });
  return {
    code: 'BAD_INPUT',
    message: words.length === 0 ? 'The request can not be read.' : `Not understood: ${words.join('; ')}.`,
    fix: 'Correct that and send it again; nothing was done.',
  };
}

/** What a call threw on the caller's side, as a LatchkeyError. A connection that fell is BROKER_UNREACHABLE. */
export function fromCrossing(error: unknown): unknown {
  if (error instanceof ORPCError) {
    return isErrorData(error.data) ? new LatchkeyError(error.data, { cause: error }) : error;
  }
  if (error instanceof Error && (error.name === 'AbortError' || error.message.includes('not open'))) {
    return new LatchkeyError(
      {
        code: 'BROKER_UNREACHABLE',
        message: 'The connection to the broker ended before it answered.',
        fix: 'Try again: what was begun is finished by the next broker.',
      },
      { cause: error },
    );
  }
  return error;
}

/** True for the output of a streaming procedure. */
export function isStream(value: unknown): value is AsyncIterator<unknown, unknown> & AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'next' in value;
}
