/**
 * Asynchronous operations: a write is answered at once and takes effect later. Writes to one resource take effect one
 * after the other, as in Azure's network provider.
 */
import { randomUUID } from 'node:crypto';
import { ArmError } from './errors.ts';

interface Operation {
  id: string;
  state: 'InProgress' | 'Succeeded';
  done: Promise<void>;
}

/**
 * How long a status request waits for an operation that is about to end. Azure answers at once; but then clients come
 * again only after Retry-After, in whole seconds, and a practice cloud should feel quicker than that.
 */
const patienceMs = 1000;
const keptMs = 10 * 60_000;

export class Operations {
  #latencyMs: number;
  #operations = new Map<string, Operation>();
  #tails = new Map<string, Promise<void>>();
  #timers = new Set<NodeJS.Timeout>();

  constructor(latencyMs: number) {
    this.#latencyMs = latencyMs;
  }

  /**
   * Runs `effect` after the latency, behind what is under way on the same `queue` (a resource's lower-case id).
   * With no latency it runs now and there is no operation to follow.
   */
  start(queue: string, effect: () => void): string | undefined {
    if (this.#latencyMs === 0) {
      effect();
      return undefined;
    }
    const id = randomUUID();
    const operation: Operation = { id, state: 'InProgress', done: Promise.resolve() };
    const before = this.#tails.get(queue) ?? Promise.resolve();
    operation.done = before
      .then(() => this.#wait(this.#latencyMs))
      .then(() => {
        effect();
        operation.state = 'Succeeded';
        void this.#wait(keptMs, true).then(() => this.#operations.delete(id));
        if (this.#tails.get(queue) === operation.done) this.#tails.delete(queue);
      });
    this.#tails.set(queue, operation.done);
    this.#operations.set(id, operation);
    return id;
  }

  /** The state of an operation; waits a moment for one that is about to end. Throws 404. */
  async state(id: string): Promise<Operation['state']> {
    const operation = this.#operations.get(id);
    if (!operation) throw new ArmError(404, 'OperationNotFound', `The operation '${id}' was not found.`);
    if (operation.state === 'InProgress') await Promise.race([operation.done, this.#wait(patienceMs)]);
    return operation.state;
  }

  /** Resolves when the operation has taken effect; undefined for one that is not known (any more). */
  ended(id: string): Promise<void> | undefined {
    return this.#operations.get(id)?.done;
  }

  /** Drops what has not taken effect. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #wait(ms: number, background = false): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, ms);
      if (background) timer.unref();
      this.#timers.add(timer);
    });
  }
}
