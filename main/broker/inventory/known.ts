/** The VMs and scopes that are known, in memory and in the ledger file: what a start paints before any cloud answered. */
import type { AccountId, VmId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import type { ErrorData } from '../../../shared/errors.ts';
import type { Scope } from '../../clouds/cloud.ts';
import type { Database, Instant, Os } from '../../os/ports.ts';

export interface KnownScope {
  account: AccountId;
  scope: Scope;
  state: 'never' | 'refreshing' | 'fresh' | 'failed';
  refreshedAt?: Instant | undefined;
  error?: ErrorData | undefined;
}

export interface Known {
  vms: ReadonlyMap<VmId, Vm>;
  scopes: ReadonlyMap<string, KnownScope>;
  put(vms: Vm[]): void;
  drop(ids: VmId[]): void;
  putScope(scope: KnownScope): void;
  /** Drops scopes with their VMs; gives the ids of those. */
  dropScopes(ids: string[]): VmId[];
  inScope(scope: string): VmId[];
}

/**
 * Reads what the ledger file holds. The file is only a cache of the clouds here: when it can't be written (a full disk),
 * that is logged and memory goes on.
 */
export function createKnown(db: Database, log: Os['log']): Known {
  const vms = new Map<VmId, Vm>();
  const scopes = new Map<string, KnownScope>();
  for (const row of db.all('SELECT * FROM scope')) {
    const refreshedAt = row.refreshed_at === null ? undefined : Number(row.refreshed_at);
    scopes.set(String(row.id), {
      account: row.account as AccountId,
      scope: { id: String(row.id), name: String(row.name) },
      state: row.error !== null ? 'failed' : refreshedAt === undefined ? 'never' : 'fresh',
      refreshedAt,
      error: row.error === null ? undefined : JSON.parse(String(row.error)),
    });
  }
  for (const row of db.each('SELECT json FROM vm')) {
    const vm = JSON.parse(String(row.json)) as Vm;
    vms.set(vm.id, vm);
  }

  function store(work: () => void): void {
    try {
      db.transaction(work);
    } catch (error) {
      log.warn({ error }, 'what is known of the VMs could not be kept for the next start');
    }
  }
  const inScope = (scope: string): VmId[] =>
    [...vms.values()].filter(vm => vm.scope === scope).map(vm => vm.id);

  return {
    vms,
    scopes,
    inScope,
    put(some) {
      for (const vm of some) vms.set(vm.id, vm);
      store(() => {
        for (const vm of some) {
          db.run(
            'INSERT OR REPLACE INTO vm (id, scope, account, json) VALUES (?, ?, ?, ?)',
            vm.id,
            vm.scope,
            vm.account,
            JSON.stringify(vm),
          );
        }
      });
    },
    drop(ids) {
      for (const id of ids) vms.delete(id);
      store(() => {
        for (const id of ids) db.run('DELETE FROM vm WHERE id = ?', id);
      });
    },
    putScope(known) {
      scopes.set(known.scope.id, known);
      if (known.state === 'refreshing') return;
      store(() => {
        db.run(
          'INSERT OR REPLACE INTO scope (id, account, name, refreshed_at, error) VALUES (?, ?, ?, ?, ?)',
          known.scope.id,
          known.account,
          known.scope.name,
          known.refreshedAt ?? null,
          known.error ? JSON.stringify(known.error) : null,
        );
      });
    },
    dropScopes(ids) {
      const gone = ids.flatMap(inScope);
      for (const id of ids) scopes.delete(id);
      for (const id of gone) vms.delete(id);
      store(() => {
        for (const id of ids) {
          db.run('DELETE FROM scope WHERE id = ?', id);
          db.run('DELETE FROM vm WHERE scope = ?', id);
        }
      });
      return gone;
    },
  };
}
