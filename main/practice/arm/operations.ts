/**
 * Asynchronous operations: a write is answered at once and takes effect later. Writes to one resource take effect one
 * after the other, as in Azure's network provider.
 */
import { randomUUID } from 'node:crypto';
import { ArmError } from './errors.ts';

interface Operation {
  id: string;
  state: OperationState;
  /** Nobody finds it when it is asked for. */
  lost: boolean;
  error: { code: string; message: string } | undefined;
  done: Promise<void>;
}

export type OperationState = 'InProgress' | 'Succeeded' | 'Failed' | 'Canceled';

/** How an operation is to end otherwise than well. */
export interface Trouble {
  end: 'Failed' | 'Canceled' | 'never' | 'lost';
  /** Does the write take effect all the same? */
  takesEffect: boolean;
  error: { code: string; message: string };
  /** Leaves the resource as a write does that failed. */
  undone: () => void;
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
   * With no latency it runs now and, unless there is trouble, there is no operation to follow. `latencyMs`: where it is
   * not that of all.
   */
  start(
    queue: string,
    effect: () => void,
    trouble?: Trouble,
    latencyMs = this.#latencyMs,
  ): string | undefined {
    if (latencyMs === 0 && !trouble) {
      effect();
      return undefined;
    }
    const id = randomUUID();
    const operation: Operation = {
      id,
      state: 'InProgress',
      lost: trouble?.end === 'lost',
      error: trouble?.error,
      done: Promise.resolve(),
    };
    const end = () => {
      if (!trouble || trouble.takesEffect) effect();
      else trouble.undone();
      if (!trouble) operation.state = 'Succeeded';
      else if (trouble.end === 'Failed' || trouble.end === 'Canceled') operation.state = trouble.end;
      void this.#wait(keptMs, true).then(() => this.#operations.delete(id));
    };
    this.#operations.set(id, operation);
    if (latencyMs === 0) {
      end();
      return id;
    }
    const before = this.#tails.get(queue) ?? Promise.resolve();
    operation.done = before
      .then(() => this.#wait(latencyMs))
      .then(() => {
        end();
        if (this.#tails.get(queue) === operation.done) this.#tails.delete(queue);
      });
    this.#tails.set(queue, operation.done);
    return id;
  }

  /** How an operation stands; waits a moment for one that is about to end. Throws 404. */
  async state(id: string): Promise<Pick<Operation, 'state' | 'error'>> {
    const operation = this.#operations.get(id);
    if (!operation || operation.lost)
      throw new ArmError(404, 'OperationNotFound', `The operation '${id}' was not found.`);
    if (operation.state === 'InProgress') await Promise.race([operation.done, this.#wait(patienceMs)]);
    return operation;
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
