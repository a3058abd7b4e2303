import { expect, it } from 'vitest';
import { createCloudClock, waitOut } from '../../main/clouds/calls.ts';
import { createHandClock } from '../fakes/handClock.ts';

const dateOf = (at: number) => new Date(at).toUTCString();

it('the cloud’s clock is known to half a second by an answer that came soon', () => {
  const clock = createHandClock();
  const cloud = createCloudClock(clock);
  expect(cloud.offset()).toBe(0);
  cloud.heard(dateOf(clock.now() + 120_000), clock.now());
  expect(cloud.offset()).toBe(120_500);
  cloud.heard(undefined, clock.now());
  cloud.heard('yesterday', clock.now());
  expect(cloud.offset()).toBe(120_500);
});

it('an answer over which this computer slept, or its clock was set, tells no time', async () => {
  const clock = createHandClock();
  const cloud = createCloudClock(clock);
  const asked = clock.now();
  await clock.advance(3_600_000);
  cloud.heard(dateOf(asked), asked);
  cloud.heard(dateOf(asked), clock.now() + 1);
  expect(cloud.offset()).toBe(0);
});

it('waiting ends with its time, or as CANCELLED with its signal', async () => {
  const clock = createHandClock();
  const stop = new AbortController();
  const whole = waitOut(clock, 1000);
  const cut = waitOut(clock, 1000, stop.signal);
  stop.abort();
  await expect(cut).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(waitOut(clock, 1000, stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
  await clock.advance(1000);
  await whole;
  expect(clock.waiting()).toBe(0);
});
