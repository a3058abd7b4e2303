/**
 * The watch over ends. Timers are only a hint: on start, on resume, on network change, when an account becomes ready and
 * every five minutes everything is looked at anew, and what is past its end in the cloud's time is shut.
 */
import type { GrantId } from '../../../shared/domain/ids.ts';
import { LatchkeyError, toErrorData } from '../../../shared/errors.ts';
import type { Instant } from '../../os/ports.ts';
import type { Closer } from './closing.ts';
import type { GrantsContext } from './context.ts';
import type { Extender } from './extending.ts';
import type { Opener } from './opening.ts';
import { type GrantRecord, wantsRules } from './records.ts';

/** How often everything is looked at without a reason. */
const everyMs = 5 * 60_000;
/** An opening that a crash cut off longer ago than this is undone: a door must not open when nobody waits for it any more. */
const finishWithinMs = 60_000;

export interface Watch {
  /** Sets the timer for the next end. */
  wake(): void;
  /** Shuts what is due. */
  tick(): Promise<void>;
  /** Finishes or undoes what a crash cut off, for accounts that are ready. */
  recover(): Promise<void>;
  start(): void;
  stop(): void;
}

interface Deps {
  context: GrantsContext;
  opener: Opener;
  closer: Closer;
  extender: Extender;
  /** Moves the ends of adopted grants to what their rules say; gives those that are really over. */
  confirmOver: (grants: GrantRecord[]) => Promise<GrantRecord[]>;
  /** Called every five minutes and on every other reason to look. */
  look: () => Promise<void>;
}

export function createWatch({ context, opener, closer, extender, confirmOver, look }: Deps): Watch {
  const { ledger, clock } = context;
  let timer: Disposable | undefined;
  let round: Disposable | undefined;
  let running = false;
  /** Cut off by a crash and not finished yet; what this run of the broker began is never in here. */
  const cutOff = new Set<GrantId>();

  function wake(): void {
    timer?.[Symbol.dispose]();
    if (!running) return;
    const next = nextEnd();
    timer =
      next === undefined ? undefined : clock.after(Math.max(0, next - clock.now()), () => inBackground(tick));
  }

  /** In this computer's time. */
  function nextEnd(): Instant | undefined {
    const ends = ledger
      .grants()
      .filter(grant => wantsRules(grant) && context.usable(grant.account))
      .map(
        grant =>
          Math.max(grant.endsAt, grant.extendingTo ?? 0) - context.cloudNow(grant.account) + clock.now(),
      );
    const retry = closer.nextTry();
    const all = retry === undefined ? ends : [...ends, retry];
    return all.length === 0 ? undefined : Math.min(...all);
  }

  async function tick(): Promise<void> {
    const due = ledger
      .grants()
      .filter(grant => wantsRules(grant) && context.usable(grant.account))
      .filter(grant => Math.max(grant.endsAt, grant.extendingTo ?? 0) <= context.cloudNow(grant.account));
    const over = await confirmOver(due);
    await Promise.all([
      over.length > 0 &&
        closer.shut(
          over.map(grant => grant.id),
          'expired',
        ),
      closer.again(false),
    ]);
    wake();
  }

  async function recover(): Promise<void> {
    const waiting = [...cutOff]
      .flatMap(id => ledger.grant(id) ?? [])
      .filter(grant => context.usable(grant.account));
    for (const grant of waiting) cutOff.delete(grant.id);
    await Promise.all(waiting.map(grant => resume(grant).catch(tellOff)));
    // Rules that no live grant wants any more: the crash came between the last grant's end and the gate.
    await context.keeper.settle(
      ledger
        .liveRules()
        .filter(rule => needsSettling(rule))
        .map(rule => rule.id),
    );
  }

  function needsSettling(rule: {
    id: number;
    account: GrantRecord['account'];
    state: string;
    writtenEnd: number | undefined;
  }): boolean {
    if (!context.usable(rule.account)) return false;
    const grants = ledger.grantsOf(rule.id);
    if (grants.some(grant => grant.state === 'opening' || grant.state === 'extending')) return false;
    return !grants.some(wantsRules) || (rule.state === 'standing' && rule.writtenEnd === undefined);
  }

  async function resume(grant: GrantRecord): Promise<void> {
    const now = context.cloudNow(grant.account);
    switch (grant.state) {
      case 'requested':
      case 'opening': {
        const fresh = clock.now() - grant.requestedAt <= finishWithinMs && grant.endsAt > now;
        context.tell(grant, 'recovered', {
          text: `Latchkey stopped while ${grant.vmName} was being opened; ${fresh ? 'going on with it' : 'undoing it'}.`,
        });
        if (fresh) await opener.finish(grant.id);
        else await undo(grant);
        return;
      }
      case 'extending':
        await extender.finish(grant.id);
        return;
      case 'closing':
      case 'stuck':
        await closer.shut([grant.id], grant.cause ?? 'expired');
        return;
      case 'open':
      case 'closed':
      case 'failed':
        return;
    }
  }

  async function undo(grant: GrantRecord): Promise<void> {
    const error = new LatchkeyError({
      code: 'CANCELLED',
      message: 'Latchkey stopped while the grant was being opened.',
      fix: 'Ask again.',
    }).toData();
    ledger.updateGrant(grant.id, { error });
    await closer.shut([grant.id], 'failed');
  }

  function tellOff(error: unknown): void {
    // The grant itself carries the error, and the activity its row; here it is only noted.
    context.log.warn({ error: toErrorData(error) }, 'a grant could not be recovered');
  }

  function inBackground(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      context.log.error({ error: toErrorData(error) }, 'the watch over ends failed; it goes on');
      // Whatever happened (a full disk, a defect): doors are still looked after.
      timer?.[Symbol.dispose]();
      if (running) timer = clock.after(5_000, () => inBackground(tick));
    });
  }

  function everyRound(): void {
    round?.[Symbol.dispose]();
    if (!running) return;
    round = clock.after(everyMs, () => {
      everyRound();
      inBackground(look);
    });
  }

  return {
    wake,
    tick,
    recover,
    start() {
      running = true;
      for (const grant of ledger.grants()) if (grant.state !== 'open') cutOff.add(grant.id);
      everyRound();
    },
    stop() {
      running = false;
      timer?.[Symbol.dispose]();
      round?.[Symbol.dispose]();
    },
  };
}
