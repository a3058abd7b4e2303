/** Grants: put together here, and shown to the other concerns as `Grants` (services.ts). */
import type { Grant } from '../../../shared/contract/grants.ts';
import type { AccountId, GrantId } from '../../../shared/domain/ids.ts';
import { isLive } from '../../../shared/domain/live.ts';
import { LatchkeyError, toErrorData } from '../../../shared/errors.ts';
import type { Database, Instant, Os } from '../../os/ports.ts';
import { pause } from '../../waiting.ts';
import { createChanges } from '../changes.ts';
import type { Accounts, Activity, Egress, Grants, Inventory } from '../services.ts';
import { createAdopter } from './adopting.ts';
import { createCloser } from './closing.ts';
import { type GrantsContext, portsText } from './context.ts';
import { createEndings } from './endings.ts';
import { createExtender } from './extending.ts';
import { createGateKeeper } from './gateKeeper.ts';
import { createLedger } from './ledger.ts';
import { oneAtATime } from './oneAtATime.ts';
import { createOpener } from './opening.ts';
import { type GrantRecord, wantsRules } from './records.ts';
import { createSweep } from './sweep.ts';
import { grantView } from './view.ts';
import { createWatch } from './watch.ts';

/** Closed grants are listed this long without being asked for. */
const recentMs = 24 * 3_600_000;
/** How long the clouds are waited for when they are asked for their time. */
const askTimeMs = 5_000;

export interface GrantsDeps {
  db: Database;
  os: Pick<Os, 'clock' | 'random' | 'log' | 'network' | 'power'>;
  accounts: Accounts;
  inventory: Inventory;
  egress: Egress;
  activity: Activity;
  /** When the ledger was begun anew after one that was lost: rules of ours are then found again in the clouds. */
  begunAnew: Instant | undefined;
}

export interface GrantsService extends Grants {
  /** Begins to watch over ends, and recovers what a crash cut off. Returns at once; accounts may not be ready yet. */
  start(): void;
  stop(): void;
  /** Is anything open, or not yet shut? */
  anyLive(): boolean;
}

export function createGrants(deps: GrantsDeps): GrantsService {
  const { os, accounts, inventory, activity } = deps;
  const { clock, random, log } = os;
  const ledger = createLedger(deps.db);
  const endings = createEndings(clock, random);
  const changes = createChanges<Grant>();

  const context: GrantsContext = {
    ledger,
    accounts,
    inventory,
    activity,
    clock,
    random,
    log,
    egress: deps.egress,
    endings,
    keeper: createGateKeeper({ ledger, endings, accounts, activity, clock, log }),
    cloudNow: account => clock.now() + offset(account),
    askTime,
    // Also where a person has to sign in again: shutting is tried, and told as stuck, rather than put off in silence.
    usable: account =>
      accounts
        .list()
        .some(({ id, state }) => id === account && (state === 'ready' || state === 'sign-in-needed')),
    changed(id) {
      const grant = ledger.grant(id);
      if (grant) changes.tell(view(id));
    },
    tell(grant, kind, row) {
      activity.write({
        kind,
        ...row,
        vm: grant.vm,
        vmName: grant.vmName,
        account: grant.account,
        grant: grant.id,
        reason: grant.reason,
        ports: portsText(grant),
        source: grant.sources.join(' '),
      });
    },
    wake: () => watch.wake(),
  };

  const closer = createCloser(context);
  const opener = createOpener(context, closer);
  const extender = createExtender(context);
  const adopter = createAdopter(context, deps.begunAnew);
  const sweep = oneAtATime(createSweep(context, closer, adopter));
  const watch = createWatch({
    context,
    opener,
    closer,
    extender,
    confirmOver: adopter.confirmOver,
    async sweep() {
      const { failures } = await sweep();
      for (const failure of failures) log.warn(failure, 'a sweep failed');
    },
  });
  const listening: Disposable[] = [];

  function offset(account: AccountId): number {
    return (
      accounts
        .clouds()
        .find(cloud => cloud.account === account)
        ?.clockOffset() ?? 0
    );
  }

  function view(id: GrantId): Grant {
    const noted = ledger.grant(id);
    if (!noted) throw unknown(id);
    // On a full disk the ledger may not have been told that it is being shut, or that it is.
    const grant: GrantRecord = endings.has(id)
      ? {
          ...noted,
          state: wantsRules(noted) ? 'closing' : noted.state,
          error: endings.error(id) ?? noted.error,
        }
      : noted;
    return grantView(
      grant,
      ledger.rulesOf(id),
      inventory.get(grant.vm)?.policy,
      context.cloudNow(grant.account),
    );
  }

  /** Any answer carries a cloud's time. What waits for it must not wait for long, whatever a cloud does. */
  async function askTime(): Promise<void> {
    const limit = new AbortController();
    const tooLong = pause(clock, askTimeMs).then(() => limit.abort());
    const asked = new Set(ledger.ends().map(grant => grant.account));
    const answers = accounts
      .clouds()
      .filter(cloud => asked.has(cloud.account) && context.usable(cloud.account))
      .map(cloud =>
        cloud
          .identity(limit.signal)
          .catch((error: unknown) =>
            log.warn({ error: toErrorData(error), account: cloud.account }, 'a cloud did not tell its time'),
          ),
      );
    await Promise.race([tooLong, Promise.all(answers)]);
  }

  return {
    async preview(request) {
      return perVm(request.vms, vm => opener.preview(vm, request)).then(({ done, failures }) => ({
        previews: done,
        failures,
      }));
    },
    async request(request) {
      const { done, failures, thrown } = await perVm(request.vms, vm => opener.open(vm, request));
      if (request.vms.length === 1 && thrown[0]) throw thrown[0];
      return { grants: done.map(grant => view(grant.id)), failures };
    },
    list: all => ledger.grants(all ? 0 : clock.now() - recentMs).map(grant => view(grant.id)),
    liveOn: vm => ledger.liveOn(vm).map(grant => view(grant.id)),
    extend: async (id, change) => view((await extender.extend(id, change)).id),
    async revoke(which) {
      const ids = 'all' in which ? ledger.grants().map(grant => grant.id) : which.grants;
      for (const id of ids) if (!ledger.grant(id)) throw unknown(id);
      await closer.shut(ids, 'revoked');
      return ids.map(view);
    },
    async sweep() {
      await watch.tick();
      await closer.again(true);
      return sweep();
    },
    async writeEndsAgain(account) {
      const rules = ledger.liveRules().filter(rule => rule.account === account && rule.state === 'standing');
      ledger.together(() => {
        for (const { id } of rules) ledger.updateRule(id, { writtenEnd: undefined });
      });
      const errors = await context.keeper.settle(rules.map(({ id }) => id));
      for (const error of errors.values()) log.warn({ error }, 'an end could not be written again');
      const grants = new Set(rules.flatMap(({ id }) => ledger.grantsOf(id)).map(({ id }) => id));
      for (const id of grants) context.changed(id);
    },
    async *watch(signal) {
      let rev = 0;
      const changed = new Map<string, Grant>();
      using _ = changes.on(grant => changed.set(grant.id, grant));
      const states = changes.follow(signal, () => {
        const upsert = [...changed.values()];
        changed.clear();
        return upsert;
      });
      for await (const upsert of states) {
        if (rev === 0)
          yield {
            kind: 'snapshot',
            rev: rev++,
            grants: ledger.grants(clock.now() - recentMs).map(grant => view(grant.id)),
          };
        else if (upsert.length > 0) yield { kind: 'patch', rev: rev++, upsert };
      }
    },
    onChange: run => changes.on(run),
    anyLive: () => ledger.grants().some(isLive),
    start() {
      watch.start();
      listening.push(
        accounts.onChange(() => watch.look()),
        os.network.onChange(() => watch.look(true)),
        os.power.onResume(() => watch.look(true)),
      );
    },
    stop() {
      for (const one of listening.splice(0)) one[Symbol.dispose]();
      watch.stop();
    },
  };
}

/** The same for each VM, all at once; one's failure is not another's. */
async function perVm<T>(vms: string[], work: (vm: string) => Promise<T>) {
  const done: T[] = [];
  const failures: { vm: string; error: ReturnType<typeof toErrorData> }[] = [];
  const thrown: Error[] = [];
  const results = await Promise.allSettled(vms.map(work));
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') done.push(result.value);
    else {
      failures.push({ vm: vms[index] ?? '', error: toErrorData(result.reason) });
      thrown.push(result.reason instanceof Error ? result.reason : new Error(String(result.reason)));
    }
  }
  return { done, failures, thrown };
}

function unknown(id: GrantId): LatchkeyError {
  return new LatchkeyError({
    code: 'GRANT_NOT_FOUND',
    message: `There is no grant ${id}.`,
    fix: '`latchkey grants` lists them.',
  });
}
