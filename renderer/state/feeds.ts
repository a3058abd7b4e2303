/** Fills the stores from the broker's watches. Nothing polls. */
import { useAccounts } from './accounts.ts';
import { reloadActivity, showNewActivity } from './activity.ts';
import { follow, type Taken } from './follow.ts';
import { useGrants } from './grants.ts';
import { useMyIp } from './myIp.ts';
import { notePolicyChange } from './policyChanges.ts';
import { useSettings } from './settings.ts';
import { act } from './toasts.ts';
import type { Client } from './transport.ts';
import { useVms } from './vms.ts';

/** Starts every watch on a fresh connection. */
export function startFeeds(client: Client, signal: AbortSignal): void {
  const run = <T>(
    open: (options: { signal: AbortSignal }) => Promise<AsyncIterable<T>>,
    take: (value: T) => Taken,
  ): void => {
    void follow(own => open({ signal: own }), take, signal);
  };
  run(options => client.vms.watch({}, options), useVms.getState().take);
  run(options => client.grants.watch({}, options), useGrants.getState().take);
  run(
    options => client.accounts.watch({}, options),
    ({ accounts }) => {
      useAccounts.setState({ accounts });
      return 'taken';
    },
  );
  run(
    options => client.egress.watch({}, options),
    myIp => {
      useMyIp.setState({ myIp });
      return 'taken';
    },
  );
  run(
    options => client.activity.watch({}, options),
    row => {
      showNewActivity();
      notePolicyChange(row);
      return 'taken';
    },
  );
  act(() => useSettings.getState().load());
  void reloadActivity();
}
