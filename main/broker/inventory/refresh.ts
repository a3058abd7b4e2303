/** Asking the clouds for all VMs: scopes in parallel, pages shown as they arrive, one scope's failure its own. */
import type { AccountId, VmId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { toErrorData } from '../../../shared/errors.ts';
import type { Cloud, Scope } from '../../clouds/cloud.ts';
import type { Clock, Os } from '../../os/ports.ts';
import type { Known, KnownScope } from './known.ts';

export interface Refresher {
  /** Refreshes these clouds; never rejects: failures stand at their scopes. Calls at the same time share a cloud's refresh. */
  all(clouds: Cloud[]): Promise<void>;
  /** Notes a fresh look at one VM: a page that was asked for earlier must not bring back what was before. */
  looked(id: VmId): void;
}

/** Makes it; nothing is asked before `all`. */
export function createRefresher(deps: {
  known: Known;
  clock: Clock;
  log: Os['log'];
  /** The VM with the policy in force by the person's settings. */
  byWay: (vm: Vm) => Vm;
  /** VMs that came or changed or went. */
  changed: (ids: VmId[]) => void;
  /** Something about a scope changed. */
  scopesChanged: () => void;
}): Refresher {
  const { known, clock, log, byWay, changed, scopesChanged } = deps;
  const looks = new Map<VmId, number>();
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
      for (const scope of ofAccount) setScope({ ...scope, state: 'failed', error: toErrorData(thrown) });
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
    const lookedSince = (id: VmId): boolean => (looks.get(id) ?? 0) >= begun;
    const seen = new Set<VmId>();
    try {
      for await (const page of cloud.inventory(scope)) {
        for (const vm of page) seen.add(vm.id);
        const news = page.map(byWay).filter(vm => !lookedSince(vm.id) && !known.has(vm));
        known.put(news);
        changed(news.map(vm => vm.id));
      }
      const gone = known.inScope(scope.id).filter(id => !seen.has(id) && !lookedSince(id));
      known.drop(gone);
      changed(gone);
      setScope({ ...base, state: 'fresh', refreshedAt: clock.now() });
    } catch (thrown) {
      log.warn({ scope: scope.id, error: thrown }, 'a scope could not be refreshed');
      setScope({ ...base, state: 'failed', error: toErrorData(thrown) });
    }
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
      if (running.size === 0) looks.clear();
    },
    looked(id) {
      looks.set(id, ++turn);
    },
  };
}
