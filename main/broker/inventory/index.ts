/**
 * Inventory: all VMs of all accounts, as known. Painted from the ledger file at start, refreshed from the clouds at
 * start and every quarter of an hour while somebody watches, and corrected by every fresh look in between.
 */
import type { Grant } from '../../../shared/contract/grants.ts';
import type { ScopeStatus, VmDetail, VmList } from '../../../shared/contract/vms.ts';
import { defenderOf, goBy } from '../../../shared/domain/defender.ts';
import type { VmId } from '../../../shared/domain/ids.ts';
import { matcher } from '../../../shared/domain/search.ts';
import { toWire } from '../../../shared/domain/time.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { resolveVm } from '../../../shared/domain/vmRef.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Cloud } from '../../clouds/cloud.ts';
import type { Database, Os } from '../../os/ports.ts';
import type { AccountsService } from '../accounts/index.ts';
import { createChanges } from '../changes.ts';
import type { Activity, Egress, Inventory, SettingsStore } from '../services.ts';
import { waysTo } from './detail.ts';
import { createKnown } from './known.ts';
import { createNoticer } from './noticing.ts';
import { createRefresher } from './refresh.ts';
import { countRows, createRows } from './rows.ts';
import { watchVms } from './watch.ts';

const refreshEveryMs = 15 * 60_000;
/** What is known is shown first; so much later the clouds are asked whether it still holds. */
const restMs = 1_500;
/** Grants in these states have, or may have, something open. */
const reachable = new Set<Grant['state']>(['open', 'extending', 'closing', 'stuck']);

export interface InventoryService extends Inventory {
  /** Refreshes now, in the background, and again while somebody watches. */
  start(): void;
  stop(): void;
  /** Takes a grant that changed: the row of its VM shows it. */
  granted(grant: Grant): void;
  /** What the activity tells of these VMs changed: their rows show it. */
  told(vms: VmId[]): void;
}

export function createInventory(deps: {
  db: Database;
  os: Pick<Os, 'clock' | 'log'>;
  accounts: AccountsService;
  activity: Pick<Activity, 'summary' | 'write'>;
  egress: Pick<Egress, 'sources'>;
  settings: Pick<SettingsStore, 'get'>;
}): InventoryService {
  const { os, accounts, egress } = deps;
  const byWay = (vm: Vm): Vm => goBy(vm, deps.settings.get().jit[vm.scope] ?? 'auto');
  const known = createKnown(deps.db, os.log);
  /** The grants by which a VM may be reached now. */
  const open = new Map<string, Map<string, Grant>>();
  const rows = createRows({
    ...deps,
    known,
    clock: os.clock,
    isOpen: id => (open.get(id)?.size ?? 0) > 0,
    mapped: id => [...(open.get(id)?.values() ?? [])].flatMap(grant => grant.endpoints ?? []),
  });
  /** Ids of VMs that changed or went; an empty list when something else did. */
  const changes = createChanges<VmId[]>();
  const noticer = createNoticer(deps.activity);
  const refresher = createRefresher({
    known,
    noticer,
    clock: os.clock,
    log: os.log,
    byWay,
    changed,
    scopesChanged: () => changes.tell([]),
  });
  let watchers = 0;
  let timer: Disposable | undefined;
  let resting: Disposable | undefined;

  let ready: string[] = [];

  /** An account that is gone takes its VMs along; one that became ready is asked for its VMs, and rows get their endpoints. */
  const listener = accounts.onChange(() => {
    const list = accounts.list();
    const there = new Set(list.map(({ id }) => id));
    const gone = [...known.scopes.values()].filter(({ account }) => !there.has(account));
    if (gone.length > 0) changed(known.dropScopes(gone.map(({ scope }) => scope.id)));
    const now = list.filter(({ state }) => state === 'ready').map(({ id }) => id);
    const news = new Set<string>(now.filter(id => !ready.includes(id)));
    ready = now;
    if (news.size === 0) return;
    changed([...known.vms.values()].filter(({ account }) => news.has(account)).map(({ id }) => id));
    const isShown = [...known.scopes.values()].some(({ account }) => news.has(account));
    if (isShown) lookSoon();
    else void look(accounts.clouds().filter(({ account }) => news.has(account)));
  });

  /** Asks the clouds, after a moment in which what is known can be shown. */
  function lookSoon(): void {
    resting ??= os.clock.after(restMs, () => {
      resting = undefined;
      void refresh();
    });
  }

  /** Accounts that were asked since the start, whatever came of it. */
  const asked = new Set<string>();

  async function look(clouds: Cloud[]): Promise<void> {
    await refresher.all(clouds);
    for (const { account } of clouds) asked.add(account);
  }

  /** Is there an account or a scope that nobody has looked at yet? What is known is not all then. */
  function unseen(): boolean {
    const scopes = [...known.scopes.values()];
    return (
      scopes.length === 0 ||
      scopes.some(({ refreshedAt, error }) => refreshedAt === undefined && error === undefined) ||
      accounts
        .clouds()
        .some(({ account }) => !asked.has(account) && !scopes.some(one => one.account === account))
    );
  }

  function changed(ids: VmId[]): void {
    rows.forget(ids);
    changes.tell(ids);
  }

  function put(vm: Vm): void {
    refresher.looked(vm.id);
    known.put([vm]);
    changed([vm.id]);
  }

  const allRows = (): Iterable<VmList['vms'][number]> => known.vms.values().map(vm => rows.of(vm));

  function scopes(): ScopeStatus[] {
    const counts = new Map<string, number>();
    for (const { scope } of known.vms.values()) counts.set(scope, (counts.get(scope) ?? 0) + 1);
    return [...known.scopes.values()].map(({ scope, account, state, refreshedAt, error }) => ({
      scope: scope.id,
      scopeName: scope.name,
      account,
      state,
      ...(refreshedAt === undefined ? {} : { refreshedAt: toWire(refreshedAt) }),
      vms: counts.get(scope.id) ?? 0,
      ...(error === undefined ? {} : { error }),
    }));
  }

  async function refresh(): Promise<void> {
    await accounts.settled();
    await look(accounts.clouds());
  }

  async function find(ref: string): Promise<Vm> {
    await accounts.settled();
    if (accounts.list().length === 0) {
      throw new LatchkeyError({
        code: 'NO_ACCOUNT',
        message: 'No account is signed in.',
        fix: 'Add one, or the practice cloud: latchkey --practice vms',
      });
    }
    if (unseen() || known.vms.size === 0) await refresh();
    return resolveVm(ref, known.vms.values());
  }

  async function fresh(id: VmId): Promise<Vm> {
    const before = known.vms.get(id) ?? (await find(id));
    const found = await accounts.cloud(before.account).vm(id);
    if (found) {
      const vm = byWay(found);
      if (known.vms.get(id) === before) noticer.compare(before, vm);
      put(vm);
      return vm;
    }
    refresher.looked(id);
    known.drop([id]);
    changed([id]);
    throw new LatchkeyError({
      code: 'VM_NOT_FOUND',
      message: `${before.name} is not there any more.`,
      detail: { vm: id },
    });
  }

  function again(): void {
    timer?.[Symbol.dispose]();
    timer = os.clock.after(refreshEveryMs, () => {
      if (watchers > 0) void refresh();
      again();
    });
  }

  return {
    find,
    get: id => known.vms.get(id),
    behind: gate =>
      [...known.vms.values()].filter(
        vm =>
          vm.firewall?.gate.id === gate ||
          vm.interfaces.some(nic => nic.layers.some(layer => layer.gates.some(({ id }) => id === gate))),
      ),
    fresh,
    put,
    changing: id => noticer.changing(id),
    scopes: () => [...known.scopes.values()].map(({ account, scope }) => ({ account, scope })),
    row: vm => rows.of(vm),
    refresh,
    waysChanged() {
      const others = [...known.vms.values()].map(byWay).filter(vm => !known.has(vm));
      known.put(others);
      changed(others.map(({ id }) => id));
    },
    async list({ tab, search, refresh: ask }) {
      await accounts.settled();
      if (ask || unseen()) await refresh();
      const found = [...allRows()].filter(matcher(search ?? ''));
      return {
        vms: tab === undefined ? found : found.filter(row => row.tab === tab),
        counts: countRows(found),
        scopes: scopes(),
      };
    },
    async detail(ref): Promise<VmDetail> {
      const vm = await fresh((await find(ref)).id);
      return {
        ...rows.of(vm),
        ...(vm.policy === undefined ? {} : { policy: vm.policy }),
        ...(vm.policyError === undefined ? {} : { policyError: vm.policyError }),
        ...(vm.defender === undefined
          ? {}
          : { defender: { policy: vm.defender.policyName, used: defenderOf(vm) !== undefined } }),
        ways: await waysTo(vm, egress),
      };
    },
    async *watch(signal) {
      watchers++;
      try {
        yield* watchVms({ known, changes, clock: os.clock, row: vm => rows.of(vm), scopes }, signal);
      } finally {
        watchers--;
      }
    },
    granted(grant) {
      const { id, vm, state } = grant;
      const grants = open.get(vm) ?? new Map<string, Grant>();
      open.set(vm, grants);
      if (reachable.has(state)) grants.set(id, grant);
      else grants.delete(id);
      changed([vm as VmId]);
    },
    told: changed,
    start() {
      if (known.vms.size > 0) lookSoon();
      else void refresh();
      again();
    },
    stop() {
      timer?.[Symbol.dispose]();
      resting?.[Symbol.dispose]();
      listener[Symbol.dispose]();
    },
  };
}
