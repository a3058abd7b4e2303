/** What a request that is to end is, by the policy's record as read now. */
import { type GateId, type GrantId, parseVmId, type VmId } from '../../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Instant } from '../../../os/ports.ts';
import { parseArmId } from '../armIds.ts';
import type { RuleWriter } from '../ruleWriter.ts';
import { cloudNow, type DefenderAsk } from './ask.ts';
import { type JitPolicy, lastName } from './policy.ts';
import { type Asked, askedIn, inForce, isAbout, parseRequestName, type RequestName } from './record.ts';
import { standingRules } from './removing.ts';

export type CloseAsk = DefenderAsk & { writer: RuleWriter };

/** A request by its name in the ledger. */
export interface Target extends RequestName {
  name: string;
  vm: VmId;
  gate: GateId;
  policyName: string;
}

export type Verdict =
  /** Nothing of it is there. */
  | { is: 'gone' }
  /** Somebody else's request holds the port open for the same source. */
  | { is: 'kept' }
  /** In force. `theirs`: until when somebody else would have been let in, had ours not replaced his request. */
  | { is: 'running'; own: Asked; theirs: Instant | undefined }
  /** Past its end, or ended. */
  | { is: 'over' };

/** Throws CLOUD_CONFLICT where something stands and nothing proves it to be ours. */
export async function judge(
  ask: CloseAsk,
  policy: JitPolicy | undefined,
  target: Target,
  grants: GrantId[],
  signal: AbortSignal,
): Promise<Verdict> {
  const now = cloudNow(ask);
  const record = askedIn(policy).filter(one => isAbout(one, target));
  const own = record.find(one => one.grant === target.grant);
  const others = record.filter(one => one.grant === undefined || !grants.includes(one.grant));
  if (own === undefined) {
    const stands = await standingRules(ask, target, signal);
    // Its record may be lost, or say something else now.
    if (stands?.length || others.some(one => inForce(one, now))) throw notOurs(target);
    return { is: 'gone' };
  }
  if (others.some(one => inForce(one, now))) return { is: 'kept' };
  if (!inForce(own, now)) return { is: 'over' };
  const replaced = others.filter(one => one.reason === 'NewerRequestInitiated' && one.end > now);
  const theirs = replaced.length === 0 ? undefined : Math.max(...replaced.map(one => one.end));
  return { is: 'running', own, theirs };
}

/** The VM a request's name means: as the policy names it, else of the policy's own group (reference 1.2). */
export function targetOf(name: string, gate: GateId, policy: JitPolicy | undefined): Target {
  const parsed = parseRequestName(name);
  const ids = [
    ...(policy?.vms ?? []).map(vm => vm.id),
    ...(policy?.requests ?? []).flatMap(request => request.virtualMachines.map(vm => vm.id)),
  ];
  const { subscription, group, child } = parseArmId(gate);
  const id =
    ids.find(one => lastName(one).toLowerCase() === parsed.vmName) ??
    `/subscriptions/${subscription}/resourcegroups/${group}/providers/microsoft.compute/virtualmachines/${parsed.vmName}`;
  return { ...parsed, name, vm: parseVmId(id), gate, policyName: policy?.name ?? child };
}

function notOurs(target: Target): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_CONFLICT',
    message: `No request to Defender proves that port ${target.port} of ${target.vmName} is open to ${target.source} by grant ${target.grant}; what stands there was left alone.`,
    fix: 'Look at the VM’s just-in-time requests in the portal; Defender ends each by itself.',
    detail: { gate: target.gate, rule: target.name },
  });
}
