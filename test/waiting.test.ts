import { expect, test } from 'vitest';
import { createQueue, pause } from '../main/waiting.ts';
import { createHandClock } from './fakes/handClock.ts';

test('a pause ends with its time or its signal, and leaves no timer', async () => {
  const clock = createHandClock();
  let over = 0;
  const count = (): void => void over++;
  const stop = new AbortController();
  const first = pause(clock, 1000).then(count);
  const second = pause(clock, 1000, stop.signal).then(count);
  stop.abort();
  await second;
  expect(over).toBe(1);
  await clock.advance(999);
  expect(over).toBe(1);
  await clock.advance(1);
  await first;
  expect(clock.waiting()).toBe(0);
});

test('a queue by key: in order, and a failure does not stop those behind it', async () => {
  const queue = createQueue<string>();
  const seen: string[] = [];
  const first = queue.run('a', async () => {
    await Promise.resolve();
    seen.push('a1');
    throw new Error('no');
  });
  const second = queue.run('a', async () => seen.push('a2'));
  const other = queue.run('b', async () => seen.push('b1'));
  await expect(first).rejects.toThrow('no');
  await Promise.all([second, other]);
  expect(seen).toEqual(['b1', 'a1', 'a2']);
});
