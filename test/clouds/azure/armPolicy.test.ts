import { createHttpHeaders, createPipelineRequest, type PipelineResponse } from '@azure/core-rest-pipeline';
import { describe, expect, it } from 'vitest';
import { armPolicy } from '../../../main/clouds/azure/armPolicy.ts';
import { GraphPace } from '../../../main/clouds/azure/graph.ts';
import { challengedClaims } from '../../../main/clouds/azure/renewal.ts';
import { retryAfterMs, within } from '../../../main/clouds/azure/waiting.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { createHandClock } from '../../fakes/handClock.ts';

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
  text?: string;
}
type Turn = Answer | Error;

const url = 'https://management.azure.com/subscriptions/s/x?api-version=1';
const arm = (code: string, message = code, more: object = {}) => ({ error: { code, message, ...more } });
const quiet = { info: () => {}, warn: () => {}, error: () => {} };

/** Sends one request through the policy; the cloud answers with these turns, the last one for ever. */
function ask(turns: Turn[], options: { signal?: AbortSignal; url?: string } = {}) {
  const clock = createHandClock();
  const sent: number[] = [];
  const tokens: (string | undefined)[] = [];
  const renewals: (string | undefined)[] = [];
  let date = 0;
  const policy = armPolicy({
    clock,
    log: quiet,
    chance: () => 0.5,
    origin: 'https://management.azure.com',
    onDate: told => {
      date = Date.parse(told ?? '');
    },
    renewal: {
      instead: token => (renewals.length > 0 ? `new-${renewals.length}` : token),
      renew: async (_refused, claims) => void renewals.push(claims),
    },
  });
  const request = createPipelineRequest({
    url: options.url ?? url,
    headers: createHttpHeaders({ authorization: 'Bearer old' }),
    ...(options.signal === undefined ? {} : { abortSignal: options.signal }),
  });
  const answer = policy.sendRequest(request, async asked => {
    sent.push(clock.now());
    tokens.push(asked.headers.get('authorization'));
    const turn = turns[Math.min(sent.length, turns.length) - 1];
    if (turn === undefined || turn instanceof Error) throw turn ?? new Error('no turn');
    const headers = createHttpHeaders({ 'content-type': 'application/json', ...turn.headers });
    const bodyAsText = turn.text ?? JSON.stringify(turn.body ?? {});
    return { request: asked, status: turn.status, headers, bodyAsText } satisfies PipelineResponse;
  });
  return {
    clock,
    answer,
    sent,
    gaps: () => sent.slice(1).map((at, i) => at - (sent[i] ?? 0)),
    date: () => date,
    tokens,
    renewals,
  };
}

const ok: Answer = { status: 200, body: { id: 'x' } };
const reset = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });

describe('what the cloud asks us to repeat', () => {
  it.each<[string, Turn, number | undefined]>([
    [
      '429 with seconds',
      { status: 429, headers: { 'retry-after': '7' }, body: arm('TooManyRequests') },
      7000,
    ],
    [
      '429 with a date',
      { status: 429, headers: { 'retry-after': new Date(Date.UTC(2026, 10, 23, 12, 0, 9)).toUTCString() } },
      9000,
    ],
    ['429 without a word', { status: 429 }, undefined],
    ['409 busy', { status: 409, body: arm('AnotherOperationInProgress') }, undefined],
    [
      '429 wrapped',
      {
        status: 429,
        body: arm('RetryableError', 'x', { details: [{ code: 'RetryableErrorDueToAnotherOperation' }] }),
      },
      undefined,
    ],
    ['400 not provisioned', { status: 400, body: arm('ReferencedResourceNotProvisioned') }, undefined],
    ['500', { status: 500, body: arm('InternalServerError') }, undefined],
    ['503 with seconds', { status: 503, headers: { 'retry-after': '3' } }, 3000],
    ['a cut connection', reset, undefined],
    ['half an answer', { status: 200, text: '{"id":"x","prop' }, undefined],
  ])('%s', async (_name, turn, wait) => {
    const { answer, clock, gaps } = ask([turn, ok]);
    await expect(clock.until(answer, 500)).resolves.toMatchObject({ status: 200 });
    expect(gaps()).toHaveLength(1);
    if (wait === undefined) expect(gaps()[0]).toBeLessThanOrEqual(1000);
    else expect(gaps()).toEqual([wait]);
  });

  it('backs off, and gives up after five broken answers', async () => {
    const { answer, clock, gaps } = ask([{ status: 502 }]);
    await expect(clock.until(answer, 500)).rejects.toMatchObject({ code: 'CLOUD_FAILED' });
    expect(gaps()).toHaveLength(4);
    expect(gaps()).toEqual(gaps().toSorted((a, b) => a - b));
  });

  it('gives up on throttling that lasts longer than two minutes, and says how long it would', async () => {
    const { answer, sent } = ask([{ status: 429, headers: { 'retry-after': '600' } }]);
    await expect(answer).rejects.toMatchObject({
      code: 'CLOUD_THROTTLED',
      message: expect.stringContaining('600 s'),
    });
    expect(sent).toHaveLength(1);
  });

  it('unreachable after five tries; the network’s own code is told', async () => {
    const { answer, clock, sent } = ask([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })]);
    await expect(clock.until(answer, 500)).rejects.toMatchObject({
      code: 'CLOUD_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    expect(sent).toHaveLength(5);
  });

  it('stops waiting when told to', async () => {
    const stop = new AbortController();
    const { answer, clock } = ask([{ status: 429, headers: { 'retry-after': '60' } }], {
      signal: stop.signal,
    });
    const failed = expect(answer).rejects.toMatchObject({ code: 'CANCELLED' });
    await clock.advance(1000);
    stop.abort();
    await failed;
    expect(clock.waiting()).toBe(0);
  });
});

describe('trouble before anything is sent', () => {
  it('a certificate nobody trusts is not tried again', async () => {
    const { answer, sent } = ask([Object.assign(new Error('x'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' })]);
    await expect(answer).rejects.toMatchObject({
      code: 'CLOUD_UNREACHABLE',
      fix: expect.stringContaining('proxy'),
    });
    expect(sent).toHaveLength(1);
  });

  it('a defect stays a defect, and is not tried again', async () => {
    const { answer, sent } = ask([new TypeError('undefined is not a function')]);
    await expect(answer).rejects.toBeInstanceOf(TypeError);
    expect(sent).toHaveLength(1);
  });
});

describe('what the cloud refuses', () => {
  it.each<[string, Answer, string, string]>([
    [
      'a missing permission',
      {
        status: 403,
        body: arm(
          'AuthorizationFailed',
          "The client 'x' does not have authorization to perform action 'Microsoft.Network/networkSecurityGroups/securityRules/write' over scope '/s'.",
        ),
      },
      'CLOUD_FORBIDDEN',
      'Microsoft.Network/networkSecurityGroups/securityRules/write',
    ],
    [
      'an organisation’s policy',
      { status: 403, body: arm('RequestDisallowedByPolicy', 'no') },
      'CLOUD_FORBIDDEN',
      'Azure Policy',
    ],
    ['a resource lock', { status: 409, body: arm('ScopeLocked') }, 'CLOUD_FORBIDDEN', 'lock'],
    [
      'a missing thing',
      { status: 404, body: arm('ResourceNotFound', 'no nsg') },
      'CLOUD_NOT_FOUND',
      'no nsg',
    ],
    [
      'a full NSG',
      { status: 400, body: arm('SecurityRuleCountLimitReached', 'not more than 1000') },
      'CLOUD_QUOTA',
      '1000',
    ],
    ['a taken priority', { status: 400, body: arm('SecurityRuleConflict') }, 'CLOUD_CONFLICT', 'priority'],
    ['a conflict', { status: 409, body: arm('Conflict', 'no way') }, 'CLOUD_CONFLICT', 'no way'],
    ['nonsense of ours', { status: 400, body: arm('InvalidRequestContent', 'bad') }, 'CLOUD_FAILED', 'bad'],
    ['a 404 of who knows what', { status: 404, text: '' }, 'CLOUD_FAILED', '404'],
    [
      'an operation nobody knows',
      { status: 404, body: arm('OperationNotFound', 'no op') },
      'CLOUD_FAILED',
      'no op',
    ],
    [
      'a subscription we may not see',
      { status: 404, body: arm('SubscriptionNotFound') },
      'CLOUD_FORBIDDEN',
      'not show',
    ],
    [
      'an operation that failed later',
      { status: 200, body: { status: 'Failed', ...arm('SecurityRuleConflict') } },
      'CLOUD_CONFLICT',
      'priority',
    ],
  ])('%s', async (_name, turn, code, words) => {
    const { answer, sent } = ask([{ ...turn, headers: { 'x-ms-correlation-request-id': 'c-1' } }]);
    const error = await answer.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LatchkeyError);
    expect(error).toMatchObject({
      code,
      message: expect.stringContaining(words),
      detail: { correlation: 'c-1' },
    });
    expect(sent).toHaveLength(1);
  });

  const page = (status: number): Answer => ({
    status,
    headers: { 'content-type': 'text/html' },
    text: '<html>',
  });
  it.each([200, 403, 404, 418, 502])(
    'a page of HTML with status %i is no answer of Azure’s',
    async status => {
      const { answer, clock, sent } = ask([page(status)]);
      await expect(clock.until(answer, 500)).rejects.toMatchObject({
        code: 'CLOUD_UNREACHABLE',
        message: expect.stringContaining(String(status)),
      });
      expect(sent).toHaveLength(5);
    },
  );

  it('half an error is no answer either', async () => {
    const { answer, clock } = ask([{ status: 404, text: '{"error":{"code":"ResourceNotF' }, ok]);
    await expect(clock.until(answer, 500)).resolves.toMatchObject({ status: 200 });
  });

  it('and we never follow it to a foreign host with our token', async () => {
    const { answer, sent } = ask([ok], { url: 'https://evil.example/operations/1' });
    await expect(answer).rejects.toMatchObject({ code: 'CLOUD_FAILED' });
    expect(sent).toHaveLength(0);
  });
});

describe('a token that is refused', () => {
  const refused = (challenge?: string): Answer => ({
    status: 401,
    body: arm('ExpiredAuthenticationToken'),
    headers: challenge === undefined ? {} : { 'www-authenticate': challenge },
  });
  const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
  const challenge = `Bearer realm="", error="insufficient_claims", claims="${Buffer.from(claims).toString('base64')}"`;

  it('is renewed once, at once, and the request goes out again', async () => {
    const { answer, gaps, tokens, renewals } = ask([refused(), ok]);
    await expect(answer).resolves.toMatchObject({ status: 200 });
    expect([gaps(), tokens, renewals]).toEqual([[0], ['Bearer old', 'Bearer new-1'], [undefined]]);
  });

  it('is renewed with the claims that are asked for, also behind an ordinary renewal', async () => {
    const { answer, tokens, renewals } = ask([refused(), refused(challenge), ok]);
    await expect(answer).resolves.toMatchObject({ status: 200 });
    expect(tokens).toEqual(['Bearer old', 'Bearer new-1', 'Bearer new-2']);
    expect(renewals).toEqual([undefined, claims]);
  });

  it.each([
    ['', undefined, 'sign-in any more'],
    ['with a challenge', challenge, 'conditional access'],
  ])('%s: refused again, the person is asked', async (_name, header, words) => {
    const { answer, sent } = ask([refused(header)]);
    await expect(answer).rejects.toMatchObject({
      code: 'CLOUD_UNAUTHORIZED',
      message: expect.stringContaining(words),
      fix: 'Sign in to this account again.',
    });
    expect(sent).toHaveLength(2);
  });

  it.each([
    ['Bearer error="insufficient_claims", claims="%%%"', undefined],
    ['Bearer error="insufficient_claims", claims="bm8ganNvbg=="', undefined],
    [`Bearer error="invalid_token", claims="${Buffer.from(claims).toString('base64')}"`, undefined],
    [
      `Pop a="b", Bearer error="insufficient_claims", claims="${Buffer.from(claims).toString('base64url')}"`,
      claims,
    ],
    [undefined, undefined],
  ])('challenge %s', (header, wanted) => {
    expect(challengedClaims(header)).toBe(wanted);
  });
});

describe('time', () => {
  it('notes the cloud’s clock', async () => {
    const { answer, date } = ask([{ ...ok, headers: { date: 'Mon, 23 Nov 2026 12:00:05 GMT' } }]);
    await answer;
    expect(date()).toBe(Date.UTC(2026, 10, 23, 12, 0, 5));
  });

  it.each([
    ['5', 5000],
    ['0', 0],
    ['-3', 0],
    ['Mon, 23 Nov 2026 12:00:05 GMT', 5000],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('Retry-After: %s', (header, ms) => {
    expect(retryAfterMs(header, Date.UTC(2026, 10, 23, 12))).toBe(ms);
  });

  it('a call that never ends is given up', async () => {
    const clock = createHandClock();
    const endless = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    const given = within(clock, 5000, 'writing', undefined, endless);
    await expect(clock.until(given, 1000)).rejects.toMatchObject({ code: 'CLOUD_SLOW' });
  });

  it('Resource Graph: fifteen queries in any five seconds, and none before the quota is back', async () => {
    const clock = createHandClock();
    const pace = new GraphPace(clock);
    const at: number[] = [];
    const begun = clock.now();
    const all = (async () => {
      for (let i = 0; i < 31; i++) {
        await pace.turn();
        at.push(clock.now() - begun);
      }
      pace.told('0', '00:00:04');
      await pace.turn();
      at.push(clock.now() - begun);
    })();
    await clock.until(all, 100);
    expect([at[14], at[15], at[30], at[31]]).toEqual([0, 5000, 10_000, 14_000]);
  });
});
