/**
 * Reading the clouds' own logs, in the background: when an account becomes ready, every quarter of an hour, sooner while
 * rows of ours wait to be seen there, and when somebody looks at the activity. Nothing waits for it.
 */
import type { AccountId, VmId } from '../../../shared/domain/ids.ts';
import { toErrorData } from '../../../shared/errors.ts';
import type { Cloud, Scope } from '../../clouds/cloud.ts';
import type { Database, Instant, Os } from '../../os/ports.ts';
import { inParallel } from '../parallel.ts';
import type { Accounts, Activity, Inventory } from '../services.ts';
import { firstIdAt } from './ids.ts';
import { whoseEvent } from './whose.ts';

const minute = 60_000;
/** How far back a log is read at first. Azure keeps 90 days and refuses an earlier start; ours must not be it by a hair. */
const longestMs = 90 * 24 * 60 * minute - 10 * minute;
/** Events come late: Azure says up to 20 minutes, AWS about five, and more on bad days. So much is read again each time. */
const overlapMs = 120 * minute;
/** After an account became ready: its VMs come first. */
const restMs = 3_000;
const roundMs = 5 * minute;
const alwaysMs = 15 * minute;
/** Looking at the activity asks at most this often. */
const oftenestMs = minute;
/** Rows of ours that are older than this are not waited for any more. */
const waitMs = 120 * minute;
/** So long nobody is told again that a log may not be read. */
const silentMs = 7 * 24 * 60 * minute;
/** Scopes of an account read at the same time: a log is no hurry. */
const atOnce = 2;
/** And accounts: of forty there are at most 16 requests on their way. */
const accountsAtOnce = 8;

export interface HistoryService {
  /** Somebody looks at the activity: reads on, unless that was done just now. Returns at once. */
  wanted(): void;
  /** Reads all logs now; never rejects: a scope that can't be read is told once in the activity. */
  pull(): Promise<void>;
  start(): void;
  stop(): void;
}

export function createHistory(deps: {
  db: Database;
  os: Pick<Os, 'clock' | 'log'>;
  accounts: Pick<Accounts, 'clouds' | 'list' | 'onChange'>;
  inventory: Pick<Inventory, 'behind' | 'get'>;
  activity: Pick<Activity, 'merge' | 'write' | 'awaitedSince'>;
  /** Told VMs whose summary changed. */
  changed: (vms: VmId[]) => void;
}): HistoryService {
  const { db, os, accounts, inventory, activity } = deps;
  const { clock, log } = os;
  const over = new AbortController();
  const failed = new Set<string>();
  let running: Promise<void> | undefined;
  let pulledAt = Number.NEGATIVE_INFINITY;
  let ready = new Set<string>();
  let round: Disposable | undefined;
  let soon: Disposable | undefined;

  const usable = (account: AccountId) =>
    accounts.list().some(one => one.id === account && one.state === 'ready');

  async function readAll(): Promise<void> {
    pulledAt = clock.now();
    await read(accounts.clouds());
  }

  async function read(clouds: readonly Cloud[]): Promise<void> {
    await inParallel(
      clouds.filter(({ account }) => usable(account)),
      accountsAtOnce,
      readCloud,
    );
  }

  /** Only those in whose log a row of ours is still to show. */
  async function readAwaited(): Promise<void> {
    const awaited = new Set(activity.awaitedSince(clock.now() - waitMs));
    await read(accounts.clouds().filter(({ account }) => awaited.has(account)));
  }

  async function readCloud(cloud: Cloud): Promise<void> {
    let scopes: Scope[];
    try {
      scopes = await cloud.scopes(over.signal);
    } catch (error) {
      // The inventory tells of it, at the scopes.
      log.warn({ error: toErrorData(error), account: cloud.account }, 'no scopes to read the logs of');
      return;
    }
    await inParallel(scopes, atOnce, scope => readScope(cloud, scope));
  }

  async function readScope(cloud: Cloud, scope: Scope): Promise<void> {
    if (over.signal.aborted) return;
    const { account } = cloud;
    const now = Math.round(clock.now() + cloud.clockOffset());
    const before = db.get('SELECT read_to FROM history WHERE scope = ?', scope.id)?.read_to;
    const since: Instant = Math.max(now - longestMs, before === undefined ? 0 : Number(before) - overlapMs);
    try {
      for await (const events of cloud.history(scope, since, over.signal)) {
        if (over.signal.aborted) return;
        const { vms } = activity.merge(
          events.map(event => ({ event, account, ...whoseEvent(db, inventory, event) })),
        );
        if (vms.length > 0) deps.changed(vms);
      }
      if (over.signal.aborted) return;
      // Only now: a log that was read in part is read again from the beginning.
      db.run(
        'INSERT OR REPLACE INTO history (scope, account, read_to) VALUES (?, ?, ?)',
        scope.id,
        account,
        now,
      );
      for (const key of [scope.id, account]) failed.delete(key);
    } catch (thrown) {
      if (over.signal.aborted) return;
      const error = toErrorData(thrown);
      log.warn({ error, scope: scope.id }, 'the log of a scope could not be read');
      // AWS gives the right to read it per account, not per region: one that lacks it is told of once.
      const isWhole = cloud.kind === 'aws' && error.code === 'CLOUD_FORBIDDEN';
      // A server that is only like AWS's may have none.
      const isNone = cloud.kind === 'aws' && error.code === 'CLOUD_FAILED' && before === undefined;
      // What nobody may read will tell of nothing; should it be read later after all, rows are still found.
      if (isWhole || isNone)
        db.run(`UPDATE activity SET in_cloud = NULL WHERE in_cloud = 'awaited' AND account = ?`, account);
      const key = isWhole ? account : scope.id;
      if (failed.has(key)) return;
      failed.add(key);
      const name = isWhole ? account : scope.name;
      const text = `The cloud’s own log of ${name} can’t be read: what others did there is not shown.`;
      if ((isWhole || isNone) && toldBefore(account, text)) return;
      activity.write({ kind: 'account', outcome: 'failed', account, text, error });
    }
  }

  /** This Latchkey runs anew many times a day, and the right is mostly missing for good. */
  function toldBefore(account: AccountId, text: string): boolean {
    const since = firstIdAt(clock.now() - silentMs);
    return (
      db.get(
        `SELECT 1 AS one FROM activity WHERE kind = 'account' AND id >= ? AND account = ? AND text = ? LIMIT 1`,
        since,
        account,
        text,
      ) !== undefined
    );
  }

  /** After one that is under way, which may have begun before what is wanted was there. */
  function pull(what = readAll): Promise<void> {
    const mine = (running ?? Promise.resolve()).then(what, what).finally(() => {
      if (running === mine) running = undefined;
    });
    running = mine;
    return mine;
  }

  function inBackground(what = readAll): void {
    if (running) return;
    pull(what).catch((error: unknown) => log.error({ error: toErrorData(error) }, 'reading the logs failed'));
  }

  const listener = accounts.onChange(() => {
    const now = new Set(accounts.list().flatMap(({ id, state }) => (state === 'ready' ? [id] : [])));
    const isNew = [...now].some(id => !ready.has(id));
    ready = now;
    if (!isNew || over.signal.aborted) return;
    soon ??= clock.after(restMs, () => {
      soon = undefined;
      inBackground();
    });
  });

  function again(): void {
    round = clock.after(roundMs, () => {
      inBackground(clock.now() - pulledAt >= alwaysMs ? readAll : readAwaited);
      again();
    });
  }

  return {
    wanted() {
      if (clock.now() - pulledAt >= oftenestMs && !over.signal.aborted) inBackground();
    },
    pull: () => pull(),
    start: again,
    stop() {
      over.abort();
      listener[Symbol.dispose]();
      round?.[Symbol.dispose]();
      soon?.[Symbol.dispose]();
    },
  };
}
