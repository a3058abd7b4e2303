/** What this computer has for connecting and for keeping secrets. Nothing is started, nothing is written. */
import type { Finding } from '../../../shared/contract/doctor.ts';
import { ok, problem, warning } from '../../../shared/domain/doctor/finding.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Os } from '../../os/ports.ts';

/** The program that would be started. Throws CLIENT_MISSING. */
export type FindClient = (kind: 'ssh' | 'rdp') => Promise<string>;

/** No item has this name: reading it only shows whether the keychain answers. */
const nobody = 'doctor';

/** With a VM only the client that its system wants. `keychain` absent: nothing of this concerns one. */
export async function computerFindings(
  deps: { keychain?: Os['keychain'] | undefined; client: FindClient },
  vm?: Vm,
): Promise<Finding[]> {
  const wanted =
    vm === undefined || vm.os === 'unknown'
      ? (['ssh', 'rdp'] as const)
      : [vm.os === 'windows' ? ('rdp' as const) : ('ssh' as const)];
  return Promise.all([
    ...wanted.map(kind => clientFinding(deps.client, kind, vm !== undefined && wanted.length === 1)),
    ...(deps.keychain ? [keychainFinding(deps.keychain)] : []),
  ]);
}

/** `needed`: without it the VM can't be connected to. */
async function clientFinding(client: FindClient, kind: 'ssh' | 'rdp', needed: boolean): Promise<Finding> {
  try {
    return ok('client', `Started with ${await client(kind)}.`, kind.toUpperCase());
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    const fix = kind === 'ssh' ? 'Install OpenSSH.' : 'Install an RDP client: Remmina or FreeRDP on Linux.';
    return (needed ? problem : warning)('client', error.message, fix, kind.toUpperCase());
  }
}

async function keychainFinding(keychain: Os['keychain']): Promise<Finding> {
  try {
    await keychain.read(nobody);
    return ok('keychain', 'There is a keychain for sign-ins.');
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    return warning(
      'keychain',
      `${error.message} Sign-ins are kept in memory.`,
      error.fix ?? 'Sign in again after each start.',
    );
  }
}
