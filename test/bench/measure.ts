/** Taking times. All in milliseconds. */

export async function timed(work: () => unknown): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  return middle;
}

/**
 * Medians of things done in turn, so that what else the computer does hits all alike. The first round only warms up.
 * Each of `works` gives the milliseconds it took.
 */
export async function inTurn(rounds: number, ...works: (() => Promise<number>)[]): Promise<number[]> {
  const times: number[][] = works.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, work] of works.entries()) {
      const took = await work();
      if (round > 0) times[index]?.push(took);
    }
  }
  return times.map(median);
}
