/** What stands between a Cloud that others hold for good and the connection behind it, which comes and goes. */
import type { AccountId } from '../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Cloud } from '../../clouds/cloud.ts';

export interface Link {
  /** The cloud as it is connected now. Throws CLOUD_UNREACHABLE before the first connection. */
  now(account: AccountId): Cloud;
  /** The cloud, connecting first where that was not done yet. */
  get(account: AccountId): Promise<Cloud>;
  /**
   * After a call on `used` failed: true if there is now reason to call again, because the cloud was found elsewhere or
   * somebody has connected anew meanwhile.
   */
  recover(account: AccountId, used: Cloud, error: LatchkeyError): Promise<boolean>;
  /** The error as callers shall see it: what to do about it depends on the account. */
  told?(error: LatchkeyError): LatchkeyError;
  /** As `Cloud.clockOffset`; 0 while not connected. */
  clockOffset(account: AccountId): number;
}

/** `what`: what is not connected yet, at the beginning of a sentence. */
export function notConnected(what: string): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_UNREACHABLE',
    message: `${what} is not connected yet.`,
    fix: 'Try again in a moment; `latchkey accounts` says how it stands.',
  });
}
