/** Asking the clouds for all VMs: scopes in parallel, pages shown as they arrive, one scope's failure its own. */
import type { AccountId, VmId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { toErrorData } from '../../../shared/errors.ts';
import type { Cloud, Scope } from '../../clouds/cloud.ts';
import type { Clock, Instant, Os } from '../../os/ports.ts';
import { inParallel } from '../parallel.ts';
import type { Known, KnownScope } from './known.ts';
import type { Noticer } from './noticing.ts';

/**
 * A cloud's index of all VMs lags the cloud by seconds to minutes (reference 7.7). For so long after a fresh look at a VM a
 * list that says otherwise is not believed: the VM is looked at again, whoever is right.
 */
const lagMs = 5 * 60_000;
/** So many VMs are looked at again for one list; of more the last fresh look stands. */
const mostDoubts = 100;
const looksAtOnce = 4;

export interface Refresher {
  /** Refreshes these clouds; never rejects: failures stand at their scopes. Calls at the same time share a cloud's refresh. */
  all(clouds: Cloud[]): Promise<void>;
  /** Notes a fresh look at one VM: a page that was asked for earlier must not bring back what was before. */
  looked(id: VmId): void;
}

/** Makes it; nothing is asked before `all`. */
export function createRefresher(deps: {
  known: Known;
  noticer: Noticer;
  clock: Clock;
  log: Os['log'];
  /** The VM with the policy in force by the person's settings. */
  byWay: (vm: Vm) => Vm;
  /** VMs that came or changed or went. */
  changed: (ids: VmId[]) => void;
  /** Something about a scope changed. */
  scopesChanged: () => void;
}): Refresher {
  const { known, noticer, clock, log, byWay, changed, scopesChanged } = deps;
  const looks = new Map<VmId, { turn: number; at: Instant }>();
  let turn = 0;
  const running = new Map<AccountId, Promise<void>>();

  function setScope(scope: KnownScope): void {
    known.putScope(scope);
    scopesChanged();
  }

  async function account(cloud: Cloud): Promise<void> {
    const ofAccount = [...known.scopes.values()].filter(scope => scope.account === cloud.account);
    let scopes: Scope[];
    try {
      scopes = await cloud.scopes();
    } catch (thrown) {
      log.warn({ account: cloud.account, error: thrown }, 'the scopes of an account could not be listed');
      // An account of which nothing was ever seen says so as well, in a place of its own until its scopes are known.
      const whole = { account: cloud.account, scope: { id: cloud.account, name: cloud.account } };
      const affected = ofAccount.length > 0 ? ofAccount : [{ ...whole, refreshedAt: undefined }];
      for (const scope of affected) setScope({ ...scope, state: 'failed', error: toErrorData(thrown) });
      return;
    }
    const there = new Set(scopes.map(scope => scope.id));
    const gone = ofAccount.map(known => known.scope.id).filter(id => !there.has(id));
    if (gone.length > 0) {
      changed(known.dropScopes(gone));
      scopesChanged();
    }
    await Promise.all(scopes.map(scope => one(cloud, scope)));
  }

  async function one(cloud: Cloud, scope: Scope): Promise<void> {
    const before = known.scopes.get(scope.id);
    const base = { account: cloud.account, scope, refreshedAt: before?.refreshedAt };
    setScope({ ...base, state: 'refreshing' });
    const begun = ++turn;
    const lookedSince = (id: VmId): boolean => (looks.get(id)?.turn ?? 0) >= begun;
    const lookedLately = (id: VmId): boolean => (looks.get(id)?.at ?? -Infinity) > clock.now() - lagMs;
    const doubtful = new Set<VmId>();
    const seen = new Set<VmId>();
    try {
      for await (const page of cloud.inventory(scope)) {
        for (const vm of page) seen.add(vm.id);
        const differing = page.map(byWay).filter(vm => !lookedSince(vm.id) && !known.has(vm));
        for (const { id } of differing) if (lookedLately(id)) doubtful.add(id);
        const news = differing.filter(vm => !doubtful.has(vm.id));
        for (const vm of news) noticer.compare(known.vms.get(vm.id), vm);
        known.put(news);
        changed(news.map(vm => vm.id));
      }
      const missing = known.inScope(scope.id).filter(id => !seen.has(id) && !lookedSince(id));
      for (const id of missing) if (lookedLately(id)) doubtful.add(id);
      const gone = missing.filter(id => !doubtful.has(id));
      known.drop(gone);
      changed(gone);
      await lookAgain(cloud, [...doubtful].slice(0, mostDoubts));
      setScope({ ...base, state: 'fresh', refreshedAt: clock.now() });
    } catch (thrown) {
      log.warn({ scope: scope.id, error: thrown }, 'a scope could not be refreshed');
      setScope({ ...base, state: 'failed', error: toErrorData(thrown) });
    }
  }

  async function lookAgain(cloud: Cloud, ids: VmId[]): Promise<void> {
    await inParallel(ids, looksAtOnce, async id => {
      const before = known.vms.get(id);
      const seen = await cloud.vm(id);
      const vm = seen && byWay(seen);
      // What another look found meanwhile is at least as fresh, and told already.
      if (vm && known.vms.get(id) === before) noticer.compare(before, vm);
      looked(id);
      if (vm === undefined) known.drop([id]);
      else if (!known.has(vm)) known.put([vm]);
      changed([id]);
    });
  }

  function looked(id: VmId): void {
    looks.set(id, { turn: ++turn, at: clock.now() });
  }

  /** Looks that no list can be behind any more. */
  function forgetOld(): void {
    for (const [id, { at }] of looks) if (at <= clock.now() - lagMs) looks.delete(id);
  }

  return {
    async all(clouds) {
      await Promise.all(
        clouds.map(cloud => {
          const started =
            running.get(cloud.account) ?? account(cloud).finally(() => running.delete(cloud.account));
          running.set(cloud.account, started);
          return started;
        }),
      );
      if (running.size === 0) forgetOld();
    },
    looked,
  };
}
