/** Short words about what just happened. They are announced politely and go by themselves. */
import { Toast } from '@base-ui/react/toast';
import type { ErrorData } from '../../shared/errors.ts';
import { errorOf } from './errors.ts';

export const toasts = Toast.createToastManager();

/** Says that something was done. `title` is already in the person's language. */
export function say(title: string, description?: string): void {
  toasts.add({ title, description, type: 'done', timeout: 5_000 });
}

/** Shows an error's message and fix; it stays twice as long. */
export function sayError(error: ErrorData): void {
  toasts.add({ title: error.message, description: error.fix, type: 'failed', timeout: 12_000 });
}

/** Runs something a person asked for; what it throws is shown. */
export function act(work: () => Promise<unknown>): void {
  // Async, so that what is thrown before there is a promise (no broker) is shown too.
  const run = async (): Promise<unknown> => work();
  run().catch((thrown: unknown) => sayError(errorOf(thrown)));
}
