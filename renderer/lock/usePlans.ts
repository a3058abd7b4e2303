/** The plans of a lock or unlock, read anew when the wanted ports change. */
import { useEffect, useState } from 'react';
import type { Plan, PolicyPort } from '../../shared/contract/policies.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { broker } from '../state/broker.ts';
import { errorOf } from '../state/errors.ts';

interface Answer {
  key: string;
  plans?: Plan[];
  error?: ErrorData;
}

const settleMs = 300;

/**
 * @param ports the wanted policy of a lock; undefined while it can't be read, then nothing is asked
 * @returns plans of what was last asked; `looking` while a newer answer is awaited
 */
export function usePlans(kind: 'lock' | 'unlock', vms: string[], ports: PolicyPort[] | undefined) {
  const [answer, setAnswer] = useState<Answer>();
  const [turn, setTurn] = useState(0);
  const key = JSON.stringify({ kind, vms, ports, turn });
  useEffect(() => {
    const asked = JSON.parse(key) as { kind: 'lock' | 'unlock'; vms: string[]; ports?: PolicyPort[] };
    if (asked.ports === undefined) return;
    const abort = new AbortController();
    const options = { signal: abort.signal };
    const ask = async (): Promise<Answer> => {
      try {
        const { plans } =
          asked.kind === 'lock'
            ? await broker().policies.planLock({ vms: asked.vms, ports: asked.ports }, options)
            : await broker().policies.planUnlock({ vms: asked.vms }, options);
        return { key, plans };
      } catch (thrown) {
        return { key, error: errorOf(thrown) };
      }
    };
    const timer = setTimeout(async () => {
      const next = await ask();
      if (!abort.signal.aborted) setAnswer(next);
    }, settleMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key]);
  return {
    plans: answer?.plans,
    error: answer?.key === key ? answer.error : undefined,
    looking: answer?.key !== key,
    lookAgain: () => setTurn(now => now + 1),
  };
}
