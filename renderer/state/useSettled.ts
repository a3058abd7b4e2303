import { useEffect, useEffectEvent } from 'react';

/**
 * Runs `work` once `key` has stood still for `ms`. A newer key, or leaving the page, aborts what is under way; `work`
 * looks at the signal before it keeps an answer, and catches its own errors.
 */
export function useSettled(
  key: string | undefined,
  ms: number,
  work: (signal: AbortSignal) => Promise<void>,
): void {
  const run = useEffectEvent(work);
  useEffect(() => {
    if (key === undefined) return;
    const abort = new AbortController();
    const timer = setTimeout(() => void run(abort.signal), ms);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key, ms]);
}
