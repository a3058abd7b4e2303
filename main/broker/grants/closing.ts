/** Ending grants: their rules go, and what can't be shut is `stuck` and tried again for as long as it takes. */
import type { GrantId } from '../../../shared/domain/ids.ts';
import { isLive } from '../../../shared/domain/live.ts';
import { type ErrorData, toErrorData } from '../../../shared/errors.ts';
import type { Instant } from '../../os/ports.ts';
import type { GrantsContext } from './context.ts';
import type { Cause, GrantRecord } from './records.ts';

export interface Closer {
  /** Shuts these grants' doors now. Returns when each is closed, failed or stuck. Grants that are over are left alone. */
  shut(grants: GrantId[], cause: Cause): Promise<void>;
  /** Tries those again that could not be shut and whose time has come (`all`: whether it has or not). */
  again(all: boolean): Promise<void>;
  /** When the next of them is due, in this computer's time. */
  nextTry(): Instant | undefined;
}

export function createCloser(context: GrantsContext): Closer {
  const { ledger, keeper, endings, clock } = context;
  const inHand = new Map<GrantId, Promise<void>>();

  async function shutNow(ids: GrantId[], cause: Cause): Promise<void> {
    const grants = ids.flatMap(id => ledger.grant(id) ?? []).filter(isLive);
    for (const grant of grants) endings.begin(grant.id, grant.cause ?? cause);
    inOneWrite(() => {
      for (const { id } of grants) {
        ledger.updateGrant(id, { state: 'closing', cause: endings.cause(id), extendingTo: undefined });
      }
    });
    for (const grant of grants) context.changed(grant.id);
    const rules = new Map(grants.map(grant => [grant.id, ledger.rulesOf(grant.id).map(rule => rule.id)]));
    const errors = await keeper.settle([...rules.values()].flat());
    const left = new Map<GrantId, ErrorData>();
    for (const [id, itsRules] of rules) {
      const error = itsRules.flatMap(rule => errors.get(rule) ?? [])[0];
      if (error) left.set(id, error);
    }
    over([...rules.keys()].filter(id => !left.has(id)));
    stuck(left);
    for (const { id } of grants) context.changed(id);
  }

  function over(ids: GrantId[]): void {
    const unnoted = inOneWrite(() => {
      for (const id of ids) {
        const cause = endings.cause(id);
        const change = { closedAt: clock.now(), cause };
        if (cause === 'failed') ledger.updateGrant(id, { ...change, state: 'failed' });
        else ledger.updateGrant(id, { ...change, state: 'closed', error: undefined });
      }
    });
    if (unnoted) {
      for (const id of ids) endings.failed(id, unnoted);
      return;
    }
    inOneWrite(() => {
      for (const id of ids) {
        const cause = endings.cause(id);
        endings.done(id);
        const grant = ledger.grant(id);
        if (!grant) continue;
        context.tell(grant, activityKind(cause), {
          text: sentence(grant),
          outcome: cause === 'failed' ? 'failed' : 'ok',
          error: grant.error,
        });
      }
    });
  }

  function stuck(grants: Map<GrantId, ErrorData>): void {
    const news = [...grants].filter(([id, error]) => endings.failed(id, error));
    inOneWrite(() => {
      for (const [id, error] of grants) ledger.updateGrant(id, { state: 'stuck', error });
    });
    inOneWrite(() => {
      for (const [id, error] of news) {
        const grant = ledger.grant(id);
        if (!grant) continue;
        const text = `Could not shut the port of ${grant.vmName}: ${error.message} It is being tried again.`;
        context.tell(grant, 'stuck', { text, outcome: 'failed', error });
      }
    });
  }

  /**
   * 1,000 ends in one second are one write to the disk. A door is shut even when the disk is full: what could not be
   * noted is given back, and done again later from what the ledger still says.
   */
  function inOneWrite(write: () => void): ErrorData | undefined {
    try {
      ledger.together(write);
      return undefined;
    } catch (error) {
      context.log.error({ error: toErrorData(error) }, 'the ledger could not be written while closing');
      return toErrorData(error);
    }
  }

  /** Whatever goes wrong on the way (a disk that can't be read, a defect), it is tried again. */
  function begin(ids: GrantId[], cause: Cause): Promise<void> {
    const work = shutNow(ids, cause)
      .catch((error: unknown) => {
        for (const id of ids) if (endings.has(id)) endings.failed(id, toErrorData(error));
        throw error;
      })
      .finally(() => {
        for (const id of ids) inHand.delete(id);
        context.wake();
      });
    for (const id of ids) inHand.set(id, work);
    return work;
  }

  function failedBefore(): { id: GrantId; at: Instant }[] {
    return endings.waiting().filter(({ id }) => {
      const account = ledger.grant(id)?.account;
      return account !== undefined && context.usable(account) && !inHand.has(id);
    });
  }

  const closer: Closer = {
    async shut(ids, cause) {
      const waiting = ids.flatMap(id => inHand.get(id) ?? []);
      const mine = [...new Set(ids)].filter(id => !inHand.has(id));
      // An account whose cloud is slow does not keep the others' grants from being seen as closed.
      const groups = Map.groupBy(mine, id => ledger.grant(id)?.account);
      await Promise.all([...waiting, ...[...groups.values()].map(group => begin(group, cause))]);
    },
    async again(all) {
      const due = failedBefore().filter(({ at }) => all || at <= clock.now());
      if (due.length > 0)
        await closer.shut(
          due.map(({ id }) => id),
          'expired',
        );
    },
    nextTry() {
      const times = failedBefore().map(({ at }) => at);
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
  return closer;
}

function activityKind(cause: Cause): 'failed' | 'revoked' | 'expired' | 'closed' {
  return cause === 'removed' || cause === 'vm-gone' || cause === 'moved' ? 'closed' : cause;
}

function sentence(grant: GrantRecord): string {
  switch (grant.cause) {
    case 'revoked':
      return `Access to ${grant.vmName} was revoked; the port is shut.`;
    case 'failed':
      return `Access to ${grant.vmName} could not be opened; nothing is open.`;
    case 'removed':
      return `The rule for ${grant.vmName} was removed in the cloud by somebody else; the grant is over.`;
    case 'vm-gone':
      return `${grant.vmName} is not there any more; its grant is over, and the rule is gone.`;
    case 'moved':
      return `${grant.vmName} was put behind other gates, where its grant has no rule; the grant is over. Ask again.`;
    case 'expired':
    case undefined:
      return `Access to ${grant.vmName} ended; the port is shut.`;
  }
}
