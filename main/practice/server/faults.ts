/** Faults that are switched on by demand: what a cloud does on a bad day. */
import { z } from 'zod';

/**
 * Which requests are hit, and what happens to them. Without `status`, `drop`, `cut`, `truncate` or `operation` the request
 * is only delayed. `when: after` lets the write take effect first and then loses or falsifies the answer.
 */
const faultInput = z.strictObject({
  cloud: z.enum(['azure', 'aws']).optional(),
  method: z.string().optional(),
  /** Regular expression on the decoded path (with query), in any case. */
  path: z.string().optional(),
  /** The AWS action by its full name. */
  action: z.string().optional(),
  /** Regular expression on the body as JSON, in any case: one subscription's query of several, say. */
  body: z.string().optional(),
  /** How many matching requests pass before the first is hit. */
  skip: z.int().min(0).default(0),
  /** How many are hit; 0 means every one until the fault is taken away. */
  times: z.int().min(0).default(1),
  when: z.enum(['before', 'after']).default('before'),
  delayMs: z.int().min(0).max(600_000).optional(),
  status: z.int().min(200).max(599).optional(),
  /** The cloud's error code, e.g. `TooManyRequests`, `RequestLimitExceeded`. */
  code: z.string().optional(),
  message: z.string().optional(),
  /** What else stands in the error beside code and message (Azure: `details`, `additionalInfo`). */
  more: z.record(z.string(), z.unknown()).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  /** A page of HTML instead of the cloud's error, as a proxy on the way answers. */
  html: z.boolean().optional(),
  /** Seconds. */
  retryAfter: z.int().min(0).optional(),
  /** Tell Retry-After as an HTTP date instead of seconds. */
  retryAfterAsDate: z.boolean().optional(),
  /** Half of the answer's body is sent, then the connection ends. */
  cut: z.boolean().optional(),
  /** Half of the answer's body is sent as if it were the whole. */
  truncate: z.boolean().optional(),
  /**
   * Azure: the write is accepted, and its asynchronous operation ends so, with `code` and `message`. `never`: it is in
   * progress for ever; `lost`: there is no such operation when its state is asked for. `when` as everywhere.
   */
  operation: z.enum(['Failed', 'Canceled', 'never', 'lost']).optional(),
  /** The connection ends without an answer. */
  drop: z.boolean().optional(),
});
export type FaultInput = z.input<typeof faultInput>;
export type Fault = z.output<typeof faultInput> & { id: number; hits: number };

/** What a fault is matched against. */
interface FaultTarget {
  cloud: 'azure' | 'aws';
  method: string;
  path: string;
  action?: string | undefined;
  body?: unknown;
}

/** The faults that are switched on. */
export class Faults {
  #faults: Fault[] = [];
  #seen = new Map<number, number>();
  #next = 1;

  /** Switches one on. Throws ZodError on an unknown or wrong field, SyntaxError on a wrong regular expression. */
  add(input: FaultInput): Fault {
    const fault = { ...faultInput.parse(input), id: this.#next++, hits: 0 };
    for (const pattern of [fault.path, fault.body]) if (pattern !== undefined) new RegExp(pattern, 'i');
    this.#faults.push(fault);
    return fault;
  }

  list(): Fault[] {
    return this.#faults;
  }

  /** Takes one away by its id, or all. */
  remove(id?: number): void {
    this.#faults = id === undefined ? [] : this.#faults.filter(fault => fault.id !== id);
  }

  /** The first fault that hits this request; counts the hit. */
  take(target: FaultTarget): Fault | undefined {
    for (const fault of this.#faults) {
      if (!matches(fault, target)) continue;
      const seen = (this.#seen.get(fault.id) ?? 0) + 1;
      this.#seen.set(fault.id, seen);
      if (seen <= fault.skip || (fault.times > 0 && fault.hits >= fault.times)) continue;
      fault.hits++;
      return fault;
    }
    return undefined;
  }
}

function matches(fault: Fault, target: FaultTarget): boolean {
  return (
    (fault.cloud === undefined || fault.cloud === target.cloud) &&
    (fault.method === undefined || fault.method.toUpperCase() === target.method) &&
    (fault.action === undefined || fault.action === target.action) &&
    (fault.path === undefined || new RegExp(fault.path, 'i').test(target.path)) &&
    (fault.body === undefined || new RegExp(fault.body, 'i').test(JSON.stringify(target.body ?? '')))
  );
}
