/**
 * The mark a rule of ours carries in its own description, so that whoever reads it later knows when it must go.
 * (Implementation: formatMark, parseMark below.)
 */
import type { GrantId } from './ids.ts';

export interface RuleMark {
  grant: GrantId;
  owner: string;
  /** Epoch milliseconds, in the cloud's time. */
  end: number;
  vmName: string;
}
