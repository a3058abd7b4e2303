/**
 * ARM's token buckets per caller and subscription (reference section 7.3), told in the headers of every answer. Only with
 * `throttle` is a request refused that finds its bucket empty: a demonstration should not stand still.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ArmError } from './errors.ts';

type Kind = 'reads' | 'writes' | 'deletes';

const buckets: Record<Kind, { size: number; perSecond: number }> = {
  reads: { size: 250, perSecond: 25 },
  writes: { size: 200, perSecond: 10 },
  deletes: { size: 200, perSecond: 10 },
};

export class RateLimits {
  #now: () => number;
  #throttle: boolean;
  #left = new Map<string, { tokens: number; at: number }>();

  constructor(now: () => number, throttle: boolean) {
    this.#now = now;
    this.#throttle = throttle;
  }

  /** Takes one token, and tells on the reply how many are left. Throws 429 with Retry-After. */
  take(request: FastifyRequest, reply: FastifyReply, who: string, subscription: string): void {
    const kind = kindOf(request.method);
    const { size, perSecond } = buckets[kind];
    const key = `${kind} ${who} ${subscription}`;
    const before = this.#left.get(key) ?? { tokens: size, at: this.#now() };
    const since = Math.max(0, this.#now() - before.at) / 1000;
    const there = Math.min(size, before.tokens + since * perSecond);
    this.#left.set(key, { tokens: Math.max(0, there - 1), at: this.#now() });
    const scope = subscription === '' ? 'tenant' : 'subscription';
    reply.header(`x-ms-ratelimit-remaining-${scope}-${kind}`, String(Math.max(0, Math.floor(there - 1))));
    if (!this.#throttle || there >= 1) return;
    reply.header('retry-after', String(Math.ceil((1 - there) / perSecond)));
    throw new ArmError(
      429,
      'SubscriptionRequestsThrottled',
      `Number of ${kind} for the subscription '${subscription}' exceeded the limit. Please try again after a moment.`,
    );
  }
}

function kindOf(method: string): Kind {
  if (method === 'DELETE') return 'deletes';
  return method === 'GET' || method === 'HEAD' ? 'reads' : 'writes';
}
