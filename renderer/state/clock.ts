/** One timer for everything on the page that counts down. */
import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setTimeout> | undefined;
let second = wholeSecond();

function wholeSecond(): number {
  return Math.floor(Date.now() / 1_000) * 1_000;
}

function tick(): void {
  second = wholeSecond();
  for (const listener of listeners) listener();
  timer = setTimeout(tick, 1_000 - (Date.now() % 1_000));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) tick();
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearTimeout(timer);
    timer = undefined;
  };
}

/** This computer's time in whole seconds, as epoch milliseconds. The component paints again each second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => second);
}
