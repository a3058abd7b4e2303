/** A request that is to end, found again by its name in the ledger. */
import { type GateId, parseVmId, type VmId } from '../../../../shared/domain/ids.ts';
import { parseArmId } from '../armIds.ts';
import { type JitPolicy, lastName } from './policy.ts';
import { parseRequestName, type RequestName } from './record.ts';

/** A request by its name in the ledger. */
export interface Target extends RequestName {
  name: string;
  vm: VmId;
  gate: GateId;
  policyName: string;
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
