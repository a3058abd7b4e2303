/** SSH host keys out of a VM's serial console log, where cloud-init prints them at first boot. */
import type { Vm } from '../../../shared/domain/vm.ts';
import { type Arm, abort } from './armClients.ts';
import { parseArmId } from './armIds.ts';
import { isNotFound } from './errors.ts';

/** Characters of a console log that are looked at: Azure keeps about 1 MB. */
const logLimit = 4 * 1024 * 1024;
const block = /-----BEGIN SSH HOST KEY KEYS-----([\s\S]*?)-----END SSH HOST KEY KEYS-----/g;
const key = /\b((?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]+={0,3})/g;

/** Keys as `ssh-ed25519 AAAA…`; empty if the VM has no boot diagnostics, or its log no keys. */
export async function hostKeys(arm: Arm, vm: Vm, signal?: AbortSignal): Promise<string[]> {
  const { subscription, group, name } = parseArmId(vm.id);
  const compute = await arm.compute(subscription);
  try {
    const data = await compute.virtualMachines.retrieveBootDiagnosticsData(group, name, { ...abort(signal) });
    const address = data.serialConsoleLogBlobUri;
    return address ? keysIn(await arm.fetchSigned(address, logLimit, signal)) : [];
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** The keys of the last block in a log: a machine that was set up again has new ones. */
export function keysIn(log: string): string[] {
  const last = [...log.matchAll(block)].at(-1)?.[1] ?? '';
  return [...new Set([...last.matchAll(key)].map(found => found[1] ?? ''))];
}
