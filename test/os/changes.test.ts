import { describe, expect, it } from 'vitest';
import { createClock } from '../../main/os/clock.ts';
import { createNetwork } from '../../main/os/network.ts';
import type { Clock } from '../../main/os/ports.ts';
import { createPower } from '../../main/os/power.ts';
import { createHandClock } from '../fakes/handClock.ts';

describe('the network', () => {
  it('tells every listener of a change, once, and is not looked at when nobody listens', async () => {
    const clock = createHandClock();
    let addresses = 'a';
    const network = createNetwork(clock, () => addresses);
    const heard: string[] = [];
    const first = network.onChange(() => heard.push('first'));
    const second = network.onChange(() => heard.push('second'));
    await clock.advance(10_000);
    expect(heard).toEqual([]);
    addresses = 'b';
    await clock.advance(10_000);
    expect(heard).toEqual(['first', 'second']);
    first[Symbol.dispose]();
    addresses = 'c';
    await clock.advance(3_000);
    expect(heard).toEqual(['first', 'second', 'second']);
    second[Symbol.dispose]();
    expect(clock.waiting()).toBe(0);
  });
});

describe('the power', () => {
  /** A clock whose wall time can jump while its timers stand still, as in sleep. */
  function sleepy() {
    const hand = createHandClock();
    let slept = 0;
    const clock: Clock = { now: () => hand.now() + slept, after: (ms, run) => hand.after(ms, run) };
    return { clock, hand, sleep: (ms: number) => (slept += ms) };
  }

  it('tells of a sleep, and of a clock set back, and of nothing else', async () => {
    const { clock, hand, sleep } = sleepy();
    let heard = 0;
    const listening = createPower(clock).onResume(() => heard++);
    await hand.advance(60_000);
    expect(heard).toBe(0);
    sleep(15_000);
    await hand.advance(20_000);
    expect(heard).toBe(0);
    sleep(3_600_000);
    await hand.advance(10_000);
    expect(heard).toBe(1);
    sleep(-3_600_000);
    await hand.advance(10_000);
    expect(heard).toBe(2);
    listening[Symbol.dispose]();
    expect(hand.waiting()).toBe(0);
  });
});

describe('the clock', () => {
  it('calls back once, or never when disposed', async () => {
    const clock = createClock();
    const heard: string[] = [];
    clock.after(5, () => heard.push('disposed'))[Symbol.dispose]();
    // A delay longer than Node's timers can take must not fire at once.
    const far = clock.after(2 ** 33, () => heard.push('far'));
    await new Promise<void>(resolve => clock.after(20, resolve));
    expect(heard).toEqual([]);
    far[Symbol.dispose]();
  });
});
