/** Credentials that are asked for once and kept in memory for as long as they are good. */
import type { Clock, Instant } from '../../../os/ports.ts';

/** Keys as the SDK's clients take them; `expiration`: when they end, if they do. */
export interface Identity {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}

/** Asked for anew so long before their end, milliseconds. */
const earlyMs = 5 * 60_000;
/** Keys without an end are read again after so long: the person may have put others into the file. */
const restMs = 60_000;
/**
 * AWS gives none for less than this, milliseconds. Those that seem to be over when they come say that our clock is wrong, and
 * must not be asked for again with every request, nor a person for a code.
 */
const leastLifeMs = 15 * 60_000;

interface Known {
  identity: Identity;
  since: Instant;
}

export interface Memo {
  /** Those that are good; where asking again fails before the old ones are over, those. */
  get(): Promise<Identity>;
  /** Asks whatever is known; what was known stays where that fails. */
  renew(): Promise<Identity>;
  /** The next `get` asks, whatever is known. */
  clear(): void;
}

export function createMemo(clock: Clock, ask: () => Promise<Identity>): Memo {
  let known: Known | undefined;
  let asking: Promise<Identity> | undefined;
  /** What was asked for before the newest turn changes nothing any more: it may be of an old sign-in. */
  let turn = 0;

  function endOf({ identity, since }: Known): Instant {
    const end = identity.expiration?.getTime() ?? Infinity;
    return end > since ? end : since + leastLifeMs;
  }
  function isFresh(): boolean {
    if (!known) return false;
    const end = endOf(known);
    return end === Infinity ? clock.now() < known.since + restMs : clock.now() < end - earlyMs;
  }

  async function anew(): Promise<Identity> {
    const mine = ++turn;
    try {
      const identity = await ask();
      if (mine === turn) known = { identity, since: clock.now() };
      return identity;
    } finally {
      if (mine === turn) asking = undefined;
    }
  }

  async function orOld(newest: Promise<Identity>, before: Known | undefined): Promise<Identity> {
    try {
      return await newest;
    } catch (error) {
      const end = before === undefined ? -Infinity : endOf(before);
      if (before !== undefined && end !== Infinity && clock.now() < end) return before.identity;
      throw error;
    }
  }

  return {
    get() {
      if (known && isFresh()) return Promise.resolve(known.identity);
      asking ??= orOld(anew(), known);
      return asking;
    },
    renew() {
      const newest = anew();
      asking = newest;
      return newest;
    },
    clear() {
      turn++;
      known = undefined;
      asking = undefined;
    },
  };
}
