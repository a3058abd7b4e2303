/** From a VM to its row in the lists. Rows are made when they are asked for and kept until something about the VM changes. */
import type { Endpoint, VmList, VmRow } from '../../../shared/contract/vms.ts';
import type { VmId } from '../../../shared/domain/ids.ts';
import { accessOf, gateOf, tabOf, watchedPorts } from '../../../shared/domain/tabs.ts';
import { toWire } from '../../../shared/domain/time.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { withDefender } from '../../../shared/domain/vmUse.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Clock } from '../../os/ports.ts';
import type { Accounts, Activity } from '../services.ts';
import type { Known } from './known.ts';

const day = 86_400_000;

type Judged = ReturnType<typeof accessOf>;

export interface Rows {
  of(vm: Vm): VmRow;
  /** Something about these VMs changed; without ids: about all. */
  forget(ids?: VmId[]): void;
}

export function createRows(deps: {
  known: Known;
  clock: Clock;
  accounts: Pick<Accounts, 'cloud' | 'list'>;
  activity: Pick<Activity, 'summary'>;
  /** May somebody get in through a live grant? */
  isOpen: (id: VmId) => boolean;
  /** Where live grants lead to it, if not to its own address. */
  mapped: (id: VmId) => Endpoint[];
}): Rows {
  const { known, clock, accounts, activity, isOpen, mapped } = deps;
  // A row's week moves on at midnight.
  const cache = new Map<VmId, { vm: Vm; day: number; row: VmRow }>();
  let accountNames: Map<string, string> | undefined;
  /** Judging reach is the dear part of a row, and stays the same while the VM does. */
  const judged = { open: new WeakMap<Vm, Judged>(), shut: new WeakMap<Vm, Judged>() };

  function endpointsOf(vm: Vm, ports: number[]): VmRow['endpoints'] {
    const granted = mapped(vm.id);
    const others = ports.filter(port => !granted.some(one => one.port === port));
    try {
      return [...granted, ...accounts.cloud(vm.account).endpoints(vm, others)];
    } catch (error) {
      // Painted from the cache before its account is connected: the row is made again when it is.
      if (error instanceof LatchkeyError && ['CLOUD_UNREACHABLE', 'ACCOUNT_NOT_FOUND'].includes(error.code))
        return [];
      throw error;
    }
  }

  function judge(vm: Vm): Judged {
    const open = isOpen(vm.id);
    const known = judged[open ? 'open' : 'shut'];
    const found = known.get(vm) ?? accessOf(vm, open);
    known.set(vm, found);
    return found;
  }

  function make(vm: Vm): VmRow {
    accountNames ??= new Map(accounts.list().map(({ id, name }) => [id, name]));
    const { tab, reason } = tabOf(vm);
    const ports = watchedPorts(vm).map(({ port }) => port);
    const { access, exposedPorts } = judge(vm);
    const { changed, ...use } = activity.summary(vm.id);
    const { week, requestsFrom, last, activeUntil } = withDefender(use, vm.defender, clock.now());
    return {
      id: vm.id,
      name: vm.name,
      cloud: vm.cloud,
      account: vm.account,
      accountName: accountNames.get(vm.account) ?? vm.account,
      scope: vm.scope,
      scopeName: known.scopes.get(vm.scope)?.scope.name ?? vm.scope,
      location: vm.location,
      ...(vm.resourceGroup === undefined ? {} : { resourceGroup: vm.resourceGroup }),
      os: vm.os,
      ...(vm.image === undefined ? {} : { image: vm.image }),
      ...(vm.size === undefined ? {} : { size: vm.size }),
      power: vm.power,
      tab,
      ...(reason === undefined ? {} : { reason }),
      access,
      exposedPorts,
      protectedPorts: vm.policy ? ports : [],
      gate: gateOf(vm),
      addresses: {
        public: vm.interfaces.flatMap(nic => nic.publicAddresses),
        private: vm.interfaces.flatMap(nic => nic.privateAddresses),
      },
      endpoints: tab === 'unsupported' ? [] : endpointsOf(vm, ports),
      week,
      requestsFrom,
      ...(last === undefined
        ? {}
        : { lastAccess: toWire(last.at), lastUser: last.user, lastFrom: last.from }),
      ...(activeUntil === undefined ? {} : { activeUntil: toWire(activeUntil) }),
      ...(changed === undefined ? {} : { changed: { at: toWire(changed.at), text: changed.text } }),
    };
  }

  return {
    of(vm) {
      const today = Math.floor(clock.now() / day);
      const kept = cache.get(vm.id);
      if (kept?.vm === vm && kept.day === today) return kept.row;
      const row = make(vm);
      cache.set(vm.id, { vm, day: today, row });
      return row;
    },
    forget(ids) {
      accountNames = undefined;
      if (ids) for (const id of ids) cache.delete(id);
      else cache.clear();
    },
  };
}

/** How many rows stand on each tab, and how many VMs are exposed. */
export function countRows(rows: Iterable<VmRow>): VmList['counts'] {
  const counts = { configured: 0, notConfigured: 0, unsupported: 0, exposed: 0 };
  for (const { tab, access } of rows) {
    if (tab === 'configured') counts.configured++;
    else if (tab === 'not-configured') counts.notConfigured++;
    else counts.unsupported++;
    if (access === 'exposed') counts.exposed++;
  }
  return counts;
}
