/** The VMs and scopes that are known, in memory and in the ledger file: what a start paints before any cloud answered. */
import type { AccountId, VmId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import type { ErrorData } from '../../../shared/errors.ts';
import type { Scope } from '../../clouds/cloud.ts';
import type { Database, Instant, Os } from '../../os/ports.ts';
import { createGates } from './gates.ts';

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
  /** Is exactly this known of the VM? */
  has(vm: Vm): boolean;
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
  const gates = createGates(
    db.all('SELECT key, json FROM gate').map(row => ({ key: String(row.key), json: String(row.json) })),
  );
  for (const row of db.each('SELECT json FROM vm')) {
    const vm = gates.read(String(row.json));
    if (vm) vms.set(vm.id, vm);
  }
  const unused = gates.unused();
  if (unused.length > 0) store(() => removeGates(unused));

  function store(work: () => void): void {
    try {
      db.transaction(work);
    } catch (error) {
      log.warn({ error }, 'what is known of the VMs could not be kept for the next start');
    }
  }
  function removeGates(keys: string[]): void {
    for (const key of keys) db.run('DELETE FROM gate WHERE key = ?', key);
  }
  /** Takes VMs out of memory; gives the keys of gates that went with them. */
  function forget(ids: VmId[]): string[] {
    return ids.flatMap(id => {
      const vm = vms.get(id);
      vms.delete(id);
      return vm ? gates.release(vm) : [];
    });
  }
  const inScope = (scope: string): VmId[] =>
    [...vms.values()].filter(vm => vm.scope === scope).map(vm => vm.id);

  return {
    vms,
    scopes,
    inScope,
    has(vm) {
      const known = vms.get(vm.id);
      return known !== undefined && gates.jsonOf(known) === gates.jsonOf(vm);
    },
    put(some) {
      const gone: string[] = [];
      const taken = some.map(vm => {
        // The new one is taken in before the old one is let go, so that gates that stay are not written again.
        const one = gates.take(vm);
        gone.push(...forget([vm.id]));
        vms.set(vm.id, one.vm);
        return one;
      });
      store(() => {
        removeGates(gone);
        for (const { vm, json, added } of taken) {
          for (const gate of added) {
            db.run('INSERT OR REPLACE INTO gate (key, json) VALUES (?, ?)', gate.key, gate.json);
          }
          db.run(
            'INSERT OR REPLACE INTO vm (id, scope, account, json) VALUES (?, ?, ?, ?)',
            vm.id,
            vm.scope,
            vm.account,
            json,
          );
        }
      });
    },
    drop(ids) {
      const gone = forget(ids);
      store(() => {
        removeGates(gone);
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
      const free = forget(gone);
      store(() => {
        removeGates(free);
        for (const id of ids) {
          db.run('DELETE FROM scope WHERE id = ?', id);
          db.run('DELETE FROM vm WHERE scope = ?', id);
        }
      });
      return gone;
    },
  };
}
