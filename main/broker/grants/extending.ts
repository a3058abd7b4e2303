/** Moving a grant's end: within the policy's maximum from now, in the rules' descriptions first, then in the ledger. */
import type { GrantId } from '../../../shared/domain/ids.ts';
import { checkTime } from '../../../shared/domain/request.ts';
import { wholeSecond } from '../../../shared/domain/time.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { GrantsContext } from './context.ts';
import type { GrantRecord } from './records.ts';

export type Extension = { forMs?: number | undefined; byMs?: number | undefined };

export interface Extender {
  extend(id: GrantId, change: Extension): Promise<GrantRecord>;
  /** Goes on with an extension that a crash cut off. */
  finish(id: GrantId): Promise<GrantRecord>;
}

export function createExtender(context: GrantsContext): Extender {
  const { ledger } = context;

  async function finish(id: GrantId): Promise<GrantRecord> {
    const before = ledger.grant(id);
    if (!before) throw unknown(id);
    const errors = await context.keeper.settle(ledger.rulesOf(id).map(rule => rule.id));
    const error = [...errors.values()][0];
    const now = ledger.grant(id) ?? before;
    if (now.state !== 'extending') throw over(now);
    if (error) {
      const grant = ledger.updateGrant(id, { state: 'open', extendingTo: undefined });
      context.tell(grant, 'extended', {
        text: `${grant.vmName} could not be extended; it still ends as before.`,
        outcome: 'failed',
        error,
      });
      context.changed(id);
      context.wake();
      // The description may carry either end now: writing the old one again is the next thing settled.
      await context.keeper.settle(ledger.rulesOf(id).map(rule => rule.id));
      throw new LatchkeyError(error);
    }
    const endsAt = now.extendingTo ?? now.endsAt;
    const grant = ledger.updateGrant(id, { state: 'open', endsAt, extendingTo: undefined });
    context.tell(grant, 'extended', { text: `${grant.vmName} now ends ${new Date(endsAt).toISOString()}.` });
    context.changed(id);
    context.wake();
    return grant;
  }

  return {
    async extend(id, change) {
      const grant = ledger.grant(id);
      if (!grant) throw unknown(id);
      if (grant.state !== 'open') throw over(grant);
      const now = context.cloudNow(grant.account);
      const extendingTo = newEnd(grant, change, now);
      await withinPolicy(context, grant, extendingTo - now);
      // Asking may have taken a while: the state is looked at again in the same breath as it is changed.
      if (ledger.grant(id)?.state !== 'open') throw over(ledger.grant(id) ?? grant);
      ledger.updateGrant(id, { state: 'extending', extendingTo });
      context.changed(id);
      return finish(id);
    },
    finish,
  };
}

function newEnd(grant: GrantRecord, change: Extension, now: number): number {
  if ((change.forMs === undefined) === (change.byMs === undefined)) {
    throw new LatchkeyError({ code: 'BAD_INPUT', message: 'Say either how long from now, or by how much.' });
  }
  return wholeSecond(change.forMs === undefined ? grant.endsAt + (change.byMs ?? 0) : now + change.forMs);
}

async function withinPolicy(context: GrantsContext, grant: GrantRecord, ms: number): Promise<void> {
  const vm = context.inventory.get(grant.vm) ?? (await context.inventory.fresh(grant.vm));
  if (!vm.policy) {
    throw new LatchkeyError({
      code: 'NOT_CONFIGURED',
      message: `${grant.vmName} has no just-in-time policy any more.`,
      fix: 'Let the grant end, or lock the VM again.',
    });
  }
  checkTime(vm.policy, grant.ports, ms);
}

function unknown(id: GrantId): LatchkeyError {
  return new LatchkeyError({
    code: 'GRANT_NOT_FOUND',
    message: `There is no grant ${id}.`,
    fix: '`latchkey grants` lists them.',
  });
}

function over(grant: GrantRecord): LatchkeyError {
  return new LatchkeyError({
    code: 'GRANT_OVER',
    message: `Grant ${grant.id} is ${grant.state}, not open: it can't be extended.`,
    fix:
      grant.state === 'opening' || grant.state === 'extending' ? 'Wait a moment.' : 'Ask for access again.',
  });
}
