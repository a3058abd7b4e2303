/**
 * Who used a VM lately: what this Latchkey and the cloud's log know, and what Defender's requests add. Defender keeps
 * everybody's requests to it; where it knows of more than we do, it is the source. Pure.
 */
import type { ValueSource } from '../contract/vms.ts';
import type { DefenderEntry } from './vm.ts';

const day = 86_400_000;

export interface VmUse {
  /** Approved requests per day (UTC), oldest first, the last 7 days. */
  week: number[];
  requestsFrom: ValueSource;
  /** The newest access; instants are epoch milliseconds. */
  last?: { at: number; user: string; from: ValueSource } | undefined;
  /** Until when somebody's request to Defender holds a port open. */
  activeUntil?: number | undefined;
}

/** `known`: without Defender. `now` in epoch milliseconds. */
export function withDefender(known: VmUse, entry: DefenderEntry | undefined, now: number): VmUse {
  if (entry === undefined || entry.requests.length === 0) return known;
  // One for each port and source: those of one moment by one person are one request.
  const asked = [
    ...new Map(entry.requests.map(one => [`${one.start} ${one.requestor.toLowerCase()}`, one])).values(),
  ];
  const today = Math.floor(now / day);
  const week = known.week.map((_, index) => {
    const on = today - known.week.length + 1 + index;
    return asked.filter(({ start }) => Math.floor(start / day) === on).length;
  });
  const more = sum(week) > sum(known.week);
  const newest = asked.reduce((a, b) => (b.start > a.start ? b : a));
  // Our own grant through Defender is known from both: ours was noted a moment after.
  const later = known.last === undefined || newest.start > known.last.at;
  const open = entry.requests.filter(({ status, end }) => status.toLowerCase() !== 'revoked' && end > now);
  return {
    week: more ? week : known.week,
    requestsFrom: more ? 'defender' : known.requestsFrom,
    last: later ? { at: newest.start, user: newest.requestor, from: 'defender' } : known.last,
    ...(open.length === 0 ? {} : { activeUntil: Math.max(...open.map(({ end }) => end)) }),
  };
}

function sum(days: number[]): number {
  return days.reduce((total, one) => total + one, 0);
}
