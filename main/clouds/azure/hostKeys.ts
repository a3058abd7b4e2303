/** SSH host keys out of a VM's serial console log. */
import type { Vm } from '../../../shared/domain/vm.ts';
import { isNotFound } from '../calls.ts';
import { hostKeysIn } from '../consoleLog.ts';
import { type Arm, abort } from './armClients.ts';
import { parseArmId } from './armIds.ts';

/** Characters of a console log that are looked at: Azure keeps about 1 MB. */
const logLimit = 4 * 1024 * 1024;

/** Keys as `ssh-ed25519 AAAA…`; empty if the VM has no boot diagnostics, or its log no keys. */
export async function hostKeys(arm: Arm, vm: Vm, signal?: AbortSignal): Promise<string[]> {
  const { subscription, group, name } = parseArmId(vm.id);
  const compute = await arm.compute(subscription);
  try {
    const data = await compute.virtualMachines.retrieveBootDiagnosticsData(group, name, { ...abort(signal) });
    const address = data.serialConsoleLogBlobUri;
    return address ? hostKeysIn(await arm.fetchSigned(address, logLimit, signal)) : [];
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}
