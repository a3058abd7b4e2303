/** A subscription's policies, searched by the VMs they name and never by their own names. */
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Logger } from '../../../os/ports.ts';
import type { DefenderApi } from './api.ts';
import type { JitPolicy, PolicyVm } from './policy.ts';

/** A subscription's policies by the VMs they name. */
export interface PolicyIndex {
  /** By a VM's id in any case. */
  of(vm: string): { policy: JitPolicy; entry: PolicyVm } | undefined;
  policies: JitPolicy[];
}

/** Assumption, reference 1.4 and 10: where two policies name one VM, `default` counts, else the first by id. */
export function indexPolicies(policies: JitPolicy[]): PolicyIndex {
  const order = (policy: JitPolicy) => `${policy.name.toLowerCase() === 'default' ? 0 : 1} ${policy.id}`;
  const byVm = new Map<string, { policy: JitPolicy; entry: PolicyVm }>();
  for (const policy of policies.toSorted((a, b) => (order(a) < order(b) ? -1 : 1))) {
    for (const entry of policy.vms) {
      const vm = entry.id.toLowerCase();
      if (!byVm.has(vm)) byVm.set(vm, { policy, entry });
    }
  }
  return { of: vm => byVm.get(vm.toLowerCase()), policies };
}

/**
 * The policies of a subscription. Where they may not be read, because the plan is missing (reference 1.4) or a right, there
 * is no Defender to go through, and the NSGs say what is true all the same.
 */
export async function readPolicies(
  ask: { api: DefenderApi; log: Logger },
  subscription: string,
  signal?: AbortSignal,
): Promise<PolicyIndex> {
  try {
    return indexPolicies(await ask.api.list(subscription, signal));
  } catch (error) {
    if (!(error instanceof LatchkeyError) || error.code !== 'CLOUD_FORBIDDEN') throw error;
    ask.log.info({ subscription, reason: error.message }, 'azure: no Defender policies can be read here');
    return indexPolicies([]);
  }
}
