/**
 * The one place where an HTTP exchange with ARM is judged: retried as the cloud asks, its `Date` noted, its refusal
 * turned into a LatchkeyError. It sits in the pipeline of every client (SDK or plain), whose own retry policy is off.
 */
import type { PipelinePolicy, PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Clock, Instant, Logger } from '../../os/ports.ts';
import { cancelled, waitOut } from '../calls.ts';
import { bounded } from './bounded.ts';
import {
  isBusyCode,
  isCertificateError,
  isNetworkError,
  notAzure,
  pointedAway,
  type Refusal,
  refusalError,
  unreachable,
} from './errors.ts';
import { challengedClaims, type Renewal } from './renewal.ts';
import { retryAfterMs } from './waiting.ts';

export interface ArmPolicyContext {
  clock: Clock;
  log: Logger;
  /** A number from 0 to 1, for jitter. */
  chance(): number;
  /** Origin of the ARM endpoint: a token is never sent anywhere else, whatever a polling address says. */
  origin: string;
  /** Told the `Date` of each answer, and when its request went out. */
  onDate(date: string | undefined, asked: Instant): void;
  renewal: Renewal;
}

/** Throttling and “busy” are waited out for this long after the first attempt; then the refusal stands. */
const patienceMs = 120_000;
/** Attempts at no answer, half an answer or 5xx. */
const attempts = 5;

/** Requests that are not safe to repeat: a PUT of a whole resource holds what was true when it was read. */
const onlyOnce = new WeakSet<PipelineRequest>();

export function neverAgain(request: PipelineRequest): void {
  onlyOnce.add(request);
}

/** Makes the policy. All other requests of Latchkey to ARM are safe to repeat: PUT by name, DELETE, tag merge, queries. */
export function armPolicy(context: ArmPolicyContext): PipelinePolicy {
  return {
    name: 'latchkeyArm',
    async sendRequest(request, next) {
      const asked = `${request.method} ${new URL(request.url).pathname}`;
      if (new URL(request.url).origin !== context.origin) {
        throw pointedAway(asked);
      }
      const begun = context.clock.now();
      const signal = request.abortSignal as AbortSignal | undefined;
      const renewed = new Set<string | undefined>();
      for (let attempt = 1; ; attempt++) {
        const token = putToken(context, request);
        const outcome = await once(context, request, asked, next);
        if ('response' in outcome) return outcome.response;
        if (outcome.kind === 'signedOut' && token !== undefined && !renewed.has(outcome.claims)) {
          context.log.info({ request: asked, challenge: outcome.claims !== undefined }, 'azure: a new token');
          renewed.add(outcome.claims);
          await context.renewal.renew(token, outcome.claims, signal);
          continue;
        }
        const wait = onlyOnce.has(request) ? undefined : waitFor(context, outcome, attempt);
        const spent = context.clock.now() - begun;
        if (wait === undefined || spent + wait > patienceMs) throw outcome.error;
        context.log.info({ request: asked, attempt, wait, code: outcome.error.code }, 'azure: asking again');
        await waitOut(context.clock, wait, signal);
      }
    },
  };
}

type Outcome =
  | { response: PipelineResponse }
  | { error: LatchkeyError; kind: 'cut' | 'broken' | 'busy' | 'final'; retryAfter?: number | undefined }
  | { error: LatchkeyError; kind: 'signedOut'; claims: string | undefined };

/** Puts the newest token in the place of one that ARM has refused; gives the one that goes out. */
function putToken({ renewal }: ArmPolicyContext, request: PipelineRequest): string | undefined {
  const token = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1];
  if (token === undefined) return undefined;
  const newest = renewal.instead(token);
  request.headers.set('authorization', `Bearer ${newest}`);
  return newest;
}

async function once(
  context: ArmPolicyContext,
  request: PipelineRequest,
  asked: string,
  next: (request: PipelineRequest) => Promise<PipelineResponse>,
): Promise<Outcome> {
  let response: PipelineResponse;
  const sent = context.clock.now();
  try {
    response = await bounded(request, next);
  } catch (error) {
    if (request.abortSignal?.aborted) throw cancelled();
    if (error instanceof LatchkeyError) {
      return { error, kind: error.code === 'CLOUD_UNREACHABLE' ? 'cut' : 'final' };
    }
    if (!isNetworkError(error)) throw error;
    return { error: unreachable(asked, error), kind: isCertificateError(error) ? 'final' : 'cut' };
  }
  context.onDate(response.headers.get('date'), sent);
  const body = parseBody(response);
  if (body === cut) return { error: unreachable(asked, new Error('half an answer')), kind: 'cut' };

  if (leadsAway(context, response)) {
    return { error: pointedAway(asked), kind: 'final' };
  }

  const retryAfter = retryAfterMs(response.headers.get('retry-after'), context.clock.now());
  if (body === foreign) {
    const kind = response.status >= 500 ? 'broken' : 'cut';
    return { error: notAzure(asked, response.status), kind, retryAfter };
  }
  const failedLater = response.status < 300 ? failedOperation(body) : undefined;
  if (response.status < 400 && !failedLater) return { response };
  const claims =
    response.status === 401 ? challengedClaims(response.headers.get('www-authenticate')) : undefined;
  const refusal: Refusal = {
    status: response.status,
    ...innermost(body),
    correlation:
      response.headers.get('x-ms-correlation-request-id') ?? response.headers.get('x-ms-request-id'),
    request: asked,
    retryAfterMs: retryAfter,
    operation: failedLater,
    challenged: claims !== undefined,
  };
  const error = refusalError(refusal);
  if (failedLater) return { error, kind: 'final' };
  if (response.status === 401) return { error, kind: 'signedOut', claims };
  if (response.status === 429 || isBusyCode(refusal.code)) return { error, kind: 'busy', retryAfter };
  if (response.status === 408 || (response.status >= 500 && response.status !== 501)) {
    return { error, kind: 'broken', retryAfter };
  }
  return { error, kind: 'final' };
}

/** A redirection to elsewhere, which the SDKs do not follow and have no words for. */
function leadsAway(context: ArmPolicyContext, response: PipelineResponse): boolean {
  const location = response.headers.get('location');
  if (response.status < 300 || response.status >= 400 || location === undefined) return false;
  return URL.parse(location, response.request.url)?.origin !== context.origin;
}

function waitFor(
  context: ArmPolicyContext,
  outcome: Exclude<Outcome, { response: PipelineResponse }>,
  attempt: number,
): number | undefined {
  if (outcome.kind === 'final' || outcome.kind === 'signedOut') return undefined;
  if (outcome.kind !== 'busy' && attempt >= attempts) return undefined;
  if (outcome.retryAfter !== undefined) return outcome.retryAfter;
  const backOff = Math.min(16_000, 250 * 2 ** (attempt - 1));
  return Math.round(backOff / 2 + (context.chance() * backOff) / 2);
}

const cut = Symbol('half an answer');
const foreign = Symbol('an answer that is not ARM’s');

/** The JSON of an answer; `cut` where it says it is JSON and is not, `foreign` where it is something else altogether. */
function parseBody(response: PipelineResponse): unknown {
  const text = response.bodyAsText;
  if (!text) return undefined;
  // Whatever ARM says is JSON. A page in its place (a proxy's, a hotel's) must never be taken for “it is gone”.
  if (!response.headers.get('content-type')?.includes('json')) return foreign;
  try {
    return JSON.parse(text);
  } catch {
    return cut;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** How an asynchronous operation ended, by its status document, where it ended badly (reference section 7.3). */
function failedOperation(body: unknown): 'Failed' | 'Canceled' | undefined {
  if (!isRecord(body) || ('id' in body && 'properties' in body)) return undefined;
  const { status } = body;
  return status === 'Failed' || status === 'Canceled' ? status : undefined;
}

/** Code and message of an ARM error; the detail inside where a retryable or generic one wraps it. */
function innermost(body: unknown): Pick<Refusal, 'code' | 'message' | 'policies'> {
  const error = isRecord(body) && isRecord(body['error']) ? body['error'] : undefined;
  if (error === undefined) return {};
  const details = listOf(error['details']);
  const busy = details.find(detail => isBusyCode(text(detail['code'])));
  const told = busy ?? error;
  return {
    code: text(told['code']),
    message: text(told['message']) ?? text(error['message']),
    policies: policiesIn(error),
  };
}

/** Names of the policies that a denial tells of in its `additionalInfo`. */
function policiesIn(error: Record<string, unknown>): string[] {
  return listOf(error['additionalInfo']).flatMap(({ type, info }) => {
    if (type !== 'PolicyViolation' || !isRecord(info)) return [];
    const name =
      text(info['policyAssignmentDisplayName']) ??
      text(info['policyDefinitionDisplayName']) ??
      text(info['policyAssignmentName']);
    return name === undefined ? [] : [name.slice(0, 200)];
  });
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
