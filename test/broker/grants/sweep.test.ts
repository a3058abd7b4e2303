/** What really stands in the clouds: a sweep removes what is past its end, notices what is gone, and touches nothing else. */
import { describe, expect, test } from 'vitest';
import { now, once, open, sides, startWorld, told } from './world.ts';

const minute = 60_000;

describe.each(sides)('in $cloud', ({ vm, look }) => {
  test('a colleague’s rule past its end and the time for his own Latchkey goes; a live one never', async () => {
    const world = await startWorld();
    const [gone, here] = [await world.broker(), await world.broker()];
    const short = await open(gone, vm, { forMs: 5 * minute });
    const long = await open(gone, vm, { forMs: 60 * minute, sources: ['198.51.100.9'] });
    const edited = await open(gone, vm, { forMs: 5 * minute, sources: ['198.51.100.10'] });
    const mine = await open(here, vm, { forMs: 60 * minute, sources: ['198.51.100.11'] });
    gone.stop();
    await world.edit(edited, `Latchkey grant ${short.id} until whenever`);
    expect((await here.grants.sweep()).removed).toEqual([]);
    await world.clock.advance(6 * minute);
    expect((await here.grants.sweep()).removed).toEqual([]);
    await world.clock.advance(minute + 5_000);
    await here.grants.sweep();
    expect(told(here).filter(kind => kind === 'swept')).toHaveLength(1);
    const [row] = here.services.activity.list({ kinds: ['swept'] }).rows;
    expect(row).toMatchObject({ grant: short.id, text: expect.stringContaining('was past its end') });
    const ends = (await world.standing()).map(rule => rule.split(' ').at(-1) ?? '');
    expect(ends.toSorted()).toEqual([long, mine].map(({ endsAt }) => endsAt).toSorted());
    expect(now(here, mine.id).state).toBe('open');
    const again = await here.grants.sweep();
    expect(again.removed).toEqual([]);
    expect(again.left).toHaveLength(2);
    expect(again.failures).toEqual([]);
  });

  test('a rule that somebody took away: the grant is over and says so; nobody fights', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const grant = await open(broker, vm);
    const other = await open(broker, vm, { sources: ['198.51.100.9'] });
    await world.takeAway(grant);
    const over = once(broker, grant.id, 'closed');
    await world.clock.advance(5 * minute);
    await over;
    expect(told(broker).at(-1)).toBe('closed');
    const [row] = broker.services.activity.list({ kinds: ['closed'] }).rows;
    expect(row?.text).toContain('somebody else');
    expect(now(broker, other.id).state).toBe('open');
    expect(await world.standing()).toHaveLength(1);
  });

  test('a look that fails or is slow ends nothing', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const grant = await open(broker, vm);
    await world.fault({ ...look, status: 403, times: 0 });
    const { failures, removed } = await broker.grants.sweep();
    expect(failures.length).toBeGreaterThan(0);
    expect(removed).toEqual([]);
    await world.heal();
    await broker.grants.sweep();
    expect(now(broker, grant.id).state).toBe('open');
  });

  test('what a grant that is over left behind goes before its end', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const grant = await open(broker, vm);
    await broker.grants.revoke({ grants: [grant.id] });
    await world.writeAgain(grant);
    expect(await world.standing()).toHaveLength(1);
    expect((await broker.grants.sweep()).left).toHaveLength(1);
    await world.clock.advance(3 * minute);
    const { removed } = await broker.grants.sweep();
    expect(removed).toHaveLength(1);
    expect(await world.standing()).toEqual([]);
  });
});

test.each([
  { vm: 'web-1', ports: [{ port: 22 }] },
  { vm: 'pay-desk', ports: [{ port: 3389 }, { port: 5986 }] },
])('$vm: one of a grant’s two rules is taken away: the other goes as well', async ({ vm, ports }) => {
  const world = await startWorld();
  const broker = await world.broker();
  const grant = await open(broker, vm, { ports });
  expect(await world.standing()).toHaveLength(2);
  await world.takeAway(grant, 1);
  await world.clock.advance(1_000);
  await broker.grants.sweep();
  expect(now(broker, grant.id).state).toBe('closed');
  expect(await world.standing()).toEqual([]);
});

test('one kind of gate that can’t be read keeps no other’s door open', async () => {
  const world = await startWorld();
  const [gone, here] = [await world.broker(), await world.broker()];
  await open(gone, 'sql-prod-1', { forMs: 5 * minute });
  const mine = await open(here, 'sql-prod-1', { forMs: 60 * minute, sources: ['198.51.100.11'] });
  gone.stop();
  const policies = { method: 'GET', path: 'jitNetworkAccessPolicies' };
  await world.fault({ ...policies, status: 400, code: 'BadRequest', times: 0 });
  await world.clock.advance(8 * minute);
  expect((await here.grants.sweep()).failures.length).toBeGreaterThan(0);
  expect(await world.standing().catch(() => 'unreadable')).toBe('unreadable');
  await world.heal();
  expect(told(here).filter(kind => kind === 'swept')).toHaveLength(1);
  expect(await world.standing()).toEqual([expect.stringContaining(mine.endsAt)]);
});
