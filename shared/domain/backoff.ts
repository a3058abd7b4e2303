/** Waiting before trying again. */

/**
 * How long to wait, in ms, before try number `attempt` + 1. Doubles from one second up to a minute; half of it is
 * chance, so that many who failed together do not come back together. `random`: 0 ≤ random < 1.
 */
export function backoff(attempt: number, random: number): number {
  const whole = Math.min(60_000, 1_000 * 2 ** Math.min(attempt, 16));
  return Math.round(whole / 2 + (random * whole) / 2);
}
