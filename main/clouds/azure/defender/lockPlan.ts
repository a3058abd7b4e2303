/** Locks and unlocks by way of a Defender policy. Pure: from a fresh look to exact changes, each with its words. */
import type { PolicyPort } from '../../../../shared/contract/policies.ts';
import type { VmId } from '../../../../shared/domain/ids.ts';
import type { FreshVm } from '../freshVm.ts';
import { type Change, type Draft, draftGates } from '../lockPlan.ts';
import { standsOf, unsupported } from '../orders.ts';
import { draftUnlock, policyRemoval } from '../unlockPlan.ts';
import { checkNames, defaultPlace, entryText, type PolicyPlace, says } from './edit.ts';
import { entryOf, type JitPolicy, lastName } from './policy.ts';
import { portRule } from './vmPolicy.ts';

/** A change of a policy. */
export type PolicyChange =
  /** `vm`: its id as Azure writes it. */
  | { kind: 'protect'; place: PolicyPlace; vm: string; ports: PolicyPort[] }
  | { kind: 'release'; place: PolicyPlace; vm: VmId };

/**
 * The VM in its policy (else in `default` of its group and region), and a deny of our own where a rule of somebody else would
 * let the protected ports through whatever Defender denies behind it (reference 2.2). Throws UNSUPPORTED, BAD_INPUT.
 */
export function draftDefenderLock(fresh: FreshVm, ports: PolicyPort[]): Draft {
  const { vm } = fresh;
  if (vm.problem !== undefined || standsOf(vm).length === 0) throw unsupported(vm);
  for (const port of ports) portRule(port);
  const found = fresh.jit.of(vm.id)?.policy;
  const place = found ? placeOf(found) : defaultPlace(fresh.place);
  const policy = found ?? fresh.jit.policies.find(one => one.id === place.id.toLowerCase());
  checkNames(place.name, lastName(vm.id));
  const draft: Draft = { changes: [], warnings: [] };
  if (!says(policy, vm.id, ports)) draft.changes.push(protect(policy, place, fresh, ports));
  draftGates(fresh, ports, draft, inTheWay => inTheWay.length > 0);
  // The policy has moved to Defender: what the tags say would only contradict it one day.
  draft.changes.push(...policyRemoval(fresh));
  return draft;
}

/** What of our own is there goes, then the VM from its policy: until then an unlock that was cut off goes on. */
export function draftDefenderUnlock(fresh: FreshVm): Draft {
  const draft = draftUnlock(fresh);
  const found = fresh.jit.of(fresh.vm.id)?.policy;
  if (found !== undefined) draft.changes.push(release(found, fresh));
  return draft;
}

function protect(
  policy: JitPolicy | undefined,
  place: PolicyPlace,
  fresh: FreshVm,
  ports: PolicyPort[],
): Change {
  const { vm } = fresh;
  const known = entryOf(policy, vm.id) !== undefined;
  const before = entryText(policy, vm.id);
  const portWords = ports.map(port => `${port.port}/${port.protocol}`).join(', ');
  const what = known
    ? `Let the Defender policy “${place.name}” protect ${portWords} of the VM, instead of what it has.`
    : policy === undefined
      ? `Make the Defender policy “${place.name}” of this resource group, protecting ${portWords} of the VM.`
      : `Put the VM into the Defender policy “${place.name}”, protecting ${portWords}; the ${policy.vms.length} VMs in it stay as they are.`;
  return {
    kind: 'defender',
    change: { kind: 'protect', place, vm: fresh.place.id, ports },
    step: {
      action: policy === undefined ? 'create' : 'update',
      target: `Defender policy ${place.name}`,
      what,
      foreign: false,
      ...(before === '' ? {} : { before }),
    },
  };
}

function release(policy: JitPolicy, { vm }: FreshVm): Change {
  const place = placeOf(policy);
  const last = policy.vms.every(one => one.id.toLowerCase() === vm.id);
  const others = policy.requests.filter(one => !one.justification?.startsWith('latchkey ')).length;
  const record =
    others === 0 ? '' : ` Its record of ${others} requests that are not Latchkey's goes with it.`;
  return {
    kind: 'defender',
    change: { kind: 'release', place, vm: vm.id },
    step: {
      action: last ? 'remove' : 'update',
      target: `Defender policy ${place.name}`,
      what: last
        ? `Delete the Defender policy “${place.name}”: this VM is the last one in it.${record}`
        : `Take the VM out of the Defender policy “${place.name}”; the other ${policy.vms.length - 1} stay as they are.`,
      foreign: last && others > 0,
      before: entryText(policy, vm.id),
    },
  };
}

function placeOf(policy: JitPolicy): PolicyPlace {
  return { id: policy.raw.id, name: policy.name, location: policy.raw.location ?? '' };
}
