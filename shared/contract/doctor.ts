/** The doctor: what may stand in the way of a VM, an account or this computer, found without changing anything. */
import { z } from 'zod';
import { procedure, vmRef } from './common.ts';

/** What was looked at. */
export const checkName = z.enum([
  'sign-in',
  'clock',
  'scopes',
  'plan',
  'rights',
  'policy',
  'exposure',
  'priorities',
  'rules',
  'admin-rules',
  'locks',
  'power',
  'address',
  'my-ip',
  'client',
  'keychain',
]);
export type CheckName = z.infer<typeof checkName>;

export const finding = z.object({
  check: checkName,
  /** The thing it is about, where there are several: an account, a subscription, a gate, a program. */
  subject: z.string().optional(),
  /** `warning`: works, and may not for long or not as meant; `problem`: something Latchkey does here will fail, or is in danger. */
  state: z.enum(['ok', 'warning', 'problem']),
  /** One sentence. */
  text: z.string(),
  /** What to do about it; every warning and problem has one. */
  fix: z.string().optional(),
});
export type Finding = z.infer<typeof finding>;

export const examination = z.object({
  /** The VM that was examined; absent: the accounts and this computer. */
  vm: z.object({ id: z.string(), name: z.string() }).optional(),
  findings: z.array(finding),
});
export type Examination = z.infer<typeof examination>;

export const doctorContract = {
  /** Reads only. With `vm`: that VM and all it takes to reach it; without: every account and this computer. */
  examine: procedure.input(z.object({ vm: vmRef.optional() })).output(examination),
};
