/**
 * Accounts: what the person signed in to. For now these are the two of the practice cloud. Kept in the ledger,
 * connected again in the background at every start.
 */
import type { Account } from '../../../shared/contract/accounts.ts';
import { backoff } from '../../../shared/domain/backoff.ts';
import { type AccountId, parseAccountId } from '../../../shared/domain/ids.ts';
import { LatchkeyError, toErrorData } from '../../../shared/errors.ts';
import type { Cloud } from '../../clouds/cloud.ts';
import type { Database, Os } from '../../os/ports.ts';
import { createChanges } from '../changes.ts';
import type { Accounts, Activity } from '../services.ts';
import { type ConnectPractice, createPracticeLink } from './practiceLink.ts';
import { throughLink } from './throughLink.ts';

/** More than this between the clocks is told: grants end by the cloud's time, screens show this computer's. */
const clockErrorToTellMs = 60_000;

const practiceAccounts = [
  { id: parseAccountId('practice-azure'), name: 'Practice Azure', cloud: 'azure' },
  { id: parseAccountId('practice-aws'), name: 'Practice AWS', cloud: 'aws' },
] as const;

interface Entry {
  account: Account;
  cloud: Cloud;
  clockTold: boolean;
  /** Tries again to connect: while an account is not ready, nothing of it is shut either. */
  again?: Disposable | undefined;
}

export interface AccountsService extends Accounts {
  /** Begins to connect all kept accounts, in the background. */
  start(): void;
  /** Resolves when no account is connecting any more, whether that worked or not. */
  settled(): Promise<void>;
  /** The certificate authority of an account's own observers (PEM), where they have one of their own. */
  authority(account: AccountId): string | undefined;
  stop(): void;
}

/** Reads the kept accounts from the ledger; nothing is connected before `start`. */
export function createAccounts(deps: {
  db: Database;
  os: Pick<Os, 'clock' | 'random' | 'http' | 'files' | 'log' | 'practice'>;
  connectPractice: ConnectPractice;
  activity: Pick<Activity, 'write'>;
  /** Late: grants are made after accounts. */
  hasLiveGrants: (account: AccountId) => boolean;
}): AccountsService {
  const { db, os, activity } = deps;
  const changes = createChanges<undefined>();
  const link = createPracticeLink(os, deps.connectPractice);
  const entries = new Map<string, Entry>();
  for (const row of db.all('SELECT * FROM account ORDER BY added_at, id')) {
    const known = practiceAccounts.find(({ id }) => id === row.id);
    if (known) enter(known, Number(row.added_at));
    else os.log.warn({ id: row.id }, 'the ledger has an account of an unknown kind');
  }
  let connecting: Promise<void> = Promise.resolve();
  let stopped = false;

  function enter(known: (typeof practiceAccounts)[number], addedAt: number): void {
    const { id, name, cloud: kind } = known;
    entries.set(id, {
      account: {
        id,
        name,
        cloud: kind,
        kind: 'practice',
        state: 'connecting',
        addedAt: new Date(addedAt).toISOString(),
      },
      cloud: throughLink({ kind, account: id, link, answered: () => checkClock(id) }),
      clockTold: false,
    });
  }

  async function connect(id: AccountId, attempt = 1): Promise<void> {
    const entry = entries.get(id);
    if (!entry) return;
    entry.again?.[Symbol.dispose]();
    set(entry, { state: 'connecting' });
    try {
      const { user } = await entry.cloud.identity();
      set(entry, { state: 'ready', user });
    } catch (thrown) {
      const error = toErrorData(thrown);
      os.log.warn({ account: id, error: thrown }, 'an account could not be connected');
      set(entry, { state: 'failed', error });
      if (stopped || entries.get(id) !== entry) return;
      const chance = (os.random.bytes(1)[0] ?? 0) / 256;
      entry.again = os.clock.after(backoff(attempt, chance), () => void connect(id, attempt + 1));
    }
  }

  function set(entry: Entry, change: Pick<Account, 'state'> & Partial<Account>): void {
    const { error: _, ...kept } = entry.account;
    entry.account = { ...kept, ...change };
    changes.tell(undefined);
  }

  function connectAll(): Promise<void> {
    const waiting = [...entries.values()].filter(({ account }) => account.state !== 'ready');
    connecting = Promise.all(waiting.map(({ account }) => connect(parseAccountId(account.id)))).then(
      () => undefined,
    );
    return connecting;
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
        text: `This computer’s clock is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the clock of ${entry.account.name}. Grants end by the cloud’s time.`,
      });
    }
    if (wrong !== entry.clockTold) {
      entry.clockTold = wrong;
      changes.tell(undefined);
    }
  }

  const list = (): Account[] =>
    [...entries.values()].map(({ account, cloud }) =>
      account.state === 'ready' ? { ...account, clockAheadMs: -Math.round(cloud.clockOffset()) } : account,
    );

  return {
    list,
    clouds: () => [...entries.values()].map(({ cloud }) => cloud),
    cloud: account => entry(account).cloud,
    user(account) {
      const found = entry(account).account;
      if (found.user !== undefined) return found.user;
      throw new LatchkeyError({
        code: 'CLOUD_UNREACHABLE',
        message: `${found.name} is not connected yet.`,
        fix: 'Try again in a moment; `latchkey accounts` says how it stands.',
      });
    },
    async addPractice() {
      const added = practiceAccounts.filter(({ id }) => !entries.has(id));
      const now = os.clock.now();
      db.transaction(() => {
        for (const { id, name, cloud } of added) {
          db.run(
            `INSERT INTO account (id, name, cloud, kind, added_at) VALUES (?, ?, ?, 'practice', ?)`,
            id,
            name,
            cloud,
            now,
          );
        }
      });
      for (const known of added) {
        enter(known, now);
        activity.write({ kind: 'account', account: known.id, text: `${known.name} was added.` });
      }
      await connecting;
      await connectAll();
      return list();
    },
    async remove(id) {
      const { account } = entry(id);
      if (deps.hasLiveGrants(id)) {
        throw new LatchkeyError({
          code: 'BAD_INPUT',
          message: `${account.name} has grants that are still open.`,
          fix: 'End them first: `latchkey revoke --all`.',
        });
      }
      db.run('DELETE FROM account WHERE id = ?', id);
      entry(id).again?.[Symbol.dispose]();
      entries.delete(id);
      if (entries.size === 0) link.drop();
      activity.write({ kind: 'account', account: id, text: `${account.name} was removed.` });
      changes.tell(undefined);
      return list();
    },
    watch: signal => changes.follow(signal, () => ({ accounts: list() })),
    onChange: run => changes.on(run),
    start() {
      void connectAll();
    },
    settled: () => connecting,
    authority: account => (entries.has(account) ? link.authority() : undefined),
    stop() {
      stopped = true;
      for (const { again } of entries.values()) again?.[Symbol.dispose]();
      link.close();
    },
  };

  function entry(id: AccountId): Entry {
    const found = entries.get(id);
    if (found) return found;
    throw new LatchkeyError({
      code: 'ACCOUNT_NOT_FOUND',
      message: `There is no account “${id}”.`,
      fix: '`latchkey accounts` lists them.',
    });
  }
}
