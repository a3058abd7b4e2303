/** Deleting the rule that Defender described as this VM's, for this port and source: where rights allow. */
import type { VmId } from '../../../../shared/domain/ids.ts';
import { toWire } from '../../../../shared/domain/time.ts';
import { LatchkeyError } from '../../../../shared/errors.ts';
import type { Instant } from '../../../os/ports.ts';
import { isForbidden } from '../../calls.ts';
import type { RuleWriter } from '../ruleWriter.ts';
import { type AllowRule, allowRulesOf, lets } from './allowRules.ts';
import type { DefenderAsk } from './ask.ts';

/** What rules let in: a port of a VM, for a source, by a policy. */
interface Door {
  name: string;
  gate: string;
  policyName: string;
  vm: VmId;
  vmName: string;
  port: number;
  source: string;
}

/** Defender's rules for that door; undefined where this sign-in may not look. */
export async function standingRules(
  ask: DefenderAsk,
  door: Door,
  signal: AbortSignal,
): Promise<AllowRule[] | undefined> {
  const found = await allowRulesOf(ask.arm, door, signal);
  return found?.rules.filter(rule => lets(rule, door));
}

/** Deletes them, and looks again. Throws CLOUD_FORBIDDEN that says when (`end`) the platform shuts the door. */
export async function removeRules(
  ask: DefenderAsk & { writer: RuleWriter },
  door: Door,
  end: Instant,
  signal: AbortSignal,
): Promise<void> {
  const stands = await standingRules(ask, door, signal);
  if (stands === undefined) throw stillOpen(door, end, undefined);
  for (const rule of stands) {
    try {
      await ask.writer.inTurn(rule.gate, () => ask.writer.remove(rule.gate, rule.name, signal));
    } catch (error) {
      if (!isForbidden(error)) throw error;
      throw stillOpen(door, end, error);
    }
  }
  const left = await standingRules(ask, door, signal);
  if (left?.length) throw stillOpen(door, end, undefined);
}

/** Nothing is called shut that is not: the grant stays, and is looked at again until the platform has ended it. */
function stillOpen(door: Door, end: Instant, cause: unknown): LatchkeyError {
  const told = cause instanceof LatchkeyError ? cause : undefined;
  const why = told === undefined ? '' : ` ${told.message}`;
  return new LatchkeyError(
    {
      code: 'CLOUD_FORBIDDEN',
      message: `Defender shuts port ${door.port} of ${door.vmName} by itself at ${toWire(end)}; its rule could not be deleted before.${why}`,
      fix: told?.fix === undefined ? 'Wait for that time.' : `Wait for that time. ${told.fix}`,
      detail: { ...told?.detail, gate: door.gate, rule: door.name, endsAt: toWire(end) },
    },
    { cause },
  );
}
