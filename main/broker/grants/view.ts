/** A grant as the doors show it. */
import type { Grant } from '../../../shared/contract/grants.ts';
import type { Policy } from '../../../shared/contract/policies.ts';
import { isLive } from '../../../shared/domain/live.ts';
import { maxTime } from '../../../shared/domain/request.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Instant } from '../../os/ports.ts';
import { driftSentence } from './drift.ts';
import type { GrantRecord, RuleRecord } from './records.ts';

const iso = (at: Instant) => new Date(at).toISOString();

/** Said of every grant that is over: neither NSGs nor security groups end what is up. */
const sessionsGoOn = 'The port is closed to new connections; a session that is open may go on.';

const removedByOthers = 'Its rule was removed in the cloud by somebody else.';

function isDrifted(rule: RuleRecord): boolean {
  return rule.state === 'standing' && rule.drift.length > 0;
}

/** `policy` is the VM's as known now; `now` is in the cloud's time. */
export function grantView(
  grant: GrantRecord,
  rules: RuleRecord[],
  policy: Policy | undefined,
  now: Instant,
): Grant {
  const live = isLive(grant);
  const longest = live && policy ? longestFor(grant, policy) : undefined;
  return {
    id: grant.id,
    vm: grant.vm,
    vmName: grant.vmName,
    cloud: grant.cloud,
    account: grant.account,
    owner: grant.owner,
    state: grant.state,
    ports: grant.ports,
    sources: grant.sources,
    reason: grant.reason,
    requestedAt: iso(grant.requestedAt),
    openedAt: grant.openedAt === undefined ? undefined : iso(grant.openedAt),
    endsAt: iso(grant.endsAt),
    closedAt: grant.closedAt === undefined ? undefined : iso(grant.closedAt),
    endedBy: endedBy(rules),
    maxEndsAt: longest === undefined ? undefined : iso(Math.max(grant.endsAt, now + longest)),
    rules: rules.map(rule => ({
      gate: rule.gate,
      gateName: rule.order.gateName,
      names: [...rule.names, ...rule.foreign],
      state: isDrifted(rule) ? 'changed' : rule.state,
      ports: rule.order.ports,
      sources: rule.order.sources,
    })),
    ...endpoints(rules),
    notes: [
      ...grant.notes,
      ...(live ? rules.filter(isDrifted).map(rule => driftSentence(rule, rule.drift)) : []),
      ...(grant.cause === 'removed' ? [removedByOthers] : []),
      ...(grant.state === 'closed' ? [sessionsGoOn] : []),
    ],
    error: grant.error,
  };
}

/** The longest time the policy allows for all of the grant's ports together; undefined if one is not in it any more. */
function longestFor(grant: GrantRecord, policy: Policy): number | undefined {
  try {
    return maxTime(policy, grant.ports);
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === 'PORT_NOT_IN_POLICY') return undefined;
    throw error;
  }
}

/** Only what stands leads anywhere. */
function endpoints(rules: RuleRecord[]): Pick<Grant, 'endpoints'> {
  const all = rules.filter(rule => rule.state === 'standing').flatMap(rule => rule.endpoints);
  return all.length === 0 ? {} : { endpoints: all };
}

/** The cloud, if it ends every rule that was written for the grant; one that was there before it ends with nobody. */
function endedBy(rules: RuleRecord[]): Grant['endedBy'] {
  const own = rules.filter(rule => rule.state !== 'foreign');
  return own.length > 0 && own.every(rule => rule.endedBy === 'cloud') ? 'cloud' : 'this-computer';
}
