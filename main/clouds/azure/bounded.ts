/**
 * One HTTP exchange of the Azure pipeline that ends, whatever the other side does: the SDKs' own limit of time stops at
 * the headers (an answer that trickles would be waited for for ever), and an answer of any size would be taken.
 */
import type { PipelineRequest, PipelineResponse, SendRequest } from '@azure/core-rest-pipeline';
import { LatchkeyError } from '../../../shared/errors.ts';
import { unreachable } from './errors.ts';

/** Milliseconds one exchange may take. */
const exchangeMs = 60_000;
/** Bytes of an answer, unpacked: the largest pages of Resource Graph are a tenth of it. */
const longestAnswer = 128 * 1024 * 1024;

/**
 * The answer with its whole text. Throws CLOUD_UNREACHABLE when the time (`ms`, real time as for all the network) is
 * over, CLOUD_FAILED at more `bytes` than any answer of ARM has.
 */
export async function bounded(
  request: PipelineRequest,
  next: SendRequest,
  { ms = exchangeMs, bytes = longestAnswer } = {},
): Promise<PipelineResponse> {
  const { abortSignal, streamResponseStatusCodes } = request;
  const asked = `${request.method} ${new URL(request.url).host}`;
  const stop = new AbortController();
  const cancel = () => stop.abort();
  abortSignal?.addEventListener('abort', cancel);
  if (abortSignal?.aborted) cancel();
  const over = Promise.withResolvers<never>();
  const late = AbortSignal.timeout(ms);
  const onLate = () =>
    over.reject(unreachable(asked, Object.assign(new Error('late'), { code: 'ETIMEDOUT' })));
  late.addEventListener('abort', onLate);
  // The body comes as a stream, for us to count; whatever lies behind this policy sees the text alone.
  const whole = async () => {
    const response = await next(
      Object.assign(request, {
        abortSignal: stop.signal,
        streamResponseStatusCodes: new Set([Number.POSITIVE_INFINITY]),
      }),
    );
    const { readableStreamBody: stream, ...rest } = response;
    return stream === undefined ? response : { ...rest, bodyAsText: await textOf(stream, bytes, asked) };
  };
  try {
    return await Promise.race([whole(), over.promise]);
  } catch (error) {
    // Lets the connection go.
    stop.abort();
    throw error;
  } finally {
    late.removeEventListener('abort', onLate);
    abortSignal?.removeEventListener('abort', cancel);
    Object.assign(request, { abortSignal, streamResponseStatusCodes });
  }
}

async function textOf(stream: NodeJS.ReadableStream, bytes: number, request: string): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of stream) {
    const buffer = Buffer.from(piece);
    size += buffer.length;
    if (size > bytes) throw tooLong(request);
    pieces.push(buffer);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function tooLong(request: string): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_FAILED',
    message: 'Azure’s answer is longer than any it should give.',
    fix: 'Something may stand in between: look at the proxy and who its certificates are from.',
    detail: { request },
  });
}
