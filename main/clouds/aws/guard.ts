/** Installing, showing and removing the guard of an AWS account: see guardRole.ts for what it is. */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { GuardPlan, GuardState, guardStep } from '../../../shared/contract/guard.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { cloudCode, isNotFound } from '../calls.ts';
import type { CloudGuard } from '../cloud.ts';
import type { Connection } from './connection.ts';
import {
  type GuardRole,
  guardArn,
  guardDescription,
  guardName,
  rightsPolicy,
  trustPolicy,
} from './guardRole.ts';
import { listSchedules, removeSchedule } from './schedules.ts';

const policyName = 'latchkey-revoke';

interface Step extends z.infer<typeof guardStep> {
  run: (signal?: AbortSignal) => Promise<void>;
}

/** The role as it is. */
interface Found {
  trust: string | undefined;
  rights: string | undefined;
  /** Inline policies that are not ours. */
  others: string[];
}

/** `account` tells the account's number. */
export function createGuard(aws: Connection, role: GuardRole, account: () => Promise<string>): CloudGuard {
  async function schedules(signal?: AbortSignal): Promise<{ region: string; rule: string }[]> {
    const regions = await aws.regions(signal);
    const all = await Promise.all(
      regions.map(async region => (await listSchedules(aws, region, signal)).map(rule => ({ region, rule }))),
    );
    return all.flat();
  }

  async function draft(kind: GuardPlan['kind'], signal?: AbortSignal) {
    const number = await account();
    const found = await readRole(aws, signal);
    if (kind === 'install') return { steps: installSteps(aws, number, found), warnings: [] };
    const held = await schedules(signal);
    const steps = [
      ...(held.length === 0 ? [] : [schedulesStep(aws, held)]),
      ...(found === undefined ? [] : removeSteps(aws, number, found)),
    ];
    const warnings =
      held.length === 0
        ? []
        : [
            `${held.length === 1 ? 'One rule loses' : `${held.length} rules lose`} the schedule that would shut it: from then on only the computer that opened it does.`,
          ];
    return { steps, warnings };
  }

  return {
    async state(signal) {
      try {
        const found = await readRole(aws, signal);
        const holds = (await schedules(signal)).length;
        return { ...stateOf(found, aws, await account()), holds };
      } catch (error) {
        if (!(error instanceof LatchkeyError) || error.code !== 'CLOUD_FORBIDDEN') throw error;
        return { state: 'unknown', says: [error.message] };
      }
    },
    plan: async (kind, signal) => toPlan(kind, await draft(kind, signal)),
    async apply(plan, signal) {
      const now = await draft(plan.kind, signal);
      // Schedules come and go with grants; what is done to the account is what was confirmed.
      const known = new Set(plan.steps.map(wordsOf));
      const news = now.steps.filter(step => !known.has(wordsOf(step)));
      if (news.length > 0) {
        throw new LatchkeyError({
          code: 'PLAN_CHANGED',
          message: `Things have changed since the plan was made: ${news.map(step => step.what).join(' ')}`,
          fix: 'Look at the new plan and confirm it.',
        });
      }
      role.forget();
      for (const step of now.steps) await step.run(signal);
      role.forget();
    },
  };
}

/** A step's words without how many schedules there are. */
function wordsOf(step: z.infer<typeof guardStep>): string {
  return JSON.stringify([step.what.replace(/\d+ schedules?/, 'schedules'), step.document]);
}

function toPlan(
  kind: GuardPlan['kind'],
  { steps, warnings }: { steps: Step[]; warnings: string[] },
): GuardPlan {
  const plan = { kind, steps: steps.map(({ run: _run, ...step }) => step), warnings };
  return { ...plan, fingerprint: createHash('sha256').update(JSON.stringify(plan)).digest('hex') };
}

function stateOf(found: Found | undefined, aws: Connection, account: string): GuardState {
  if (found === undefined) {
    return {
      state: 'absent',
      says: [`There is no role ${guardName}: grants are ended by the computer that opened them.`],
    };
  }
  const wrong = [
    ...(same(found.trust, trustPolicy(account))
      ? []
      : [`The role ${guardName} trusts others than it should.`]),
    ...(same(found.rights, rightsPolicy(aws, account))
      ? []
      : [`The role ${guardName} lacks the policy ${policyName}, or has another one of that name.`]),
  ];
  if (wrong.length > 0) return { state: 'broken', says: [...wrong, 'Install the guard again.'] };
  return {
    state: 'installed',
    says: [`EventBridge Scheduler ends grants with the role ${guardArn(aws, account)}.`],
  };
}

function installSteps(aws: Connection, account: string, found: Found | undefined): Step[] {
  const trust = pretty(trustPolicy(account));
  const rights = pretty(rightsPolicy(aws, account));
  const steps: Step[] = [];
  if (found === undefined) {
    steps.push({
      what: `Create the IAM role ${guardArn(aws, account)}, which only EventBridge Scheduler of this account may take.`,
      document: trust,
      async run(signal) {
        const input = {
          RoleName: guardName,
          AssumeRolePolicyDocument: trust,
          Description: guardDescription,
          Tags: [{ Key: 'latchkey', Value: 'guard' }],
        };
        try {
          await aws.iam('CreateRole', (iam, o) => iam.createRole(input, o), signal);
        } catch (error) {
          // Our own answer was lost, or a colleague installs it too.
          if (cloudCode(error)?.startsWith('EntityAlreadyExists') !== true) throw error;
        }
      },
    });
  } else if (!same(found.trust, trustPolicy(account))) {
    steps.push({
      what: `Set who may take the IAM role ${guardName}: only EventBridge Scheduler of this account.`,
      document: trust,
      async run(signal) {
        const input = { RoleName: guardName, PolicyDocument: trust };
        await aws.iam('UpdateAssumeRolePolicy', (iam, o) => iam.updateAssumeRolePolicy(input, o), signal);
      },
    });
  }
  if (!same(found?.rights, rightsPolicy(aws, account))) {
    steps.push({
      what: `Let it revoke inbound rules of VMs' own security groups, and nothing else (inline policy ${policyName}).`,
      document: rights,
      async run(signal) {
        const input = { RoleName: guardName, PolicyName: policyName, PolicyDocument: rights };
        await aws.iam('PutRolePolicy', (iam, o) => iam.putRolePolicy(input, o), signal);
      },
    });
  }
  return steps;
}

function schedulesStep(aws: Connection, held: { region: string; rule: string }[]): Step {
  return {
    what: `Remove ${held.length} schedule${held.length === 1 ? '' : 's'} of grants in ${[...new Set(held.map(({ region }) => region))].toSorted().join(', ')}.`,
    async run(signal) {
      await Promise.all(held.map(({ region, rule }) => removeSchedule(aws, region, rule, signal)));
    },
  };
}

function removeSteps(aws: Connection, account: string, found: Found): Step[] {
  return [
    {
      what: `Delete the IAM role ${guardArn(aws, account)} with its policy.`,
      async run(signal) {
        if (found.others.length > 0) throw others(found.others);
        if (found.rights !== undefined) {
          const policy = { RoleName: guardName, PolicyName: policyName };
          await gone(aws.iam('DeleteRolePolicy', (iam, o) => iam.deleteRolePolicy(policy, o), signal));
        }
        await gone(aws.iam('DeleteRole', (iam, o) => iam.deleteRole({ RoleName: guardName }, o), signal));
      },
    },
  ];
}

async function gone(removing: Promise<unknown>): Promise<void> {
  try {
    await removing;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function others(names: string[]): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_CONFLICT',
    message: `The role ${guardName} has policies that Latchkey did not make (${names.join(', ')}), so it was left.`,
    fix: 'Remove them by hand if nobody needs them, then try again.',
  });
}

/** The role with its policies; undefined if there is none. */
async function readRole(aws: Connection, signal?: AbortSignal): Promise<Found | undefined> {
  const RoleName = guardName;
  try {
    const { Role } = await aws.iam('GetRole', (iam, o) => iam.getRole({ RoleName }, o), signal);
    const { PolicyNames = [] } = await aws.iam(
      'ListRolePolicies',
      (iam, o) => iam.listRolePolicies({ RoleName }, o),
      signal,
    );
    const ours = PolicyNames.includes(policyName)
      ? await aws.iam(
          'GetRolePolicy',
          (iam, o) => iam.getRolePolicy({ RoleName, PolicyName: policyName }, o),
          signal,
        )
      : undefined;
    return {
      trust: Role?.AssumeRolePolicyDocument,
      rights: ours?.PolicyDocument,
      others: PolicyNames.filter(name => name !== policyName),
    };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Is the document, URL-encoded as IAM gives it, this one? Order of keys and spaces are nothing. */
function same(document: string | undefined, wanted: object): boolean {
  if (document === undefined) return false;
  try {
    return canonical(JSON.parse(decodeURIComponent(document))) === canonical(wanted);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof URIError) return false;
    throw error;
  }
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function pretty(document: object): string {
  return JSON.stringify(document, undefined, 2);
}
