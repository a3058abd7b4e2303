/** The ways packets take to one VM: for every port that matters, from the address we are seen from. */
import type { VmDetail } from '../../../shared/contract/vms.ts';
import { wayTo } from '../../../shared/domain/hops.ts';
import { watchedPorts } from '../../../shared/domain/tabs.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Egress } from '../services.ts';

/** None where my IP is not known: a way begins somewhere. */
export async function waysTo(vm: Vm, egress: Pick<Egress, 'sources'>): Promise<VmDetail['ways']> {
  if (vm.kind === 'classic') return [];
  let sources: string[];
  try {
    sources = await egress.sources(vm, ['my-ip'], []);
  } catch (error) {
    if (error instanceof LatchkeyError) return [];
    throw error;
  }
  return watchedPorts(vm).flatMap(port => sources.map(source => wayTo(vm, { ...port, source })));
}
