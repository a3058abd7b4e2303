/** Plans: steps in words, each with what carries it out. */
import { createHash } from 'node:crypto';
import type { Plan, PlanStep } from '../../../shared/contract/policies.ts';
import { LatchkeyError } from '../../../shared/errors.ts';

export interface Step extends PlanStep {
  run: (signal?: AbortSignal) => Promise<void>;
}

export interface Draft extends Omit<Plan, 'steps' | 'fingerprint'> {
  steps: Step[];
}

/** The plan a person is shown. Its fingerprint is the SHA-256 of everything else in it. */
export function toPlan(draft: Draft): Plan {
  const steps = draft.steps.map(({ run: _run, ...step }): PlanStep => step);
  const { vm, vmName, cloud, kind, policy, warnings, alsoAffects } = draft;
  const plan = {
    vm,
    vmName,
    cloud,
    kind,
    ...(policy === undefined ? {} : { policy }),
    steps,
    warnings,
    alsoAffects,
  };
  return { ...plan, fingerprint: createHash('sha256').update(JSON.stringify(plan)).digest('hex') };
}

/**
 * Carries out what is still to be done, as drafted now. Throws PLAN_CHANGED, before anything is done, if that would
 * change something foreign that the confirmed plan does not name.
 */
export async function carryOut(
  draft: Draft,
  confirmed: Plan,
  onStep: (index: number) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const places = draft.steps.map(step => confirmed.steps.findIndex(known => same(known, step)));
  const news = draft.steps.filter((step, i) => step.foreign && places[i] === -1);
  if (news.length > 0) {
    throw new LatchkeyError({
      code: 'PLAN_CHANGED',
      message: `Things have changed since the plan was made: ${news.map(step => step.what).join(' ')}`,
      fix: 'Look at the new plan and confirm it.',
      detail: { steps: news.map(step => step.what) },
    });
  }
  let index = 0;
  for (const [i, step] of draft.steps.entries()) {
    // A step of our own that the plan did not need, because it was undone meanwhile, counts with the one before it.
    index = Math.max(index, places[i] ?? 0);
    await onStep(index);
    await step.run(signal);
  }
}

function same(a: PlanStep, b: PlanStep): boolean {
  return a.action === b.action && a.target === b.target && a.what === b.what;
}
