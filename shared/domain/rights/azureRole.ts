/** Custom role definitions for Azure, exactly sufficient for a job. */
import { type ActionUse, actionsFor, type Job, type Mode, modes } from './azureActions.ts';

/** A role definition as `az role definition create` and the portal take it. */
export interface AzureRole {
  Name: string;
  IsCustom: true;
  Description: string;
  Actions: string[];
  NotActions: string[];
  DataActions: string[];
  NotDataActions: string[];
  AssignableScopes: string[];
}

const purposes: Record<Job, string> = {
  view: 'See VMs, who gets in, and where to connect to.',
  request: 'Open ports of VMs for a bounded time, and shut them.',
  configure: 'Lock and unlock VMs, and open their ports for a bounded time.',
};

/** `subscriptions`: ids, at least one. `modes` empty or absent: all. `doctor`: with the reads that only the doctor does. */
export function azureRole(options: {
  job: Job;
  modes?: readonly Mode[] | undefined;
  doctor?: boolean | undefined;
  name?: string | undefined;
  subscriptions: readonly string[];
}): AzureRole {
  const { job, doctor = false, subscriptions } = options;
  const chosen = options.modes?.length ? modes.filter(mode => options.modes?.includes(mode)) : modes;
  const some = chosen.length < modes.length ? ` (${chosen.join(', ')})` : '';
  return {
    Name: options.name ?? `Latchkey ${job}${some}`,
    IsCustom: true,
    Description: `${purposes[job]} What Latchkey needs for it, and nothing else.`,
    Actions: [...new Set(actionsFor(job, chosen, doctor).map(({ action }) => action))],
    NotActions: [],
    DataActions: [],
    NotDataActions: [],
    AssignableScopes: subscriptions.map(id => `/subscriptions/${id}`),
  };
}

/** The command that prints a role with this action in it. */
export function roleCommand(use: Pick<ActionUse, 'job'>, subscription?: string): string {
  const job = use.job === 'doctor' ? 'view --doctor' : use.job;
  return `latchkey roles azure --for ${job}${subscription === undefined ? '' : ` --subscription ${subscription}`}`;
}
