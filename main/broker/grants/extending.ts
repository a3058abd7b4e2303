/** Moving a grant's end: within the policy's maximum from now, in the rules' descriptions first, then in the ledger. */
import type { GrantId } from '../../../shared/domain/ids.ts';
import { checkTime } from '../../../shared/domain/request.ts';
import { endAfter } from '../../../shared/domain/time.ts';
import { type ErrorData, LatchkeyError, toErrorData } from '../../../shared/errors.ts';
import type { GrantsContext } from './context.ts';
import type { GrantRecord } from './records.ts';

export type Extension = { forMs?: number | undefined; byMs?: number | undefined };

export interface Extender {
  extend(id: GrantId, change: Extension): Promise<GrantRecord>;
  /** Goes on with an extension that a crash cut off, or takes back one that failed. */
  finish(id: GrantId): Promise<GrantRecord>;
  /** Is it being extended now? If not, a grant in `extending` ends when it did before. */
  inHand(id: GrantId): boolean;
}

export function createExtender(context: GrantsContext): Extender {
  const { ledger, keeper, endings } = context;
  const inHand = new Set<GrantId>();
  /** Extensions that failed and could not be noted as failed: their grants end as before, whatever the ledger says. */
  const refused = new Map<GrantId, ErrorData>();

  async function finish(id: GrantId): Promise<GrantRecord> {
    inHand.add(id);
    try {
      const error = refused.get(id) ?? [...(await settle(id)).values()][0];
      const now = ledger.grant(id);
      if (!now) throw unknown(id);
      if (now.state !== 'extending') throw over(now);
      if (error) throw await undo(now, error);
      const endsAt = now.extendingTo ?? now.endsAt;
      try {
        ledger.updateGrant(id, { state: 'open', endsAt, extendingTo: undefined });
      } catch (failure) {
        throw await undo(now, toErrorData(failure));
      }
      context.tell(now, 'extended', { text: `${now.vmName} now ends ${new Date(endsAt).toISOString()}.` });
      return { ...now, state: 'open', endsAt, extendingTo: undefined };
    } finally {
      inHand.delete(id);
      context.changed(id);
      context.wake();
    }
  }

  const settle = (id: GrantId) => keeper.settle(ledger.rulesOf(id).map(rule => rule.id));

  async function undo(grant: GrantRecord, error: ErrorData): Promise<LatchkeyError> {
    refused.set(grant.id, error);
    ledger.updateGrant(grant.id, { state: 'open', extendingTo: undefined });
    refused.delete(grant.id);
    context.tell(grant, 'extended', {
      text: `${grant.vmName} could not be extended; it still ends as before.`,
      outcome: 'failed',
      error,
    });
    context.changed(grant.id);
    context.wake();
    // The description may carry either end now: writing the old one again is the next thing settled.
    await settle(grant.id);
    return new LatchkeyError(error);
  }

  return {
    async extend(id, change) {
      const grant = ledger.grant(id);
      if (!grant) throw unknown(id);
      const mayBe = () => ledger.grant(id)?.state === 'open' && !endings.has(id);
      const now = context.cloudNow(grant.account);
      if (!mayBe() || grant.endsAt <= now) throw over(grant);
      const extendingTo = newEnd(grant, change, now);
      await withinPolicy(context, grant, extendingTo - now);
      // Asking may have taken a while: the state is looked at again in the same breath as it is changed.
      if (!mayBe()) throw over(ledger.grant(id) ?? grant);
      ledger.updateGrant(id, { state: 'extending', extendingTo });
      context.changed(id);
      return finish(id);
    },
    finish,
    inHand: id => inHand.has(id),
  };
}

function newEnd(grant: GrantRecord, change: Extension, now: number): number {
  if ((change.forMs === undefined) === (change.byMs === undefined)) {
    throw new LatchkeyError({ code: 'BAD_INPUT', message: 'Say either how long from now, or by how much.' });
  }
  return change.forMs === undefined ? endAfter(grant.endsAt, change.byMs ?? 0) : endAfter(now, change.forMs);
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
    message: `Grant ${grant.id} is ${grant.state === 'open' ? 'ending' : grant.state}: it can't be extended.`,
    fix:
      grant.state === 'opening' || grant.state === 'extending' ? 'Wait a moment.' : 'Ask for access again.',
  });
}
