/** Which rules let people in to the ports of a policy. */
import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { Policy } from '../../../shared/contract/policies.ts';
import { readMarks } from './grantTags.ts';
import { gateRule } from './rules.ts';

/**
 * Does the rule let addresses in to a protected port? Grants' rules may. Rules for members of a group may too: their
 * members are machines of the same network, and whole applications talk through them.
 */
export function exposes(rule: SecurityGroupRule, policy: Policy): boolean {
  return readMarks(rule) === undefined && rule.ReferencedGroupInfo === undefined && reaches(rule, policy);
}

/** Do protocol and ports of the rule cover any port of the policy, whoever it is for? */
export function reaches(rule: SecurityGroupRule, policy: Policy): boolean {
  const { protocol, ports } = gateRule(rule);
  const either = protocol === 'tcp' || protocol === 'udp';
  return policy.ports.some(
    wanted =>
      (protocol === 'any' || protocol === wanted.protocol || (wanted.protocol === 'any' && either)) &&
      ports.some(({ from, to }) => from <= wanted.port && wanted.port <= to),
  );
}
