/** The broker: its concerns put together, started in the order that recovery needs. Wiring only. */
import type { AccountId } from '../../shared/domain/ids.ts';
import { isLive } from '../../shared/domain/live.ts';
import type { AccountKind } from '../clouds/accountKind.ts';
import type { Os } from '../os/ports.ts';
import { createAccounts } from './accounts/index.ts';
import type { ConnectPractice } from './accounts/practiceLink.ts';
import { createActivity } from './activity/index.ts';
import { createHistory } from './activity/pull.ts';
import { createConnect } from './connect/index.ts';
import { createDoctor } from './doctor/index.ts';
import { createEgress } from './egress/index.ts';
import { createGrants, type GrantsService } from './grants/index.ts';
import { createGuards } from './guard/index.ts';
import { createInventory } from './inventory/index.ts';
import { createPolicies } from './policies/index.ts';
import type { Accounts } from './services.ts';
import { createSettings } from './settings.ts';
import { openStore } from './store.ts';

export type Broker = Awaited<ReturnType<typeof createBroker>>;

export interface BrokerOptions {
  os: Os;
  connectPractice: ConnectPractice;
  /** What can be signed in to. */
  accountKinds: AccountKind[];
  /** Where the ledger, known_hosts and started clients' files are. */
  dataDirectory: string;
  host: 'desktop' | 'headless';
  version: string;
  /** Called when a door asks this broker to make way for the desktop app. */
  leave: () => void;
}

/** Opens the ledger and puts the concerns together; nothing runs before `start`. Throws LEDGER_NEWER, DISK_FULL. */
export async function createBroker(options: BrokerOptions) {
  const { os, dataDirectory } = options;
  const { db, setAside, begunAnew } = await openStore(os, dataDirectory);

  // Grants know accounts and inventory, and these two ask about grants; everybody writes activity, which knows of accounts: these are the late ones.
  const late: { grants?: GrantsService; accounts?: Accounts } = {};
  const cloudOf = (account: AccountId) => late.accounts?.clouds().find(cloud => cloud.account === account);
  const settings = createSettings({ db, os });
  const activity = createActivity({
    db,
    os,
    clouds: {
      offset: account => cloudOf(account)?.clockOffset() ?? 0,
      isLogRead: account => cloudOf(account) !== undefined,
    },
  });
  const accounts = createAccounts({
    db,
    os,
    activity,
    settings,
    connectPractice: options.connectPractice,
    kinds: options.accountKinds,
    hasLiveGrants: account =>
      late.grants?.list(false).some(grant => grant.account === account && isLive(grant)) ?? false,
  });
  late.accounts = accounts;
  const egress = createEgress({ os, settings, accounts });
  const inventory = createInventory({ db, os, accounts, activity, egress, settings });
  const grants = createGrants({
    db,
    os,
    accounts,
    inventory,
    egress,
    activity,
    begunAnew,
  });
  late.grants = grants;
  const guard = createGuards({ accounts, grants, activity });
  const policies = createPolicies({ db, os, accounts, inventory, activity });
  const connect = createConnect({ db, os, dataDirectory, accounts, inventory, egress, grants, activity });
  const doctor = createDoctor({ os, accounts, inventory, egress, client: kind => connect.client(kind) });
  const granted = grants.onChange(grant => inventory.granted(grant));
  const history = createHistory({
    db,
    os,
    accounts,
    inventory,
    activity,
    changed: vms => inventory.told(vms),
  });

  return {
    services: {
      accounts,
      activity,
      connect,
      doctor,
      egress,
      grants,
      guard,
      history,
      inventory,
      policies,
      settings,
    },
    info: () => ({
      version: options.version,
      host: options.host,
      dataDirectory,
      user: os.userName,
      pid: process.pid,
    }),
    leave: options.leave,
    /** Accounts connect in the background; what a crash cut off is finished as they become ready. */
    start() {
      if (setAside !== undefined) {
        activity.write({
          kind: 'broker',
          outcome: 'failed',
          text: `The ledger was damaged. It was set aside as ${setAside}; grants are found again by their rules.`,
        });
      }
      for (const grant of grants.list(false)) inventory.granted(grant);
      accounts.start();
      grants.start();
      policies
        .recover()
        .catch((error: unknown) => os.log.error({ error }, 'locks that were cut off could not be looked at'));
      inventory.start();
      history.start();
    },
    stop() {
      history.stop();
      granted[Symbol.dispose]();
      inventory.stop();
      policies.stop();
      grants.stop();
      egress.stop();
      accounts.stop();
      os.keyAgent.close();
      db[Symbol.dispose]();
    },
  };
}
