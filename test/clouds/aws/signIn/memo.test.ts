/** Credentials in memory: asked for once, before their end, and never mixed with those of an older sign-in. */
import { expect, test } from 'vitest';
import { createMemo, type Identity } from '../../../../main/clouds/aws/signIn/memo.ts';
import { createHandClock } from '../../../fakes/handClock.ts';

const key = (accessKeyId: string, expiration?: Date): Identity => ({
  accessKeyId,
  secretAccessKey: 's',
  ...(expiration ? { expiration } : {}),
});

test('what an older question gives after a new sign-in changes nothing', async () => {
  const asked: PromiseWithResolvers<Identity>[] = [];
  const memo = createMemo(createHandClock(), () => {
    const one = Promise.withResolvers<Identity>();
    asked.push(one);
    return one.promise;
  });
  const old = memo.get();
  const fresh = memo.renew();
  asked[1]?.resolve(key('new'));
  expect((await fresh).accessKeyId).toBe('new');
  asked[0]?.resolve(key('old'));
  await old;
  expect((await memo.get()).accessKeyId).toBe('new');
  expect(asked).toHaveLength(2);
});

test('a sign-in that fails leaves those that are good; near their end the old ones do until it', async () => {
  const clock = createHandClock();
  const end = new Date(clock.now() + 3_600_000);
  let next: () => Promise<Identity> = async () => key('a', end);
  const memo = createMemo(clock, () => next());
  await memo.get();
  next = () => Promise.reject(new Error('no'));
  await expect(memo.renew()).rejects.toThrow('no');
  expect((await memo.get()).accessKeyId).toBe('a');
  await clock.advance(3_600_000 - 60_000);
  expect((await memo.get()).accessKeyId).toBe('a');
  await clock.advance(60_000);
  await expect(memo.get()).rejects.toThrow('no');
});
