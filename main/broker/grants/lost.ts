/**
 * Grants whose VM was deleted, or put behind other gates, while they were open: their rules let nobody in any more, and
 * would let in whoever gets the VM's address or comes back behind the old gate. Such a grant is over, and that is told.
 */
import type { AccountId, GateId, VmId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError, toErrorData } from '../../../shared/errors.ts';
import type { Instant } from '../../os/ports.ts';
import type { Closer } from './closing.ts';
import type { GrantsContext } from './context.ts';
import type { GrantRecord } from './records.ts';

/** VMs that one look looks at, those first that were looked at longest ago: each costs a handful of requests. */
const perLook = 25;
/** A grant younger than this is left alone: what was just written may not show everywhere. */
const settleMs = 60_000;

/** Gives the look at an account's VMs with open grants. A VM that can't be looked at is left for the next time. */
export function createLostLook(
  context: GrantsContext,
  closer: Closer,
): (account: AccountId) => Promise<void> {
  const { ledger, clock, inventory } = context;
  const looked = new Map<VmId, Instant>();

  async function look(account: AccountId, vm: VmId, grants: GrantRecord[]): Promise<void> {
    looked.set(vm, clock.now());
    try {
      // From the cloud itself: a list may lag behind, or not show what somebody may not read.
      const fresh = await context.accounts.cloud(account).vm(vm);
      if (fresh) {
        inventory.put(fresh);
        const moved = grants.filter(grant => isMoved(context, grant, fresh));
        await closer.shut(stillOpen(moved), 'moved');
      } else await closer.shut(stillOpen(grants), 'vm-gone');
    } catch (error) {
      context.log.warn({ vm, error: toErrorData(error) }, 'a VM with an open grant could not be looked at');
    }
  }

  function stillOpen(grants: GrantRecord[]): GrantRecord['id'][] {
    return grants.map(({ id }) => id).filter(id => ledger.grant(id)?.state === 'open');
  }

  return async account => {
    const before = clock.now() - settleMs;
    const open = ledger
      .grants()
      .filter(
        grant => grant.account === account && grant.state === 'open' && (grant.openedAt ?? 0) <= before,
      );
    const byVm = Map.groupBy(open, grant => grant.vm);
    for (const vm of looked.keys()) if (!byVm.has(vm)) looked.delete(vm);
    const due = [...byVm].sort(([a], [b]) => (looked.get(a) ?? 0) - (looked.get(b) ?? 0)).slice(0, perLook);
    await Promise.all(due.map(([vm, grants]) => look(account, vm, grants)));
  };
}

/** Does a gate with a rule of the grant stand before the VM no more, and is there nothing, or another one, in its place? */
function isMoved(context: GrantsContext, grant: GrantRecord, vm: Vm): boolean {
  // Its pieces did not fit together when they were read: that tells nothing.
  if (vm.problem !== undefined) return false;
  const rules = context.ledger
    .rulesOf(grant.id)
    .filter(({ state }) => state === 'standing' || state === 'foreign');
  const has = new Set(rules.map(rule => rule.gate));
  const needs = gatesNow(context, grant, vm);
  if (needs === undefined) return has.size > 0;
  const before = new Set([
    ...needs,
    ...vm.interfaces.flatMap(nic => nic.layers.flatMap(layer => layer.gates.map(gate => gate.id))),
  ]);
  // A gate of another kind is another way to the VM (a cloud's own service, say): that one was not taken away.
  const kinds = new Set([...needs].map(kindOf));
  const left = [...has].some(gate => !before.has(gate) && kinds.has(kindOf(gate)));
  return left && [...needs].some(gate => !has.has(gate));
}

/** What is before the name in a gate's id: a type of resource, or a region. */
function kindOf(gate: GateId): string | undefined {
  return gate.split('/').at(-2);
}

/** The gates in which the grant would need rules if it were asked for now; undefined if nothing could open the VM. */
function gatesNow(context: GrantsContext, grant: GrantRecord, vm: Vm): Set<GateId> | undefined {
  const { id, owner, endsAt: end, vmName, ports, sources } = grant;
  try {
    const orders = context.accounts
      .cloud(grant.account)
      .orders(vm, { ports, sources, mark: { grant: id, owner, end, vmName } });
    return new Set(orders.map(order => order.gate));
  } catch (error) {
    if (error instanceof LatchkeyError && (error.code === 'UNSUPPORTED' || error.code === 'SOURCE_FAMILY'))
      return undefined;
    throw error;
  }
}
