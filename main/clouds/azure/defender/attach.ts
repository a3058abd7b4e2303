/** Which VM is in which Defender policy, and which way it goes by its subscription's setting. */
import type { JitWay } from '../../../../shared/contract/accounts.ts';
import { goBy } from '../../../../shared/domain/defender.ts';
import type { DefenderEntry, DefenderRequest, Vm } from '../../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Instant } from '../../../os/ports.ts';
import { recordMs } from './assumptions.ts';
import type { JitPolicy, PolicyVm } from './policy.ts';
import type { PolicyIndex } from './policyIndex.ts';
import { askedIn } from './record.ts';
import { policyOf } from './vmPolicy.ts';

/** Tells a VM of the policy that names it, and makes it go that way. */
export function attach(vm: Vm, index: PolicyIndex, way: JitWay, now: Instant): Vm {
  const found = index.of(vm.id);
  if (found === undefined) return goBy(vm, way);
  const { policy, entry } = found;
  const requests = requestsOf(policy, vm.id, now);
  const defender = { policy: policy.id, policyName: policy.name, ...understood(entry), requests };
  return goBy({ ...vm, defender }, way);
}

function understood(entry: PolicyVm): Pick<DefenderEntry, 'allows' | 'error'> {
  try {
    return { allows: policyOf(entry) };
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    return { error: error.toData() };
  }
}

function requestsOf(policy: JitPolicy, vm: string, now: Instant): DefenderRequest[] {
  const asked = askedIn(policy).filter(one => one.vm.toLowerCase() === vm && one.start > now - recordMs);
  return asked.map(({ port, source, start, end, requestor, justification, status, reason, grant }) => ({
    start,
    requestor,
    justification,
    port,
    source,
    end,
    status,
    reason,
    grant,
  }));
}
