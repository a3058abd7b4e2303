/** Findings of the doctor, made short to write. */
import type { CheckName, Finding } from '../../contract/doctor.ts';

export function ok(check: CheckName, text: string, subject?: string): Finding {
  return { check, state: 'ok', text, ...(subject === undefined ? {} : { subject }) };
}

export function warning(check: CheckName, text: string, fix: string, subject?: string): Finding {
  return { check, state: 'warning', text, fix, ...(subject === undefined ? {} : { subject }) };
}

export function problem(check: CheckName, text: string, fix: string, subject?: string): Finding {
  return { ...warning(check, text, fix, subject), state: 'problem' };
}
