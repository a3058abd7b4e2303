/** The accounts there are, and how each stands: connecting, ready, refused, failed and tried again. */
import type { Account } from '../../../shared/contract/accounts.ts';
import { backoff } from '../../../shared/domain/backoff.ts';
import type { AccountId } from '../../../shared/domain/ids.ts';
import { LatchkeyError, toErrorData } from '../../../shared/errors.ts';
import type { AccountKind } from '../../clouds/accountKind.ts';
import type { Cloud, Scope } from '../../clouds/cloud.ts';
import type { Os } from '../../os/ports.ts';
import type { Activity } from '../services.ts';
import type { AccountRow } from './kept.ts';
import type { Link } from './link.ts';
import type { OwnLink } from './ownLink.ts';
import { throughLink } from './throughLink.ts';

/** More than this between the clocks is told: grants end by the cloud's time, screens show this computer's. */
const clockErrorToTellMs = 60_000;

export interface Entry {
  row: AccountRow;
  how: Pick<Account, 'state' | 'user' | 'error'>;
  cloud: Cloud;
  /** For accounts that somebody signed in to; the practice cloud's have none. */
  own: { kind: AccountKind; link: OwnLink } | undefined;
  /** Ids of the chosen scopes, as they were listed last. */
  seen?: Set<string> | undefined;
  clockTold: boolean;
  memoryTold: boolean;
  /** Tries again to connect: while an account is not ready, nothing of it is shut either. */
  again?: Disposable | undefined;
}

/** Nothing is connected before `connect`. */
export function createEntries(deps: {
  os: Pick<Os, 'clock' | 'random' | 'log'>;
  activity: Pick<Activity, 'write'>;
  changed: () => void;
}) {
  const { os, activity, changed } = deps;
  const entries = new Map<string, Entry>();
  let connecting: Promise<void> = Promise.resolve();
  let stopped = false;

  function enter(row: AccountRow, link: Link, own?: Entry['own']): Entry {
    const entry: Entry = {
      row,
      how: { state: 'connecting', ...(row.user === undefined ? {} : { user: row.user }) },
      cloud: throughLink({
        kind: row.cloud,
        account: row.id,
        link,
        answered: () => checkClock(row.id),
        lookedAt: scopes => lookedAt(entry, scopes),
      }),
      own,
      clockTold: false,
      memoryTold: false,
    };
    entries.set(row.id, entry);
    return entry;
  }

  /**
   * The chosen scopes, but for those that an account added before looks at already: what two users of a tenant see is one
   * thing, and stands in the list once.
   */
  async function lookedAt(entry: Entry, all: Scope[]): Promise<Scope[]> {
    const { chosenScopes } = entry.row;
    const chosen = chosenScopes === undefined ? all : all.filter(({ id }) => chosenScopes.includes(id));
    entry.seen = new Set(chosen.map(({ id }) => id));
    const taken = new Set<string>();
    for (const other of entries.values()) {
      if (other === entry) break;
      if (other.row.cloud !== entry.row.cloud || other.how.state !== 'ready') continue;
      // Its own failure is told by its own refresh.
      if (!other.seen) await other.cloud.scopes().catch(() => undefined);
      for (const id of other.seen ?? []) taken.add(id);
    }
    return chosen.filter(({ id }) => !taken.has(id));
  }

  function get(id: AccountId): Entry {
    const found = entries.get(id);
    if (found) return found;
    throw new LatchkeyError({
      code: 'ACCOUNT_NOT_FOUND',
      message: `There is no account “${id}”.`,
      fix: '`latchkey accounts` lists them.',
    });
  }

  function set(entry: Entry, state: Account['state'], change: Pick<Account, 'user' | 'error'> = {}): void {
    const { user } = entry.how;
    entry.how = { state, ...(user === undefined ? {} : { user }), ...change };
    changed();
  }

  async function connect(entry: Entry, attempt = 1): Promise<void> {
    entry.again?.[Symbol.dispose]();
    set(entry, 'connecting');
    try {
      const { user } = await entry.cloud.identity();
      set(entry, 'ready', { user });
      tellMemory(entry);
    } catch (thrown) {
      const error = toErrorData(thrown);
      os.log.warn({ account: entry.row.id, error: thrown }, 'an account could not be connected');
      const ask = error.code === 'CLOUD_UNAUTHORIZED' && entry.own?.kind.asksPerson(entry.row);
      if (ask) refused(entry, thrown as LatchkeyError);
      else set(entry, 'failed', { error });
      if (ask || stopped || entries.get(entry.row.id) !== entry) return;
      const chance = (os.random.bytes(1)[0] ?? 0) / 256;
      entry.again = os.clock.after(backoff(attempt, chance), () => void connect(entry, attempt + 1));
    }
  }

  /** A person has to sign in again; told once. */
  function refused(entry: Entry, error: LatchkeyError): void {
    if (entry.how.state === 'sign-in-needed' || !entry.own?.kind.asksPerson(entry.row)) return;
    set(entry, 'sign-in-needed', { error: error.toData() });
    activity.write({
      kind: 'account',
      outcome: 'failed',
      account: entry.row.id,
      text: `${entry.row.name} needs you to sign in again.`,
      error: error.toData(),
    });
  }

  /** Says once that there is no keychain; gives true where that is so. */
  function tellMemory(entry: Entry): boolean {
    if (!isInMemory(entry)) return false;
    if (!entry.memoryTold) {
      activity.write({
        kind: 'account',
        outcome: 'failed',
        account: entry.row.id,
        text: `There is no keychain here: the sign-in to ${entry.row.name} is kept in memory and ends with Latchkey’s broker.`,
      });
    }
    entry.memoryTold = true;
    return true;
  }

  function checkClock(id: AccountId): void {
    const entry = entries.get(id);
    if (!entry) return;
    const aheadMs = -entry.cloud.clockOffset();
    const wrong = Math.abs(aheadMs) > clockErrorToTellMs;
    if (wrong && !entry.clockTold) {
      const seconds = Math.round(Math.abs(aheadMs) / 1000);
      activity.write({
        kind: 'account',
        outcome: 'failed',
        account: id,
        text: `This computer’s clock is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the clock of ${entry.row.name}. Grants end by the cloud’s time.`,
      });
    }
    if (wrong !== entry.clockTold) {
      entry.clockTold = wrong;
      changed();
    }
  }

  return {
    enter,
    get,
    connect,
    refused,
    tellMemory,
    ready: (entry: Entry, user: string) => set(entry, 'ready', { user }),
    has: (id: string) => entries.has(id),
    all: () => [...entries.values()],
    /** Connects all that are not ready, and are not waiting for a person either. */
    connectAll(): Promise<void> {
      const waiting = [...entries.values()].filter(
        ({ how }) => how.state !== 'ready' && how.state !== 'sign-in-needed',
      );
      connecting = Promise.all(waiting.map(entry => connect(entry))).then(() => undefined);
      return connecting;
    },
    settled: () => connecting,
    drop(entry: Entry): void {
      entry.again?.[Symbol.dispose]();
      entries.delete(entry.row.id);
      entry.own?.link.close();
    },
    stop(): void {
      stopped = true;
      for (const { again, own } of entries.values()) {
        again?.[Symbol.dispose]();
        own?.link.close();
      }
    },
  };
}

function isInMemory({ own, how }: Entry): boolean {
  return how.state === 'ready' && (own?.link.inMemory() ?? false);
}

/** An account as the contract tells it. */
export function toAccount(entry: Entry): Account {
  const { row, how, cloud, own } = entry;
  return {
    id: row.id,
    name: row.name,
    cloud: row.cloud,
    kind: own?.kind.kind ?? 'practice',
    addedAt: new Date(row.addedAt).toISOString(),
    ...how,
    ...own?.kind.describe(row),
    ...(row.chosenScopes === undefined ? {} : { chosenScopes: row.chosenScopes }),
    ...(isInMemory(entry) ? { inMemory: true } : {}),
    ...(how.state === 'ready' ? { clockAheadMs: -Math.round(cloud.clockOffset()) } : {}),
  };
}
