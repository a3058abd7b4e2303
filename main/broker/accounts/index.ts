/**
 * Accounts: what the person signed in to. Kept in the ledger, connected again in the background at every start. The two
 * of the practice cloud need no sign-in; every other kind is an `AccountKind`, handed in by the host.
 */
import type { Account, NewAccount, SignInStep, SignInWay } from '../../../shared/contract/accounts.ts';
import { type AccountId, parseAccountId } from '../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { AccountKind } from '../../clouds/accountKind.ts';
import type { Database, Os } from '../../os/ports.ts';
import { createChanges } from '../changes.ts';
import type { Accounts, Activity, SettingsStore } from '../services.ts';
import { createEntries, type Entry, toAccount } from './entries.ts';
import { type AccountRow, forget, keep, keptAccounts } from './kept.ts';
import { notConnected } from './link.ts';
import { createOwnLink } from './ownLink.ts';
import { type ConnectPractice, createPracticeLink } from './practiceLink.ts';
import { createQuestions, streamSteps } from './steps.ts';

const practiceAccounts = [
  { id: parseAccountId('practice-azure'), name: 'Practice Azure', cloud: 'azure' },
  { id: parseAccountId('practice-aws'), name: 'Practice AWS', cloud: 'aws' },
] as const;

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
  os: Pick<Os, 'clock' | 'random' | 'http' | 'files' | 'log' | 'practice' | 'browser'>;
  connectPractice: ConnectPractice;
  kinds: AccountKind[];
  settings: Pick<SettingsStore, 'get'>;
  activity: Pick<Activity, 'write'>;
  /** Late: grants are made after accounts. */
  hasLiveGrants: (account: AccountId) => boolean;
}): AccountsService {
  const { db, os, activity, kinds, settings } = deps;
  const changes = createChanges<undefined>();
  const changed = () => changes.tell(undefined);
  const questions = createQuestions(os.random);
  const practice = createPracticeLink(os, deps.connectPractice);
  const entries = createEntries({ os, activity, changed });
  for (const row of keptAccounts(db)) {
    const kind = kinds.find(one => one.kind === row.kind);
    if (kind) enterOwn(row, kind);
    else if (practiceAccounts.some(({ id }) => id === row.id)) entries.enter(row, practice);
    else os.log.warn({ id: row.id }, 'the ledger has an account of an unknown kind');
  }

  function enterOwn(row: AccountRow, kind: AccountKind): Entry {
    const link = createOwnLink({
      kind,
      kept: () => entries.get(row.id).row,
      settings: settings.get,
      refused: error => entries.refused(entry, error),
    });
    const entry = entries.enter(row, link, { kind, link });
    return entry;
  }

  /** Signs in to what may be a new account; one that is known goes on with the new sign-in. */
  async function add(
    wanted: NewAccount,
    how: Omit<Parameters<AccountKind['add']>[1], 'settings'>,
  ): Promise<Entry> {
    const kind = kinds.find(one => one.kind === wanted.kind);
    if (!kind) throw bad(`This Latchkey knows no accounts of the kind ${wanted.kind}.`);
    const { kept, open } = await kind.add(wanted, { ...how, settings: settings.get() });
    const before = entries.has(kept.id) ? entries.get(kept.id) : undefined;
    const { addedAt, chosenScopes } = before?.row ?? { addedAt: os.clock.now(), chosenScopes: undefined };
    const row = { ...kept, kind: kind.kind, cloud: open.cloud.kind, addedAt, chosenScopes };
    keep(db, row);
    const entry = before ?? enterOwn(row, kind);
    entry.row = row;
    // What the keychain had of the old sign-in goes; the new one stands under a name of its own.
    if (before) await forgetSignIn(before);
    entry.own?.link.take(open);
    activity.write({
      kind: 'account',
      account: row.id,
      text: before ? `Signed in to ${row.name} again.` : `${row.name} was added.`,
    });
    return entry;
  }

  async function signInAgain(
    entry: Entry,
    way: SignInWay | undefined,
    how: Omit<Parameters<AccountKind['add']>[1], 'settings'>,
  ): Promise<void> {
    if (!entry.own) throw bad(`${entry.row.name} needs no signing in.`);
    const open = await entry.own.link.open();
    const facts = await open.signIn(way, { ...how, settings: settings.get() });
    if (facts) {
      entry.row = { ...entry.row, facts };
      keep(db, entry.row);
    }
    activity.write({ kind: 'account', account: entry.row.id, text: `Signed in to ${entry.row.name} again.` });
  }

  /** Proves the new sign-in, and tells of it. */
  async function done(entry: Entry): Promise<SignInStep> {
    await entries.connect(entry);
    const notes = entries.tellMemory(entry)
      ? ['There is no keychain here: this sign-in is kept in memory and ends with Latchkey’s broker.']
      : [];
    return { step: 'done', account: toAccount(entry), notes };
  }

  const list = (): Account[] => entries.all().map(toAccount);
  const browserFor = (open: 'broker' | 'caller') => (open === 'broker' ? os.browser : undefined);

  return {
    list,
    clouds: () => entries.all().map(({ cloud }) => cloud),
    cloud: account => entries.get(account).cloud,
    user(account) {
      const { how, row } = entries.get(account);
      if (how.user !== undefined) return how.user;
      throw notConnected(row.name);
    },
    async addPractice() {
      const addedAt = os.clock.now();
      const added = practiceAccounts
        .filter(({ id }) => !entries.has(id))
        .map(one => ({
          ...one,
          kind: 'practice',
          addedAt,
          user: undefined,
          facts: {},
          chosenScopes: undefined,
        }));
      db.transaction(() => {
        for (const row of added) keep(db, row);
      });
      for (const row of added) {
        entries.enter(row, practice);
        activity.write({ kind: 'account', account: row.id, text: `${row.name} was added.` });
      }
      await entries.settled();
      await entries.connectAll();
      return list();
    },
    add: (wanted, open, signal) =>
      streamSteps(signal, browserFor(open), questions, async how => done(await add(wanted, how))),
    signIn: (id, way, open, signal) =>
      streamSteps(signal, browserFor(open), questions, async how => {
        const entry = entries.get(id);
        await signInAgain(entry, way, how);
        return done(entry);
      }),
    answer: (question, text) => questions.answer(question, text),
    async profiles(files) {
      const kind = kinds.find(one => one.profiles !== undefined);
      return (await kind?.profiles?.(files)) ?? [];
    },
    async scopes(id) {
      const { row, cloud, own } = entries.get(id);
      const all = await (own ? await own.link.get(id) : cloud).scopes();
      return all.map(scope => ({ ...scope, chosen: row.chosenScopes?.includes(scope.id) ?? true }));
    },
    async choose(id, chosenScopes) {
      const entry = entries.get(id);
      if (!entry.own) throw bad(`${entry.row.name} is always looked at as a whole.`);
      if (chosenScopes !== undefined) {
        const there = new Set((await (await entry.own.link.get(id)).scopes()).map(scope => scope.id));
        const unknown = chosenScopes.find(scope => !there.has(scope));
        if (unknown !== undefined)
          throw bad(
            `${entry.row.name} has no “${unknown}”.`,
            `\`latchkey accounts scopes ${id}\` lists them.`,
          );
      }
      entry.row = { ...entry.row, chosenScopes };
      entry.seen = undefined;
      keep(db, entry.row);
      activity.write({
        kind: 'account',
        account: id,
        text: `Of ${entry.row.name}, ${chosenScopes === undefined ? 'everything' : chosenScopes.join(', ')} is looked at.`,
      });
      changed();
      return list();
    },
    async remove(id) {
      const entry = entries.get(id);
      const { name } = entry.row;
      if (deps.hasLiveGrants(id)) {
        throw bad(`${name} has grants that are still open.`, 'End them first: `latchkey revoke --all`.');
      }
      await forgetSignIn(entry);
      forget(db, id);
      entries.drop(entry);
      if (!entries.all().some(({ own }) => !own)) practice.drop();
      activity.write({ kind: 'account', account: id, text: `${name} was removed.` });
      changed();
      return list();
    },
    watch: signal => changes.follow(signal, () => ({ accounts: list() })),
    onChange: run => changes.on(run),
    start: () => void entries.connectAll(),
    settled: () => entries.settled(),
    authority: account =>
      entries.has(account) && !entries.get(account).own ? practice.authority() : undefined,
    stop() {
      entries.stop();
      practice.close();
    },
  };

  /** An account whose facts lead nowhere any more, or whose keychain is gone, can be removed as well. */
  async function forgetSignIn({ own, row }: Entry): Promise<void> {
    try {
      await (await own?.link.open())?.forget();
    } catch (error) {
      os.log.warn({ account: row.id, error }, 'a sign-in could not be taken out of the keychain');
      activity.write({
        kind: 'account',
        outcome: 'failed',
        account: row.id,
        text: `The sign-in to ${row.name} could not be taken out of the keychain: remove “${row.id}” there yourself.`,
      });
    }
  }
}

function bad(message: string, fix?: string): LatchkeyError {
  return new LatchkeyError({ code: 'BAD_INPUT', message, fix });
}
