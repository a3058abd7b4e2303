/** What the parts of this folder share: the ledger, the gates, and how to tell others. */
import type { AccountId, GrantId } from '../../../shared/domain/ids.ts';
import type { Clock, Instant, Logger, Random } from '../../os/ports.ts';
import type { Accounts, Activity, Egress, Inventory, NewActivity } from '../services.ts';
import type { Endings } from './endings.ts';
import type { GateKeeper } from './gateKeeper.ts';
import type { Ledger } from './ledger.ts';
import type { GrantRecord } from './records.ts';

export interface GrantsContext {
  ledger: Ledger;
  keeper: GateKeeper;
  endings: Endings;
  accounts: Accounts;
  inventory: Pick<Inventory, 'find' | 'get' | 'put' | 'fresh' | 'behind' | 'refresh'>;
  egress: Pick<Egress, 'sources'>;
  activity: Pick<Activity, 'write'>;
  clock: Clock;
  random: Random;
  log: Logger;
  /** Now, in the time of the account's cloud. */
  cloudNow(account: AccountId): Instant;
  /** Asks the clouds for their time, for a moment: after this computer's clock was set, what was known of it is wrong. */
  askTime(): Promise<void>;
  /** False while the account is not signed in: its gates can't be reached, and waiting is better than failing. */
  usable(account: AccountId): boolean;
  /** Tells watchers that this grant changed. */
  changed(grant: GrantId): void;
  /** Writes an activity row with everything the grant knows. */
  tell(
    grant: GrantRecord,
    kind: NewActivity['kind'],
    row: Pick<NewActivity, 'text' | 'outcome' | 'error'>,
  ): void;
  /** Looks again when the next end is due. */
  wake(): void;
}

export function portsText(grant: Pick<GrantRecord, 'ports'>): string {
  return grant.ports.map(port => `${port.port}/${port.protocol}`).join(' ');
}
