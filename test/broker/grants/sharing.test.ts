/** One rule carries several grants (same VM, ports and sources), and goes with the last of them. */
import { describe, expect, test } from 'vitest';
import { now, once, open, sides, startWorld, told } from './world.ts';

const minute = 60_000;

describe.each(sides)('in $cloud', ({ vm, port, rewrite, remove, refusal }) => {
  test('the rule stays until the last grant ends, and says the latest end of those that remain', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const short = await open(broker, vm, { forMs: 30 * minute });
    const long = await open(broker, vm, { forMs: 60 * minute });
    const middle = await open(broker, vm, { forMs: 45 * minute });
    const says = async (end: string) =>
      expect(await world.standing()).toEqual([expect.stringMatching(`:${port} ${end}`)]);
    expect(short.rules[0]?.names).toEqual(long.rules[0]?.names);
    await says(long.endsAt);
    await broker.grants.revoke({ grants: [long.id] });
    expect(now(broker, long.id).state).toBe('closed');
    await says(middle.endsAt);
    const longer = await broker.grants.extend(short.id, { byMs: 60 * minute });
    await says(longer.endsAt);
    await broker.grants.revoke({ grants: [short.id] });
    await says(middle.endsAt);
    expect(now(broker, middle.id)).toMatchObject({ state: 'open', rules: [{ state: 'standing' }] });
    await broker.grants.revoke({ grants: [middle.id] });
    expect(await world.standing()).toEqual([]);
  });

  test('the first one’s end by its time leaves the second open', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const short = await open(broker, vm, { forMs: minute });
    const long = await open(broker, vm, { forMs: 3 * minute });
    const closed = once(broker, short.id, 'closed');
    await world.clock.advance(minute);
    await closed;
    expect(await world.standing()).toEqual([expect.stringContaining(long.endsAt)]);
    const over = once(broker, long.id, 'closed');
    await world.clock.advance(2 * minute);
    await over;
    expect(await world.standing()).toEqual([]);
  });

  test('two at once make one rule', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    await world.asked();
    const both = await Promise.all([open(broker, vm), open(broker, vm)]);
    expect(both.map(({ state }) => state)).toEqual(['open', 'open']);
    expect(await world.standing()).toHaveLength(1);
    await broker.grants.revoke({ grants: both.map(({ id }) => id) });
    expect(await world.standing()).toEqual([]);
  });

  test('revoking one while the other is being opened or extended shuts neither’s door on the other', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const first = await open(broker, vm, { forMs: 10 * minute });
    const slow = await world.fault({ ...rewrite, delayMs: 150, times: 0 });
    const [second] = await Promise.all([
      open(broker, vm, { forMs: 20 * minute }),
      broker.grants.revoke({ grants: [first.id] }),
    ]);
    expect(await world.standing()).toEqual([expect.stringContaining(second.endsAt)]);
    const third = await open(broker, vm, { forMs: 10 * minute });
    const [extended] = await Promise.all([
      broker.grants.extend(third.id, { byMs: 30 * minute }),
      broker.grants.revoke({ grants: [second.id] }),
    ]);
    await world.heal(slow);
    expect(await world.standing()).toEqual([expect.stringContaining(extended.endsAt)]);
    expect(now(broker, third.id).state).toBe('open');
  });

  test('opening while the last one is being shut makes a rule anew', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const first = await open(broker, vm);
    await world.fault({ ...remove, delayMs: 150 });
    const [second] = await Promise.all([
      once(broker, first.id, 'closing').then(() => open(broker, vm)),
      broker.grants.revoke({ grants: [first.id] }),
    ]);
    expect(second.state).toBe('open');
    expect(await world.standing()).toEqual([expect.stringContaining(second.endsAt)]);
    await broker.grants.revoke({ all: true });
    expect(await world.standing()).toEqual([]);
  });

  test('two data directories: each ends its own, whoever was first', async () => {
    const world = await startWorld();
    const [one, other] = await Promise.all([world.broker(), world.broker()]);
    const [a, b] = await Promise.all([
      open(one, vm, { forMs: 20 * minute }),
      open(other, vm, { forMs: 30 * minute }),
    ]);
    expect((await world.standing()).length).toBeGreaterThan(0);
    await one.grants.revoke({ grants: [a.id] });
    expect(await world.standing()).toEqual([expect.stringContaining(b.endsAt)]);
    await one.grants.sweep();
    await other.grants.sweep();
    expect(now(other, b.id).state).toBe('open');
    await other.grants.revoke({ grants: [b.id] });
    expect(await world.standing()).toEqual([]);
  });

  test('an extension that is refused leaves everything as it was; one whose answer was bad is taken back', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const grant = await open(broker, vm, { forMs: 10 * minute });
    for (const when of ['before', 'after'] as const) {
      const fault = await world.fault({ ...rewrite, when, ...refusal });
      await expect(broker.grants.extend(grant.id, { byMs: 10 * minute })).rejects.toMatchObject({
        code: 'CLOUD_FORBIDDEN',
      });
      await world.heal(fault);
      expect(now(broker, grant.id)).toMatchObject({ state: 'open', endsAt: grant.endsAt });
      expect(await world.standing()).toEqual([expect.stringContaining(grant.endsAt)]);
    }
    expect(told(broker).filter(kind => kind === 'extended!')).toHaveLength(2);
    const closed = once(broker, grant.id, 'closed');
    await world.clock.advance(10 * minute);
    await closed;
    expect(await world.standing()).toEqual([]);
  });

  test('an extension that can be neither made nor taken back: the grant ends as before all the same', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const grant = await open(broker, vm, { forMs: 10 * minute });
    await world.fault({ ...rewrite, when: 'after', times: 0, ...refusal });
    await expect(broker.grants.extend(grant.id, { byMs: 60 * minute })).rejects.toThrow();
    await world.heal();
    const closed = once(broker, grant.id, 'closed');
    await world.clock.advance(10 * minute);
    await closed;
    expect(await world.standing()).toEqual([]);
  });

  test('limits of an extension', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const grant = await open(broker, vm, { forMs: 10 * minute });
    const { maxEndsAt = '' } = now(broker, grant.id);
    const most = Date.parse(maxEndsAt) - Date.parse(grant.endsAt);
    expect(most).toBeGreaterThan(169 * minute);
    const extend = (change: { forMs?: number; byMs?: number }) => broker.grants.extend(grant.id, change);
    await expect(extend({ byMs: most + minute })).rejects.toMatchObject({ code: 'TIME_TOO_LONG' });
    await expect(extend({})).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(extend({ byMs: 1, forMs: 1 })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(now(broker, grant.id)).toMatchObject({ state: 'open', endsAt: grant.endsAt });
    const [one, two] = await Promise.allSettled([extend({ byMs: minute }), extend({ byMs: minute })]);
    expect([one.status, two.status]).toEqual(['fulfilled', 'rejected']);
    await broker.grants.revoke({ grants: [grant.id] });
    await expect(extend({ byMs: minute })).rejects.toMatchObject({ code: 'GRANT_OVER' });
    await expect(broker.grants.extend('aaaaaaaaaaaa' as typeof grant.id, { byMs: 1 })).rejects.toMatchObject({
      code: 'GRANT_NOT_FOUND',
    });
    await expect(broker.grants.revoke({ grants: ['aaaaaaaaaaaa' as typeof grant.id] })).rejects.toMatchObject(
      {
        code: 'GRANT_NOT_FOUND',
      },
    );
  });
});
