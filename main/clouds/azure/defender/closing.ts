/**
 * Ending a request to Defender before its time: a newer one with a near end, and, where rights allow, the rule that Defender
 * described as this VM's deleted. At its end the platform does both; then it is only seen that it did.
 */
import type { GateId, GrantId } from '../../../../shared/domain/ids.ts';
import { toWire } from '../../../../shared/domain/time.ts';
import { waitOut } from '../../calls.ts';
import type { Closed } from '../../cloud.ts';
import { cloudNow } from './ask.ts';
import { expiryPauses, youngMs } from './assumptions.ts';
import { type CloseAsk, judge, type Verdict } from './judging.ts';
import { removeRules, standingRules } from './removing.ts';
import { shorten } from './shortening.ts';
import { type Target, targetOf } from './target.ts';

/** All are judged first: if one does not prove to be ours, CLOUD_CONFLICT names it and nothing is touched. */
export async function closeRequests(
  ask: CloseAsk,
  gate: GateId,
  names: string[],
  grants: GrantId[],
  signal: AbortSignal,
): Promise<Closed[]> {
  const policy = await ask.api.find(gate, signal);
  const judged: { target: Target; verdict: Verdict }[] = [];
  for (const name of names) {
    const target = targetOf(name, gate, policy);
    judged.push({ target, verdict: await judge(ask, policy, target, grants, signal) });
  }
  const closed: Closed[] = [];
  const failures: unknown[] = [];
  for (const { target, verdict } of judged) {
    // One that can't be shut yet must not keep the others open.
    try {
      closed.push({ name: target.name, ...(await end(ask, target, verdict, signal)) });
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return closed;
}

async function end(
  ask: CloseAsk,
  target: Target,
  verdict: Verdict,
  signal: AbortSignal,
): Promise<Omit<Closed, 'name'>> {
  switch (verdict.is) {
    case 'gone':
      return { outcome: 'gone' };
    case 'kept':
      return {
        outcome: 'kept',
        note: 'Somebody else’s request holds the same port open for the same source.',
      };
    case 'over':
      return { outcome: 'gone', note: await seeItGo(ask, target, signal) };
    case 'running':
      return await endEarly(ask, target, verdict, signal);
  }
}

/** The platform ended it: seen where we may look. A rule that it leaves behind is ours to take away. */
async function seeItGo(ask: CloseAsk, target: Target, signal: AbortSignal): Promise<string> {
  for (const wait of [0, ...expiryPauses]) {
    if (wait > 0) await waitOut(ask.clock, wait, signal);
    const stands = await standingRules(ask, target, signal);
    if (stands === undefined)
      return 'Defender ends it by itself; this sign-in may not read the network security groups to see it.';
    if (stands.length === 0) return 'Defender has ended it by itself.';
  }
  await removeRules(ask, target, cloudNow(ask), signal);
  return 'Defender had left its rule behind at the end; it was deleted.';
}

async function endEarly(
  ask: CloseAsk,
  target: Target,
  { own, theirs }: Verdict & { is: 'running' },
  signal: AbortSignal,
): Promise<Omit<Closed, 'name'>> {
  const before = await standingRules(ask, target, signal);
  // Somebody deleted the rule by hand: a newer request would open the port again. One asked for just now may still get its
  // rule, whatever its status says: it is cut short all the same.
  const settled = own.status.toLowerCase() !== 'initiating' && own.start < cloudNow(ask) - youngMs;
  if (before?.length === 0 && settled)
    return { outcome: 'gone', note: 'Defender’s rule was gone already; its record ends by itself.' };
  const { end, correlation } = await shorten(ask, target, own, theirs, signal);
  if (theirs !== undefined) {
    const note = `Somebody else had asked for the same before: it stays open until ${toWire(end)}.`;
    return { outcome: 'kept', correlation, note };
  }
  await removeRules(ask, target, end, signal);
  const short = end < own.end ? `was cut short to ${toWire(end)}` : `ends at ${toWire(end)}`;
  return {
    outcome: 'gone',
    correlation,
    note: `Defender’s request ${short}, and its rule was deleted: the port is shut now.`,
  };
}
