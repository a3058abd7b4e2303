/** Contract values in words, for tables. */
import type { Grant } from '../../shared/contract/grants.ts';
import type { Plan, PolicyPort } from '../../shared/contract/policies.ts';
import { showName } from '../../shared/domain/hostile.ts';
import { isLive } from '../../shared/domain/live.ts';
import { formatDuration } from '../../shared/domain/time.ts';
import type { Output } from './output.ts';

/** Time left until an instant, rounded to what a person cares for; `over` when it is past. */
export function left(until: string, now: number): string {
  const ms = Date.parse(until) - now;
  if (ms <= 0) return 'over';
  const unit = ms > 3_600_000 ? 60_000 : 1_000;
  return formatDuration(Math.ceil(ms / unit) * unit);
}

/** `22, 53/udp`: the protocol is said where it is not TCP. */
export function portsText(ports: { port: number; protocol: string }[]): string {
  return ports
    .map(({ port, protocol }) => (protocol === 'tcp' ? `${port}` : `${port}/${protocol}`))
    .join(', ');
}

/** A policy as rows of a table: port, longest time, sources. */
export function policyLines(ports: PolicyPort[]): string[][] {
  return ports.map(({ port, protocol, maxMs, sources }) => [
    `${port}/${protocol}`,
    formatDuration(maxMs),
    sources.length === 0 ? 'any' : sources.join(', '),
  ]);
}

/** A grant as a row under `grantHeadings`. `now`: epoch milliseconds. */
export function grantRow(grant: Grant, now: number): string[] {
  return [
    grant.id,
    grant.vmName,
    grant.state,
    isLive(grant) ? left(grant.endsAt, now) : '',
    portsText(grant.ports),
    grant.sources.join(', '),
    grant.endedBy === 'cloud' ? 'the cloud' : 'this computer',
    grant.owner,
  ];
}

export const grantHeadings = ['GRANT', 'VM', 'STATE', 'LEFT', 'PORTS', 'SOURCES', 'ENDED BY', 'OWNER'];

/** Prints plans step by step; steps that change what is not ours stand out. */
export function printPlans(out: Output, plans: Plan[]): void {
  for (const plan of plans) {
    const verb = plan.kind === 'lock' ? 'Lock' : 'Unlock';
    out.line(out.paint('bold', `${verb} ${showName(plan.vmName)}`));
    if (plan.steps.length === 0) out.line('  nothing to change');
    for (const step of plan.steps) {
      const mark = step.foreign ? out.paint('yellow', '!') : ' ';
      out.line(`${mark} ${step.action} ${showName(step.target)}: ${showName(step.what)}`);
    }
    for (const warning of plan.warnings) out.line(out.paint('yellow', `  note: ${showName(warning)}`));
    if (plan.alsoAffects.length > 0) {
      out.line(`  also affects: ${plan.alsoAffects.map(showName).join(', ')}`);
    }
  }
  if (plans.some(plan => plan.steps.some(step => step.foreign))) {
    out.line('Steps marked ! change or remove something that Latchkey did not make.');
  }
}
