/** The accounts; `undefined` until the broker told them. */
import { create } from 'zustand';
import type { Account } from '../../shared/contract/accounts.ts';

export const useAccounts = create<{ accounts: Account[] | undefined }>(() => ({ accounts: undefined }));

/** How far this computer's clock is ahead of an account's cloud, in milliseconds: ends are told in the cloud's time. */
export function useClockAhead(account: string): number {
  return useAccounts(({ accounts }) => accounts?.find(({ id }) => id === account)?.clockAheadMs ?? 0);
}
