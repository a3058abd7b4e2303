/** What may stand in the way of an instance, from what was read of it: room for its own security group. */
import type { Finding } from '../../../shared/contract/doctor.ts';
import { ok, problem, warning } from '../../../shared/domain/doctor/finding.ts';
import { gatesOf, type Vm } from '../../../shared/domain/vm.ts';

/** Security groups an interface holds unless the account asked for more (reference section 8.1). */
const mostGroups = 5;

export function examineInstance(vm: Vm): Finding[] {
  return vm.interfaces.map(nic => {
    const groups = gatesOf(nic);
    const own = groups.some(group => group.own === true);
    const name = nic.id.split('/').at(-1) ?? nic.id;
    if (own || groups.length < mostGroups)
      return ok('rules', `It has ${groups.length} of ${mostGroups} security groups.`, name);
    const text = `It has ${groups.length} security groups already, and none of them is Latchkey’s: another one may not fit.`;
    const fix = 'Take one off that nobody needs, or ask AWS for a higher limit.';
    return nic.primary ? problem('rules', text, fix, name) : warning('rules', text, fix, name);
  });
}
