/** Ending grants: their rules go, and what can't be shut is `stuck` and tried again for as long as it takes. */
import type { GrantId } from '../../../shared/domain/ids.ts';
import { type ErrorData, toErrorData } from '../../../shared/errors.ts';
import type { Instant } from '../../os/ports.ts';
import type { GrantsContext } from './context.ts';
import type { Endings } from './endings.ts';
import { type Cause, type GrantRecord, liveStates } from './records.ts';

export interface Closer {
  /** Shuts these grants' doors now. Returns when each is closed, failed or stuck. Grants that are over are left alone. */
  shut(grants: GrantId[], cause: Cause): Promise<void>;
  /** Tries those again that could not be shut and whose time has come (`all`: whether it has or not). */
  again(all: boolean): Promise<void>;
  /** When the next of them is due, in this computer's time. */
  nextTry(): Instant | undefined;
}

export function createCloser(context: GrantsContext, endings: Endings): Closer {
  const { ledger, keeper, clock } = context;
  const inHand = new Map<GrantId, Promise<void>>();

  async function shutNow(ids: GrantId[], cause: Cause): Promise<void> {
    const grants = ids
      .flatMap(id => ledger.grant(id) ?? [])
      .filter(grant => liveStates.includes(grant.state));
    for (const grant of grants) endings.begin(grant.id, grant.cause ?? cause);
    noted(() => {
      // In one piece, so that 1,000 ends in one second are one write.
      ledger.together(() => {
        for (const { id } of grants) {
          ledger.updateGrant(id, { state: 'closing', cause: endings.cause(id), extendingTo: undefined });
        }
      });
    });
    for (const grant of grants) context.changed(grant.id);
    const rules = new Map(grants.map(grant => [grant.id, ledger.rulesOf(grant.id).map(rule => rule.id)]));
    const errors = await keeper.settle([...rules.values()].flat());
    for (const { id } of grants) {
      const error = (rules.get(id) ?? []).flatMap(rule => errors.get(rule) ?? [])[0];
      if (error) stuck(id, error);
      else over(id);
      context.changed(id);
    }
    context.wake();
  }

  function over(id: GrantId): void {
    const cause = endings.cause(id);
    const failed = cause === 'failed';
    const change = {
      state: failed ? ('failed' as const) : ('closed' as const),
      closedAt: clock.now(),
      cause,
    };
    const done = noted(() => ledger.updateGrant(id, failed ? change : { ...change, error: undefined }));
    if (!done) {
      endings.failed(id);
      return;
    }
    endings.done(id);
    const grant = ledger.grant(id);
    if (grant)
      context.tell(grant, activityKind(cause), {
        text: sentence(grant),
        outcome: failed ? 'failed' : 'ok',
        error: grant.error,
      });
  }

  function stuck(id: GrantId, error: ErrorData): void {
    const first = endings.failed(id) === 1;
    noted(() => ledger.updateGrant(id, { state: 'stuck', error }));
    const grant = ledger.grant(id);
    if (grant && first) {
      const text = `Could not shut the port of ${grant.vmName}: ${error.message} It is being tried again.`;
      context.tell(grant, 'stuck', { text, outcome: 'failed', error });
    }
  }

  /** A door is shut even when the disk is full: what could not be noted is done again later, from what the ledger still says. */
  function noted(write: () => unknown): boolean {
    try {
      write();
      return true;
    } catch (error) {
      context.log.error({ error: toErrorData(error) }, 'the ledger could not be written while closing');
      return false;
    }
  }

  const closer: Closer = {
    async shut(ids, cause) {
      const waiting = ids.flatMap(id => inHand.get(id) ?? []);
      const mine = ids.filter(id => !inHand.has(id));
      const work = shutNow(mine, cause).finally(() => {
        for (const id of mine) inHand.delete(id);
      });
      for (const id of mine) inHand.set(id, work);
      await Promise.all([work, ...waiting]);
    },
    async again(all) {
      const stuckOnes = ledger.grants().filter(grant => grant.state === 'stuck' && !endings.has(grant.id));
      const ids = [
        ...stuckOnes.map(grant => grant.id),
        ...endings.due(all ? Number.POSITIVE_INFINITY : clock.now()),
      ];
      const usable = ids.filter(
        id => context.usable(ledger.grant(id)?.account ?? ('' as never)) && !inHand.has(id),
      );
      if (usable.length > 0) await closer.shut(usable, 'expired');
    },
    nextTry: () => endings.next(),
  };
  return closer;
}

function activityKind(cause: Cause): 'failed' | 'revoked' | 'expired' | 'closed' {
  return cause === 'removed' ? 'closed' : cause;
}

function sentence(grant: GrantRecord): string {
  switch (grant.cause) {
    case 'revoked':
      return `Access to ${grant.vmName} was revoked; the port is shut.`;
    case 'failed':
      return `Access to ${grant.vmName} could not be opened; nothing is open.`;
    case 'removed':
      return `The rule for ${grant.vmName} was removed in the cloud by somebody else; the grant is over.`;
    case 'expired':
    case undefined:
      return `Access to ${grant.vmName} ended; the port is shut.`;
  }
}
