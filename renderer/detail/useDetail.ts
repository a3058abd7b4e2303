/** A VM looked at freshly, each time something about it changed. */
import { useState } from 'react';
import type { VmDetail, VmRow } from '../../shared/contract/vms.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { broker, useConnection } from '../state/broker.ts';
import { errorOf } from '../state/errors.ts';
import { useGrants } from '../state/grants.ts';
import { usePolicyChanges } from '../state/policyChanges.ts';
import { useSettled } from '../state/useSettled.ts';

interface Looked {
  vm: string;
  detail?: VmDetail | undefined;
  error?: ErrorData | undefined;
}

/** Moving through the list with the arrow keys is not worth a call per row. */
const settleMs = 120;

/** What is known of a VM in detail, and whether a newer look is under way. */
export function useDetail(row: VmRow): {
  detail?: VmDetail | undefined;
  error?: ErrorData | undefined;
  looking: boolean;
} {
  const [looked, setLooked] = useState<Looked>();
  const up = useConnection(state => state.state === 'up');
  const grant = useGrants(state => state.shown.get(row.id));
  const policyChange = usePolicyChanges(state => state.last.get(row.id));
  // Not the row itself: a fresh look gives a new row, and that must not cause another look.
  const occasion = [
    row.id,
    row.tab,
    row.power,
    row.access,
    row.protectedPorts,
    grant?.id,
    grant?.state,
    policyChange,
    up,
  ].join(' ');
  const [seen, setSeen] = useState<string>();
  useSettled(occasion, settleMs, async signal => {
    const next = await look(row.id, signal);
    if (signal.aborted) return;
    setLooked(next);
    setSeen(occasion);
  });
  const mine = looked?.vm === row.id ? looked : undefined;
  return { detail: mine?.detail, error: mine?.error, looking: seen !== occasion };
}

async function look(vm: string, signal: AbortSignal): Promise<Looked> {
  try {
    return { vm, detail: await broker().vms.get({ vm }, { signal }) };
  } catch (thrown) {
    return { vm, error: errorOf(thrown) };
  }
}
