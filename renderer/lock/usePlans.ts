/** The plans of a lock or unlock, read anew when the wanted ports change. */
import { useState } from 'react';
import type { Plan, PolicyPort } from '../../shared/contract/policies.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { broker } from '../state/broker.ts';
import { errorOf } from '../state/errors.ts';
import { useSettled } from '../state/useSettled.ts';

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
  useSettled(ports === undefined ? undefined : key, settleMs, async signal => {
    if (ports === undefined) return;
    const next = await plansOf(kind, vms, ports, signal);
    if (!signal.aborted) setAnswer({ key, ...next });
  });
  return {
    plans: answer?.plans,
    error: answer?.key === key ? answer.error : undefined,
    looking: answer?.key !== key,
    lookAgain: () => setTurn(now => now + 1),
  };
}

async function plansOf(
  kind: 'lock' | 'unlock',
  vms: string[],
  ports: PolicyPort[],
  signal: AbortSignal,
): Promise<Omit<Answer, 'key'>> {
  try {
    return kind === 'lock'
      ? await broker().policies.planLock({ vms, ports }, { signal })
      : await broker().policies.planUnlock({ vms }, { signal });
  } catch (thrown) {
    return { error: errorOf(thrown) };
  }
}
