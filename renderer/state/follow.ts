/** Reads one watch of the broker for as long as the connection stands. */
const againMs = 1_000;

/** What a store says to a value: taken, or it misses something and wants the watch to begin again. */
export type Taken = 'taken' | 'resync';

/** Reads a watch until `signal`; begins it again when it ends, fails, or its store asks for a new snapshot. */
export async function follow<T>(
  open: (signal: AbortSignal) => Promise<AsyncIterable<T>>,
  take: (value: T) => Taken,
  signal: AbortSignal,
  pause: (signal: AbortSignal) => Promise<void> = pauseOnPage,
): Promise<void> {
  while (!signal.aborted) {
    let resync = false;
    try {
      for await (const value of await open(signal)) {
        if (signal.aborted) return;
        if (take(value) === 'resync') {
          resync = true;
          break;
        }
      }
    } catch {
      // A watch has no result of its own to report: the connection's state tells the person, and it begins again below.
    }
    if (!resync) await pause(signal);
  }
}

function pauseOnPage(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, againMs);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
