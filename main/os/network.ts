/** Noticing that this computer's addresses changed. */
import { networkInterfaces } from 'node:os';
import type { Clock, Network } from './ports.ts';

const everyMs = 3_000;

/** Looks at the network interfaces every three seconds (no system tells Node by itself) while somebody listens. */
export function createNetwork(clock: Clock, addresses: () => string = addressesNow): Network {
  const listeners = new Set<() => void>();
  let known = '';
  let timer: Disposable | undefined;
  const look = () => {
    const now = addresses();
    if (now !== known) {
      known = now;
      for (const run of listeners) run();
    }
    timer = clock.after(everyMs, look);
  };
  return {
    onChange(run) {
      if (listeners.size === 0) {
        known = addresses();
        timer = clock.after(everyMs, look);
      }
      listeners.add(run);
      return {
        [Symbol.dispose]: () => {
          if (listeners.delete(run) && listeners.size === 0) timer?.[Symbol.dispose]();
        },
      };
    },
  };
}

function addressesNow(): string {
  return Object.entries(networkInterfaces())
    .flatMap(([name, list]) => (list ?? []).filter(one => !one.internal).map(one => `${name} ${one.cidr}`))
    .sort()
    .join('\n');
}
