/**
 * Changing a policy: read, change the one VM, write the whole, and look again. There is no compare-and-swap (reference
 * 1.4), so somebody who read before us may write after us: what was lost so is put in again, and told if it keeps being lost.
 */
import type { PolicyPort } from '../../../../shared/contract/policies.ts';
import type { VmId } from '../../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Clock } from '../../../os/ports.ts';
import { createQueue } from '../../../waiting.ts';
import { waitOut } from '../../calls.ts';
import type { DefenderApi } from './api.ts';
import { lostUpdatePauses } from './assumptions.ts';
import { type PolicyPlace, says, withoutVm, withVm } from './edit.ts';
import { entryOf, type JitPolicy, lastName } from './policy.ts';

/** Times the same change is made again after another writer undid it. */
const tries = 5;

export interface PolicyWriter {
  /** Makes the policy say these ports of the VM; it is made where there is none. */
  put(place: PolicyPlace, vm: string, ports: PolicyPort[], signal?: AbortSignal): Promise<void>;
  /** Takes the VM out; the policy goes with its last VM. */
  remove(place: PolicyPlace, vm: VmId, signal?: AbortSignal): Promise<void>;
}

export function policyWriter(ask: { api: DefenderApi; clock: Clock }): PolicyWriter {
  const { api, clock } = ask;
  /** Changes of this computer to one policy go one after the other; those of others are found out by looking again. */
  const turns = createQueue<string>();

  const change: typeof changeNow = (place, ...rest) =>
    turns.run(place.id.toLowerCase(), () => changeNow(place, ...rest));

  async function changeNow(
    place: PolicyPlace,
    vm: string,
    stands: (policy: JitPolicy | undefined) => boolean,
    write: (policy: JitPolicy | undefined) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    for (let attempt = 1; attempt <= tries; attempt++) {
      const before = await api.find(place.id, signal);
      if (!stands(before)) await write(before);
      if (await lasts(place, stands, signal)) return;
    }
    throw new LatchkeyError({
      code: 'CLOUD_CONFLICT',
      message: `What was written about “${lastName(vm)}” into Defender policy “${place.name}” was lost again and again: somebody else writes the same policy.`,
      fix: 'Find out who changes this policy just now, then try again.',
      detail: { policy: place.id, vm },
    });
  }

  async function lasts(
    place: PolicyPlace,
    stands: (policy: JitPolicy | undefined) => boolean,
    signal?: AbortSignal,
  ): Promise<boolean> {
    for (const wait of lostUpdatePauses) {
      if (wait > 0) await waitOut(clock, wait, signal);
      if (!stands(await api.find(place.id, signal))) return false;
    }
    return true;
  }

  return {
    put: (place, vm, ports, signal) =>
      change(
        place,
        vm,
        policy => says(policy, vm, ports),
        policy => api.put(place.id, withVm(policy, place, vm, ports), signal),
        signal,
      ),
    remove: (place, vm, signal) =>
      change(
        place,
        vm,
        policy => entryOf(policy, vm) === undefined,
        async policy => {
          if (policy === undefined) return;
          const rest = withoutVm(policy, vm);
          // Whether a policy without VMs is taken is not known; and it would protect nobody.
          if (rest === undefined) await api.delete(place.id, signal);
          else await api.put(place.id, rest, signal);
        },
        signal,
      ),
  };
}
