/**
 * The watch over ends. Timers are only a hint: on start, on resume, on network change, when an account becomes ready and
 * every five minutes everything is looked at anew, and what is past its end in the cloud's time is shut.
 * This computer's clock may be set at any time; the clouds' time is then asked for before anything ends by it.
 */
import type { GrantId } from '../../../shared/domain/ids.ts';
import { LatchkeyError, toErrorData } from '../../../shared/errors.ts';
import type { Instant } from '../../os/ports.ts';
import type { Closer } from './closing.ts';
import type { GrantsContext } from './context.ts';
import type { Extender } from './extending.ts';
import type { Opener } from './opening.ts';
import { type GrantRecord, type RuleRecord, wantsRules } from './records.ts';

/** How often everything is looked at without a reason. */
const everyMs = 5 * 60_000;
/** An opening that a crash cut off longer ago than this is undone: a door must not open when nobody waits for it any more. */
const finishWithinMs = 60_000;
/** A timer this far from its time did not just come late. */
const clockSetMs = 5_000;

export interface Watch {
  /** Sets the timer for the next end. */
  wake(): void;
  /** Shuts what is due. */
  tick(): Promise<void>;
  /** Finishes or undoes what a crash cut off, for accounts that are ready. */
  recover(): Promise<void>;
  /** Looks at everything, in the background. `anew`: this computer's clock may have been set meanwhile. */
  look(anew?: boolean): void;
  start(): void;
  stop(): void;
}

interface Deps {
  context: GrantsContext;
  opener: Opener;
  closer: Closer;
  extender: Extender;
  /** Looks at what stands in the clouds. */
  sweep: () => Promise<void>;
  /** Moves the ends of adopted grants to what their rules say; gives those that are really over. */
  confirmOver: (grants: GrantRecord[]) => Promise<GrantRecord[]>;
}

export function createWatch({ context, opener, closer, extender, sweep, confirmOver }: Deps): Watch {
  const { ledger, clock, endings } = context;
  let timer: Disposable | undefined;
  let round: Disposable | undefined;
  let running = false;
  let asking: Promise<void> | undefined;
  /** Cut off by a crash and not finished yet; what this run of the broker began is never in here. */
  const cutOff = new Set<GrantId>();
  /** Adopted ones whose end is being looked up. */
  const confirming = new Set<GrantId>();

  function wake(): void {
    timer?.[Symbol.dispose]();
    timer = undefined;
    if (!running) return;
    const next = nextEnd();
    if (next === undefined) return;
    const meant = Math.max(clock.now(), next);
    timer = clock.after(meant - clock.now(), () => {
      timer = undefined;
      // A timer that is far from its time tells of a sleep, or of a clock that was set.
      const off = Math.abs(clock.now() - meant) > clockSetMs;
      inBackground(() => (off ? askThenTick() : tick()));
    });
  }

  /** Grants that ought to end at some time, and when, in this computer's time. Not those that are being shut already. */
  function ends(): { id: GrantId; at: Instant }[] {
    return ledger
      .ends()
      .filter(({ id, account }) => context.usable(account) && !endings.has(id) && !confirming.has(id))
      .map(({ id, account, endsAt, extendingTo = 0 }) => {
        const end = extender.inHand(id) ? Math.max(endsAt, extendingTo) : endsAt;
        return { id, at: end - context.cloudNow(account) + clock.now() };
      });
  }

  function nextEnd(): Instant | undefined {
    const times = [...ends().map(({ at }) => at), closer.nextTry() ?? Number.POSITIVE_INFINITY];
    const next = Math.min(...times);
    return Number.isFinite(next) ? next : undefined;
  }

  async function tick(): Promise<void> {
    await asking;
    const due = ends().flatMap(({ id, at }) => (at <= clock.now() ? (ledger.grant(id) ?? []) : []));
    const work = [
      shut(due.filter(grant => !grant.adopted)),
      // These are asked for in their cloud first, and the others don't wait for that.
      confirmed(due.filter(grant => grant.adopted)).then(shut),
      closer.again(false),
    ];
    // What is due next does not wait for a slow cloud either.
    wake();
    await Promise.all(work);
    wake();
  }

  async function shut(grants: GrantRecord[]): Promise<void> {
    if (grants.length === 0) return;
    await closer.shut(
      grants.map(grant => grant.id),
      'expired',
    );
  }

  async function confirmed(grants: GrantRecord[]): Promise<GrantRecord[]> {
    for (const { id } of grants) confirming.add(id);
    try {
      return await confirmOver(grants);
    } finally {
      for (const { id } of grants) confirming.delete(id);
    }
  }

  /** Nothing ends by what was known of the clouds' time before this computer's clock was set. */
  async function askThenTick(): Promise<void> {
    asking ??= context.askTime().finally(() => {
      asking = undefined;
    });
    await tick();
  }

  async function recover(): Promise<void> {
    const waiting = [...cutOff]
      .flatMap(id => ledger.grant(id) ?? [])
      .filter(grant => context.usable(grant.account));
    for (const grant of waiting) cutOff.delete(grant.id);
    const halfway = ledger
      .ends()
      .filter(({ id, state }) => state === 'extending' && !extender.inHand(id) && !cutOff.has(id))
      .flatMap(({ id }) => ledger.grant(id) ?? []);
    const all = new Map([...waiting, ...halfway].map(grant => [grant.id, grant]));
    await Promise.all([...all.values()].map(grant => resume(grant).catch(tellOff)));
    // Rules that no live grant wants any more: the crash came between the last grant's end and the gate.
    await context.keeper.settle(
      ledger
        .liveRules()
        .filter(rule => needsSettling(rule))
        .map(rule => rule.id),
    );
  }

  function needsSettling(rule: RuleRecord): boolean {
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

  function look(anew = false): void {
    // Each by itself: a cloud that is slow to one of them holds up none of the others.
    inBackground(recover);
    inBackground(anew ? askThenTick : tick);
    inBackground(sweepAndWake);
  }

  /** A sweep hears every cloud's time, so the next end may be another one after it. */
  async function sweepAndWake(): Promise<void> {
    await sweep();
    wake();
  }

  function everyRound(): void {
    round?.[Symbol.dispose]();
    if (!running) return;
    round = clock.after(everyMs, () => {
      everyRound();
      look();
    });
  }

  return {
    wake,
    tick,
    recover,
    look,
    start() {
      running = true;
      for (const grant of ledger.grants()) if (grant.state !== 'open') cutOff.add(grant.id);
      everyRound();
      look();
    },
    stop() {
      running = false;
      timer?.[Symbol.dispose]();
      round?.[Symbol.dispose]();
    },
  };
}
