/**
 * A Cloud that stays the same while the connection behind it comes and goes. A call that finds nobody there, because the
 * practice cloud was started again elsewhere, is made once more; every method of a Cloud may be run again (cloud.ts).
 */
import type { CloudKind } from '../../../shared/contract/common.ts';
import type { AccountId } from '../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { type Cloud, guardOf, pushKey, type Scope } from '../../clouds/cloud.ts';
import type { Link } from './link.ts';

/**
 * `answered` is called after each successful call: the cloud's clock may be known better then. `lookedAt`: which
 * of the scopes are listed; all without it.
 */
export function throughLink(options: {
  kind: CloudKind;
  account: AccountId;
  link: Link;
  answered: () => void;
  lookedAt?: (scopes: Scope[]) => Promise<Scope[]>;
}): Cloud {
  const { kind, account, link, answered } = options;

  async function call<T>(run: (cloud: Cloud) => Promise<T>): Promise<T> {
    const cloud = await link.get(account);
    const result = await run(cloud).catch(async error => {
      if (!(error instanceof LatchkeyError)) throw error;
      if (!(await link.recover(account, cloud, error))) throw link.told?.(error) ?? error;
      return run(await link.get(account));
    });
    answered();
    return result;
  }

  /** Begins again only while nothing was given out yet. */
  async function* iterate<T>(run: (cloud: Cloud) => AsyncIterable<T>): AsyncGenerator<T> {
    const cloud = await link.get(account);
    let begun = false;
    try {
      for await (const item of run(cloud)) {
        begun = true;
        yield item;
      }
    } catch (error) {
      if (!(error instanceof LatchkeyError)) throw error;
      const again = !begun && (await link.recover(account, cloud, error));
      if (!again) throw link.told?.(error) ?? error;
      yield* run(await link.get(account));
    }
    answered();
  }

  return {
    kind,
    account,
    identity: signal => call(cloud => cloud.identity(signal)),
    scopes: async signal => {
      const all = await call(cloud => cloud.scopes(signal));
      return (await options.lookedAt?.(all)) ?? all;
    },
    inventory: (scope, signal) => iterate(cloud => cloud.inventory(scope, signal)),
    vm: (id, signal) => call(cloud => cloud.vm(id, signal)),
    clockOffset: () => link.clockOffset(account),
    orders: (vm, wanted) => link.now(account).orders(vm, wanted),
    open: (order, signal) => call(cloud => cloud.open(order, signal)),
    extend: (order, standing, signal) => call(cloud => cloud.extend(order, standing, signal)),
    close: (gate, names, grants, signal) => call(cloud => cloud.close(gate, names, grants, signal)),
    ours: (where, signal) => iterate(cloud => cloud.ours(where, signal)),
    planLock: (vm, ports, signal) => call(cloud => cloud.planLock(vm, ports, signal)),
    planUnlock: (vm, signal) => call(cloud => cloud.planUnlock(vm, signal)),
    examine: (vm, signal) => call(cloud => cloud.examine(vm, signal)),
    apply: (plan, vm, onStep, signal, onWritten) =>
      call(cloud => cloud.apply(plan, vm, onStep, signal, onWritten)),
    history: (scope, since, signal) => iterate(cloud => cloud.history(scope, since, signal)),
    endpoints: (vm, ports) => link.now(account).endpoints(vm, ports),
    hostKeys: (vm, signal) => call(cloud => cloud.hostKeys(vm, signal)),
    pushKey: (vm, key, signal) => call(cloud => pushKey(cloud, vm, key, signal)),
    otherWays: (vm, signal) => call(async cloud => (await cloud.otherWays?.(vm, signal)) ?? []),
    observers: () => link.now(account).observers(),
    guard: {
      state: signal => call(cloud => guardOf(cloud).state(signal)),
      plan: (what, signal) => call(cloud => guardOf(cloud).plan(what, signal)),
      apply: (plan, signal) => call(cloud => guardOf(cloud).apply(plan, signal)),
    },
    dispose: () => undefined,
  };
}
