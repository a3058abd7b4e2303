/** The ways to a token that need no person. */
import type { SignInWay } from '../../../../shared/contract/accounts.ts';

export type MachineWay = Exclude<SignInWay, 'browser' | 'device-code'>;

export function isMachineWay(way: SignInWay): way is MachineWay {
  return way !== 'browser' && way !== 'device-code';
}
