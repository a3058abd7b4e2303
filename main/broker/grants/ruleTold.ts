/** What is written to a gate, in the activity. */
import type { Activity } from '../services.ts';
import type { RuleRecord } from './records.ts';

/** One row for one rule that was written, removed, or changed by somebody else. */
export function tellRule(
  activity: Pick<Activity, 'write'>,
  rule: RuleRecord,
  kind: 'rule-written' | 'rule-removed' | 'changed',
  text: string,
  correlation: string | undefined,
): void {
  const { order } = rule;
  activity.write({
    kind,
    text,
    correlation,
    ...(kind === 'changed' ? { user: 'somebody else' } : {}),
    vm: order.vm,
    vmName: order.mark.vmName,
    account: rule.account,
    grant: order.mark.grant,
    ports: order.ports.map(port => `${port}/${order.protocol}`).join(' '),
    source: order.sources.join(' '),
  });
}
