/** What the signed-in user may do, by the permissions API, held against what each job takes. */
import { z } from 'zod';
import type { Finding } from '../../../../shared/contract/doctor.ts';
import { ok, problem, warning } from '../../../../shared/domain/doctor/finding.ts';
import {
  type ActionUse,
  actionsFor,
  type Job,
  jobs,
  type Mode,
  type Place,
} from '../../../../shared/domain/rights/azureActions.ts';
import { roleCommand } from '../../../../shared/domain/rights/azureRole.ts';
import { allows, type PermissionSet } from '../../../../shared/domain/rights/permissions.ts';
import { type Arm } from '../armClients.ts';
import { armPath } from '../armIds.ts';

const version = 'api-version=2022-04-01';
const texts = z.array(z.string()).nullish();
const answer = z.object({
  value: z.array(z.object({ actions: texts, notActions: texts })),
  nextLink: z.string().nullish(),
});

/** All permissions the caller has at a scope (an ARM id). Throws LatchkeyError, CLOUD_FORBIDDEN too. */
export async function permissionsAt(arm: Arm, scope: string, signal?: AbortSignal): Promise<PermissionSet[]> {
  const found: PermissionSet[] = [];
  let path: string | undefined = `${armPath(scope)}/providers/Microsoft.Authorization/permissions?${version}`;
  while (path !== undefined) {
    const page = answer.parse(await arm.request({ method: 'GET', path, signal }));
    found.push(...page.value.map(one => ({ actions: one.actions ?? [], notActions: one.notActions ?? [] })));
    const next = page.nextLink ? new URL(page.nextLink) : undefined;
    path = next && next.pathname + next.search;
  }
  return found;
}

/** Where a job's rights are needed: ARM ids for each kind of place. One that is not named is judged at the subscription. */
export type Places = Partial<Record<Place, string[]>> & { subscription: string[] };

/** For each job a finding: may it be done at these places? Reads each scope once. */
export async function rightsFindings(
  arm: Arm,
  places: Places,
  modes: readonly Mode[],
  subject: string,
  signal?: AbortSignal,
): Promise<Finding[]> {
  const scopes = [...new Set(Object.values(places).flat())];
  const permissions = new Map(
    await Promise.all(scopes.map(async scope => [scope, await permissionsAt(arm, scope, signal)] as const)),
  );
  const lacking = (use: ActionUse): string[] =>
    [use.at]
      .flat()
      .flatMap(at => places[at] ?? places.subscription)
      .filter(scope => !allows(permissions.get(scope) ?? [], use.action));
  return jobs.map(job => jobFinding(job, actionsFor(job, modes), lacking, places.subscription[0], subject));
}

const words: Record<Job, string> = {
  view: 'see all that matters',
  request: 'open and shut ports',
  configure: 'lock and unlock',
};

function jobFinding(
  job: Job,
  uses: ActionUse[],
  lacking: (use: ActionUse) => string[],
  subscription: string | undefined,
  subject: string,
): Finding {
  const missing = uses.flatMap(use => {
    const [first, ...more] = lacking(use);
    const others = more.length === 0 ? '' : ` and ${more.length} more`;
    return first === undefined ? [] : [`${use.action} at ${first.split('/').at(-1) ?? first}${others}`];
  });
  if (missing.length === 0) return ok('rights', `You may ${words[job]} here.`, subject);
  const shown = missing.length > 3 ? [...missing.slice(0, 3), `${missing.length - 3} more`] : missing;
  const text = `You may not ${words[job]} here: ${shown.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing.`;
  const command = roleCommand({ job }, subscription?.split('/')[2]);
  const fix = `Ask for the role “Latchkey ${job}” (\`${command}\` prints it), or activate yours if it is a timed one.`;
  // Who only connects needs no right to lock.
  return job === 'configure' ? warning('rights', text, fix, subject) : problem('rights', text, fix, subject);
}
