/** How long credentials are kept: until shortly before their end, also where this computer's clock is wrong. */
import { expect, test } from 'vitest';
import { createMemo } from '../../../../main/clouds/aws/signIn/memo.ts';
import { createHandClock } from '../../../fakes/handClock.ts';

const minute = 60_000;

function kept(lifeMs: number, aheadMs = 0) {
  const clock = createHandClock();
  let asked = 0;
  const memo = createMemo(clock, async () => {
    asked++;
    const expiration = new Date(clock.now() - aheadMs + lifeMs);
    return { accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't', expiration };
  });
  return {
    async askedAfter(ms: number): Promise<number> {
      await clock.advance(ms);
      await memo.get();
      return asked;
    },
  };
}

test('they are asked for again five minutes before their end', async () => {
  const hour = kept(60 * minute);
  expect(await hour.askedAfter(0)).toBe(1);
  expect(await hour.askedAfter(54 * minute)).toBe(1);
  expect(await hour.askedAfter(minute)).toBe(2);
});

test('with a clock that is hours ahead they are kept for a while all the same', async () => {
  const hour = kept(60 * minute, 3 * 60 * minute);
  expect(await hour.askedAfter(0)).toBe(1);
  expect(await hour.askedAfter(9 * minute)).toBe(1);
  expect(await hour.askedAfter(minute)).toBe(2);
});
