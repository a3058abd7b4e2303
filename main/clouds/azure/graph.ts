/**
 * Azure Resource Graph: one query, page by page, at the pace it allows.
 * Facts: reference section 7.7 (pages ≤ 1,000; 15 queries in 5 seconds; quota headers).
 */
import type { Clock } from '../../os/ports.ts';
import { waitOut } from '../calls.ts';
import { type Arm, abort } from './armClients.ts';

const windowMs = 5_000;
const perWindow = 15;
const pageSize = 1_000;

/** Keeps an account's queries within the quota: by our own count, and by what the answers say is left. */
export class GraphPace {
  #clock: Clock;
  #sent: number[] = [];
  #notBefore = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits for this query's turn. */
  async turn(signal?: AbortSignal): Promise<void> {
    for (;;) {
      const now = this.#clock.now();
      this.#sent = this.#sent.filter(at => at > now - windowMs);
      const oldest = this.#sent.length < perWindow ? undefined : this.#sent[0];
      const wait = Math.max(this.#notBefore - now, oldest === undefined ? 0 : oldest + windowMs - now);
      if (wait <= 0) break;
      await waitOut(this.#clock, wait, signal);
    }
    this.#sent.push(this.#clock.now());
  }

  /** Notes `x-ms-user-quota-remaining` and `x-ms-user-quota-resets-after` (hh:mm:ss) of an answer. */
  told(remaining: string | undefined, resetsAfter: string | undefined): void {
    if (remaining === undefined || Number(remaining) > 0) return;
    const [, h = '0', m = '0', s = '0'] = /^(\d+):(\d\d):(\d\d)/.exec(resetsAfter ?? '') ?? [];
    const ms = (Number(h) * 3600 + Number(m) * 60 + Number(s)) * 1000;
    this.#notBefore = this.#clock.now() + Math.min(Math.max(ms, 1000), windowMs * 6);
  }
}

/**
 * Rows of a query in one subscription (or several), in pages. Nested `properties` are lifted up, so that rows have the shape of the
 * SDK's models. The query must project `id`, have an order, and neither `take` nor `limit`, or paging is off.
 */
export async function* graphPages<Row>(
  arm: Arm,
  pace: GraphPace,
  subscription: string | string[],
  query: string,
  signal?: AbortSignal,
): AsyncGenerator<Row[]> {
  const client = await arm.graph();
  let skipToken: string | undefined;
  do {
    await pace.turn(signal);
    const options = {
      top: pageSize,
      resultFormat: 'objectArray' as const,
      ...(skipToken === undefined ? {} : { skipToken }),
    };
    const page = await client.resources(
      { subscriptions: [subscription].flat(), query, options },
      {
        ...abort(signal),
        onResponse: ({ headers }) =>
          pace.told(headers.get('x-ms-user-quota-remaining'), headers.get('x-ms-user-quota-resets-after')),
      },
    );
    const rows: unknown[] = page.data ?? [];
    yield rows.map(row => lifted(row) as Row);
    skipToken = page.skipToken === skipToken ? undefined : page.skipToken;
  } while (skipToken !== undefined && skipToken !== '');
}

/** The value with every `properties` object's fields moved up into its owner, at all depths. */
export function lifted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lifted);
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const up = lifted(inner);
    if (key === 'properties' && typeof up === 'object' && up !== null) Object.assign(result, up);
    else if (up !== null) result[key] = up;
  }
  return result;
}
