/** What a person confirmed is what is done: comparing plans. */
import type { Plan, PlanStep } from '../../../shared/contract/policies.ts';
import { LatchkeyError } from '../../../shared/errors.ts';

/**
 * Every plan must be one that was shown. Throws CONFIRM_NEEDED when nothing was confirmed though a plan changes what is
 * not ours, PLAN_CHANGED when something else was; both hold the plans as they are now in `detail`.
 */
export function checkConfirmed(plans: Plan[], fingerprints: string[]): void {
  const shown = new Set(fingerprints);
  const others = plans.filter(plan => !shown.has(plan.fingerprint));
  if (others.length === 0) return;
  const detail = { plans: others };
  const names = others.map(plan => plan.vmName).join(', ');
  if (fingerprints.length > 0) {
    throw new LatchkeyError({
      code: 'PLAN_CHANGED',
      message: `What would change on ${names} is not what was shown any more.`,
      fix: 'Look at the new plan and confirm it.',
      detail,
    });
  }
  const foreign = others.filter(plan => plan.steps.some(step => step.foreign));
  if (foreign.length === 0) return;
  throw new LatchkeyError({
    code: 'CONFIRM_NEEDED',
    message: `This changes rules that are not Latchkey’s on ${foreign.map(plan => plan.vmName).join(', ')}.`,
    fix: 'Look at the plan and confirm it (on the command line: --yes).',
    detail,
  });
}

/** Throws PLAN_CHANGED if the fresh plan has a foreign step that the confirmed one has not. */
export function onlyConfirmed(fresh: Plan, confirmed: Plan): void {
  const known = new Set(confirmed.steps.filter(step => step.foreign).map(text));
  const news = fresh.steps.filter(step => step.foreign && !known.has(text(step)));
  if (news.length === 0) return;
  throw new LatchkeyError({
    code: 'PLAN_CHANGED',
    message: `Finishing would now also change what nobody confirmed: ${news.map(step => step.what).join(' ')}`,
    fix: `Plan it again for ${fresh.vmName}.`,
    detail: { vm: fresh.vm },
  });
}

function text(step: PlanStep): string {
  return JSON.stringify([step.action, step.target, step.what, step.before, step.after]);
}
