/** A newer request with a near end: the only early end that Defender itself has, if it has any (reference 2.10). */
import { toWire } from '../../../../shared/domain/time.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Instant } from '../../../os/ports.ts';
import { waitOut } from '../../calls.ts';
import { cloudNow, type DefenderAsk } from './ask.ts';
import { sourceText } from './asking.ts';
import { nearEndsMs, showPauses } from './assumptions.ts';
import { type Asked, askedIn, isAbout, justificationOf } from './record.ts';
import type { Target } from './target.ts';

interface Shortened {
  /** When the platform shuts the door now. */
  end: Instant;
  correlation: string | undefined;
}

/** Asks anew with the nearest end that is taken, unless it would be no nearer. `until`: not before then. */
export async function shorten(
  ask: DefenderAsk,
  target: Target,
  own: Asked,
  until: Instant | undefined,
  signal: AbortSignal,
): Promise<Shortened> {
  for (const ms of nearEndsMs) {
    const near = Math.floor((cloudNow(ask) + ms) / 1000) * 1000;
    const end = Math.max(near, until ?? near);
    if (end >= own.end) break;
    try {
      const correlation = await askAgain(ask, target, own, end, signal);
      await shown(ask, target, end, signal);
      return { end, correlation };
    } catch (error) {
      // Too near, as far as one can tell: the next one is tried.
      if (!(error instanceof LatchkeyError) || error.detail?.['status'] !== 400) throw error;
    }
  }
  return { end: own.end, correlation: undefined };
}

async function askAgain(
  ask: DefenderAsk,
  target: Target,
  own: Asked,
  end: Instant,
  signal: AbortSignal,
): Promise<string | undefined> {
  const allowedSourceAddressPrefix = sourceText(target.source);
  const ports = [{ number: target.port, endTimeUtc: toWire(end), allowedSourceAddressPrefix }];
  return await ask.api.initiate(
    target.gate,
    {
      virtualMachines: [{ id: own.vm, ports }],
      justification: justificationOf(target.grant, 'ended early'),
    },
    signal,
  );
}

/** The newer request has taken effect: only then does deleting its rule last. */
async function shown(ask: DefenderAsk, target: Target, end: Instant, signal: AbortSignal): Promise<void> {
  for (const wait of [0, ...showPauses]) {
    if (wait > 0) await waitOut(ask.clock, wait, signal);
    const record = askedIn(await ask.api.find(target.gate, signal)).filter(one => isAbout(one, target));
    const newer = record.find(one => one.grant === target.grant && one.end === end);
    if (newer !== undefined && newer.status.toLowerCase() !== 'initiating') return;
  }
}
