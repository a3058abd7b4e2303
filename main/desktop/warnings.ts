/** Decides when a person is told that a grant ends soon, or could not be shut: once each, and again after an extension. */
import type { Grant } from '../../shared/contract/grants.ts';
import { showName } from '../../shared/domain/hostile.ts';
import { formatDuration } from '../../shared/domain/time.ts';

export interface Warning {
  grant: string;
  title: string;
  body: string;
  /** May it be extended from the notice? */
  extend: boolean;
}

export interface Warnings {
  /** Warnings that are due at `now` (epoch ms) and were not given yet. */
  due(grants: readonly Grant[], now: number, warnBeforeMs: number): Warning[];
  /** When to look again, epoch ms; undefined when no open grant is left to warn about. */
  next(grants: readonly Grant[], now: number, warnBeforeMs: number): number | undefined;
}

/** Remembers what was told already, for as long as it lives. */
export function createWarnings(): Warnings {
  const given = new Set<string>();
  const key = (grant: Grant) =>
    grant.state === 'stuck' ? `stuck ${grant.id}` : `end ${grant.id} ${grant.endsAt}`;
  return {
    due(grants, now, warnBeforeMs) {
      const warnings = grants.filter(grant => !given.has(key(grant)) && isDue(grant, now, warnBeforeMs));
      for (const grant of warnings) given.add(key(grant));
      return warnings.map(grant => words(grant, now));
    },
    next(grants, now, warnBeforeMs) {
      const times = grants
        .filter(grant => grant.state === 'open')
        .map(grant => Date.parse(grant.endsAt) - warnBeforeMs)
        .filter(at => at > now);
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}

/** A grant shorter than the warning time is not warned about: the person has only just asked for it. */
function isDue(grant: Grant, now: number, warnBeforeMs: number): boolean {
  if (grant.state === 'stuck') return true;
  const ends = Date.parse(grant.endsAt);
  const asked = Date.parse(grant.requestedAt);
  return grant.state === 'open' && ends > now && ends - warnBeforeMs <= now && ends - asked > warnBeforeMs;
}

function words(grant: Grant, now: number): Warning {
  const name = showName(grant.vmName);
  if (grant.state === 'stuck') {
    const body = grant.error?.message ?? 'Latchkey keeps trying.';
    return { grant: grant.id, title: `${name} could not be shut`, body, extend: false };
  }
  const left = formatDuration(Math.max(1_000, Math.round((Date.parse(grant.endsAt) - now) / 1_000) * 1_000));
  return {
    grant: grant.id,
    title: `${name} shuts in ${left}`,
    body: 'New connections stop then; a session that is open may go on.',
    extend: true,
  };
}
