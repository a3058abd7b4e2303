/** What may be wrong with an NSG as it stands: room for rules, priorities, and what of others is judged before ours. Pure. */
import type { NetworkSecurityGroup } from '@azure/arm-network';
import type { Finding } from '../../../../shared/contract/doctor.ts';
import type { PolicyPort } from '../../../../shared/contract/policies.ts';
import { ok, problem, warning } from '../../../../shared/domain/doctor/finding.ts';
import type { Gate } from '../../../../shared/domain/vm.ts';
import { grantPriorities, lockPriorities } from '../known.ts';
import { lets } from '../overlap.ts';

/** Rules an NSG holds, both directions together (reference 7.2). */
const mostRules = 1_000;
const fewRules = 50;
const fewPriorities = 5;

/** `addresses`: the VM's behind this NSG; `ports`: those that matter. */
export function nsgFindings(
  nsg: NetworkSecurityGroup,
  gate: Gate,
  behind: { addresses: string[]; ports: PolicyPort[]; locked: boolean },
): Finding[] {
  return [roomFinding(nsg, gate.name), ...priorityFindings(gate, behind)];
}

function roomFinding(nsg: NetworkSecurityGroup, name: string): Finding {
  const count = nsg.securityRules?.length ?? 0;
  const left = mostRules - count;
  const fix = 'Remove rules that nobody needs, or put the VM behind a network security group of its own.';
  if (left <= 0)
    return problem('rules', `It is full: Azure takes ${mostRules} rules, and it has ${count}.`, fix, name);
  if (left < fewRules) return warning('rules', `It has room for ${left} more rules only.`, fix, name);
  return ok('rules', `It has ${count} of ${mostRules} rules.`, name);
}

function priorityFindings(
  gate: Gate,
  behind: { addresses: string[]; ports: PolicyPort[]; locked: boolean },
): Finding[] {
  const rules = gate.rules.filter(rule => rule.priority !== undefined);
  const free = ({ from, to }: { from: number; to: number }) =>
    to - from + 1 - rules.filter(({ priority = 0 }) => priority >= from && priority <= to).length;
  const findings: Finding[] = [];
  const grants = free(grantPriorities);
  const locks = free(lockPriorities);
  const move = 'End grants that nobody needs, or move rules of others to 300 and above.';
  const range = `${grantPriorities.from} to ${grantPriorities.to}`;
  if (grants === 0)
    findings.push(
      problem('priorities', `No priority from ${range} is free: nothing can be opened.`, move, gate.name),
    );
  else if (grants <= fewPriorities)
    findings.push(
      warning('priorities', `Only ${grants} of the priorities from ${range} are free.`, move, gate.name),
    );
  if (locks === 0 && !behind.locked)
    findings.push(
      problem(
        'priorities',
        `No priority from ${lockPriorities.from} to ${lockPriorities.to} is free: the VM can’t be locked.`,
        'Move rules of others to 300 and above.',
        gate.name,
      ),
    );
  for (const rule of rules) {
    const early = (rule.priority ?? 0) < lockPriorities.from;
    if (!early || rule.by !== 'foreign' || !lets(rule, behind.addresses, behind.ports)) continue;
    findings.push(
      warning(
        'priorities',
        `The rule “${rule.name}”, which is not Latchkey’s, lets protected ports through at ${rule.priority}, before any lock.`,
        'Lock the VM (again): the plan names the rule and moves it down, and unlocking moves it back.',
        gate.name,
      ),
    );
  }
  for (const rule of rules) {
    const { priority = 0 } = rule;
    if (rule.by !== 'foreign' || rule.access !== 'deny' || priority > grantPriorities.to) continue;
    if (!lets({ ...rule, access: 'allow' }, behind.addresses, behind.ports)) continue;
    const before = Array.from(
      { length: priority - grantPriorities.from },
      (_none, at) => grantPriorities.from + at,
    );
    const room = before.some(one => rules.every(other => other.priority !== one));
    const text = `The rule “${rule.name}”, which is not Latchkey’s, denies protected ports at ${priority}`;
    findings.push(
      room
        ? warning(
            'priorities',
            `${text}; grants are put before it.`,
            'Move it to 300 or above, if it is not meant to stop grants.',
            gate.name,
          )
        : problem(
            'priorities',
            `${text}, and nothing is free before it: grants have no effect.`,
            'Move it to 300 or above.',
            gate.name,
          ),
    );
  }
  if (findings.length > 0) return findings;
  return [ok('priorities', `${grants} priorities are free for grants, ${locks} for locks.`, gate.name)];
}
