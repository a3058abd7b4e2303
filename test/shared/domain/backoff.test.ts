import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoff } from '../../../shared/domain/backoff.ts';

test('doubles from a second to a minute, half of it chance', () => {
  expect([0, 1, 2, 3, 6, 7, 1000].map(attempt => backoff(attempt, 0))).toEqual([
    500, 1000, 2000, 4000, 30_000, 30_000, 30_000,
  ]);
  expect(backoff(0, 0.5)).toBe(750);
  fc.assert(
    fc.property(
      fc.nat(),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, random) => {
        const ms = backoff(attempt, random);
        expect(ms).toBeGreaterThanOrEqual(500);
        expect(ms).toBeLessThanOrEqual(60_000);
      },
    ),
  );
});
