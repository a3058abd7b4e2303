import { expect, test } from 'vitest';
import { createChanges } from '../../main/broker/changes.ts';
import { inParallel } from '../../main/broker/parallel.ts';

test('a follower has the state at once and the last one after changes told together', async () => {
  const changes = createChanges<undefined>();
  let state = 1;
  const stop = new AbortController();
  const states = changes.follow(stop.signal, () => state);
  expect((await states.next()).value).toBe(1);
  for (state = 2; state < 5; state++) changes.tell(undefined);
  expect((await states.next()).value).toBe(5);
  const next = states.next();
  stop.abort();
  expect((await next).done).toBe(true);
});

test('a disposed listener hears nothing more', () => {
  const changes = createChanges<number>();
  const heard: number[] = [];
  const listener = changes.on(change => heard.push(change));
  changes.tell(1);
  listener[Symbol.dispose]();
  changes.tell(2);
  expect(heard).toEqual([1]);
});

test('at most so many at once, results in order', async () => {
  let now = 0;
  let most = 0;
  const results = await inParallel([5, 4, 3, 2, 1], 2, async n => {
    most = Math.max(most, ++now);
    for (let turn = 0; turn < n; turn++) await Promise.resolve();
    now--;
    return n * 10;
  });
  expect(results).toEqual([50, 40, 30, 20, 10]);
  expect(most).toBe(2);
});
