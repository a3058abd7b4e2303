/** Grants end at their time in the cloud's time, whatever this computer, its clock or one of the clouds does. */
import { describe, expect, test } from 'vitest';
import type { PracticeInfo } from '../../../main/os/ports.ts';
import { now, once, open, sides, startWorld, told } from './world.ts';

const minute = 60_000;

describe.each(sides)('in $cloud', ({ cloud, vm, look }) => {
  test.each([0, -10 * minute, 10 * minute])(
    'by the cloud’s time, %i ms from this computer’s',
    async cloudAheadMs => {
      const world = await startWorld({ cloudAheadMs });
      const broker = await world.broker();
      const grant = await open(broker, vm, { forMs: 5 * minute });
      const left = Date.parse(grant.endsAt) - (world.clock.now() + cloudAheadMs);
      expect(Math.abs(left - 5 * minute)).toBeLessThan(2_500);
      await world.clock.advance(left - 2_000);
      expect(now(broker, grant.id).state).toBe('open');
      expect(await world.standing()).toHaveLength(1);
      const closed = once(broker, grant.id, 'closed');
      await world.clock.advance(4_000);
      await closed;
      expect(await world.standing()).toEqual([]);
      expect(told(broker).slice(-2)).toEqual(['rule-removed', 'expired']);
      const rows = broker.services.activity.list({ kinds: ['account'] }).rows.map(({ text }) => text);
      expect(rows.filter(text => text.includes('clock'))).toHaveLength(cloudAheadMs === 0 ? 0 : 2);
    },
  );

  test('on start, after its end, with nobody there meanwhile', async () => {
    const world = await startWorld();
    const first = await world.broker();
    const grant = await open(first, vm, { forMs: minute });
    const longer = await open(first, vm, { forMs: 30 * minute, sources: ['198.51.100.9'] });
    first.stop();
    await world.clock.advance(10 * minute);
    expect(await world.standing()).toHaveLength(2);
    const next = await world.broker({ dataDirectory: first.dataDirectory, bare: true });
    expect((await once(next, grant.id, 'closed')).closedAt).toBeDefined();
    expect(now(next, longer.id).state).toBe('open');
    expect(await world.standing()).toEqual([expect.stringContaining(longer.endsAt)]);
    const closed = once(next, longer.id, 'closed');
    await world.clock.advance(20 * minute);
    await closed;
  });

  test('on waking up and on a change of the network, though every timer stood still', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const [one, two] = [
      await open(broker, vm, { forMs: minute }),
      await open(broker, vm, { forMs: 3 * minute }),
    ];
    world.clock.set(2 * minute);
    broker.resumed();
    await once(broker, one.id, 'closed');
    expect(now(broker, two.id).state).toBe('open');
    world.clock.set(2 * minute);
    broker.networkChanged();
    await once(broker, two.id, 'closed');
    expect(await world.standing()).toEqual([]);
  });

  test('by the look every five minutes, if the timer was lost', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const grant = await open(broker, vm, { forMs: 30 * minute });
    world.clock.set(29 * minute);
    const closed = once(broker, grant.id, 'closed');
    await world.clock.advance(5 * minute);
    await closed;
  });

  test('this computer’s clock is set: nothing ends too early, nor too late', async () => {
    let skew = 0;
    const world = await startWorld({ cloudNow: clock => clock.now() - skew });
    const broker = await world.broker();
    const grant = await open(broker, vm, { forMs: 15 * minute });
    // Forward by twenty minutes: the cloud's time goes on as before.
    world.clock.set(20 * minute);
    skew = 20 * minute;
    broker.resumed();
    await world.quiet();
    expect(now(broker, grant.id).state).toBe('open');
    await world.clock.advance(5 * minute);
    await world.quiet();
    expect(now(broker, grant.id).state).toBe('open');
    expect(await world.standing()).toHaveLength(1);
    // And back by an hour.
    world.clock.set(-60 * minute);
    skew -= 60 * minute;
    broker.resumed();
    await world.quiet();
    expect(now(broker, grant.id).state).toBe('open');
    const closed = once(broker, grant.id, 'closed');
    await world.clock.advance(10 * minute);
    await closed;
    expect(await world.standing()).toEqual([]);
  });

  test('one cloud is silent: the other’s grants end in time', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const other = sides.find(side => side.cloud !== cloud)?.vm ?? '';
    const silent = await open(broker, vm, { forMs: minute });
    const mine = await open(broker, other, { forMs: minute });
    const later = await open(broker, other, { forMs: 2 * minute });
    const fault = await world.fault({ cloud, times: 0, delayMs: 60_000 });
    const closed = [once(broker, mine.id, 'closed'), once(broker, later.id, 'closed')];
    await world.clock.advance(minute);
    await world.clock.advance(minute);
    await Promise.all(closed);
    expect(now(broker, silent.id).state).toBe('closing');
    await world.heal(fault);
  });

  test('one cloud is silent from the start: the other’s grants end all the same', async () => {
    const world = await startWorld();
    const first = await world.broker();
    const other = sides.find(side => side.cloud !== cloud)?.vm ?? '';
    const silent = await open(first, vm, { forMs: minute });
    const mine = await open(first, other, { forMs: minute });
    first.stop();
    await world.clock.advance(2 * minute);
    const fault = await world.fault({ ...look, times: 0, delayMs: 60_000 });
    const next = await world.broker({ dataDirectory: first.dataDirectory, bare: true });
    await once(next, mine.id, 'closed');
    expect(now(next, silent.id).state).toBe('closing');
    await world.heal(fault);
  });

  test('an account that is not there at first: nothing is called stuck, nothing spins, and then it is shut', async () => {
    const world = await startWorld();
    const first = await world.broker();
    const grant = await open(first, vm, { forMs: minute });
    const revoked = await open(first, vm, { sources: ['198.51.100.9'] });
    first.stop();
    await world.clock.advance(2 * minute);
    let there = false;
    const ensure = async (): Promise<PracticeInfo> => {
      if (there) return world.practice.info;
      throw new Error('not yet');
    };
    const next = await world.broker({ dataDirectory: first.dataDirectory, bare: true, ensure });
    await next.services.accounts.addPractice();
    expect(now(next, grant.id).state).toBe('open');
    // Who insists is told that it can't be done now.
    const [stuck] = await next.grants.revoke({ grants: [revoked.id] });
    expect(stuck).toMatchObject({ state: 'stuck' });
    const before = world.clock.timersSet();
    await world.clock.advance(10 * minute);
    await new Promise(resolve => setTimeout(resolve, 100));
    expect(world.clock.timersSet() - before).toBeLessThan(500);
    expect(now(next, grant.id).state).toBe('open');
    there = true;
    const closed = [once(next, grant.id, 'closed'), once(next, revoked.id, 'closed')];
    await world.clock.advance(2 * minute);
    await Promise.all(closed);
    expect(await world.standing()).toEqual([]);
  });
});
