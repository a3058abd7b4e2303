/** What can't be shut, or was changed by others: told, tried again, and never at the cost of another door. */
import { describe, expect, test, vi } from 'vitest';
import type { GateId } from '../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { now, once, open, sides, startWorld, told } from './world.ts';

const minute = 60_000;

describe.each(sides)('in $cloud', ({ vm, port, remove, refusal }) => {
  test('a rule that was edited so that it is not ours any more is left, told, and keeps no other door open', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const [edited, mine, also] = [
      await open(broker, vm, { forMs: minute }),
      await open(broker, vm, { forMs: minute, sources: ['198.51.100.9'] }),
      await open(broker, vm, { forMs: minute, sources: ['198.51.100.10'] }),
    ];
    await world.edit(edited, 'mine now');
    const closed = [mine, also].map(({ id }) => once(broker, id, 'closed'));
    await world.clock.advance(minute);
    await Promise.all(closed);
    const stuck = await once(broker, edited.id, 'stuck');
    expect(stuck.error).toMatchObject({ code: 'CLOUD_CONFLICT', message: expect.stringContaining('not') });
    expect(told(broker).filter(kind => kind === 'stuck!')).toHaveLength(1);
    // Somebody takes it away by hand: then it is over.
    await world.takeAway(edited);
    const over = once(broker, edited.id, 'closed');
    await world.clock.advance(minute);
    await over;
    expect(told(broker).at(-1)).toBe('expired');
  });

  test('an edited rule is noticed by a look', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const grant = await open(broker, vm);
    await world.edit(grant, 'mine now');
    await world.clock.advance(1_000);
    const swept = await broker.grants.sweep();
    expect(swept).toMatchObject({ removed: [], failures: [] });
    // Told and left alone; that it can't be shut shows when it is to be.
    expect(now(broker, grant.id)).toMatchObject({ state: 'open', rules: [{ state: 'changed' }] });
    expect(told(broker).at(-1)).toBe('changed');
    await broker.grants.revoke({ grants: [grant.id] });
    expect(now(broker, grant.id).state).toBe('stuck');
  });

  test('several stuck ones are tried together and all told', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const grants = [];
    for (const n of [1, 2, 3]) grants.push(await open(broker, vm, { sources: [`198.51.100.${n}`] }));
    const fault = await world.fault({ ...remove, ...refusal, times: 0 });
    const revoked = await broker.grants.revoke({ all: true });
    expect(revoked.map(({ state }) => state)).toEqual(['stuck', 'stuck', 'stuck']);
    expect(broker.grants.list(false)).toHaveLength(3);
    expect(broker.broker.services.grants.list(false).map(({ error }) => error?.code)).toEqual(
      Array(3).fill('CLOUD_FORBIDDEN'),
    );
    await expect(
      broker.grants.extend(grants[0]?.id ?? ('' as never), { byMs: minute }),
    ).rejects.toMatchObject({
      code: 'GRANT_OVER',
    });
    await world.heal(fault);
    await broker.grants.sweep();
    expect(broker.grants.list(true).map(({ state }) => state)).toEqual(['closed', 'closed', 'closed']);
    expect(await world.standing()).toEqual([]);
    expect(told(broker).filter(kind => kind === 'revoked')).toHaveLength(3);
  });

  test('a stuck one is gone on with by the next broker', async () => {
    const world = await startWorld();
    const first = await world.broker();
    const grant = await open(first, vm);
    const fault = await world.fault({ ...remove, ...refusal, times: 0 });
    await first.grants.revoke({ grants: [grant.id] });
    first.stop();
    const next = await world.broker({ dataDirectory: first.dataDirectory, bare: true });
    await once(next, grant.id, 'stuck');
    await world.heal(fault);
    const closed = once(next, grant.id, 'closed');
    await world.clock.advance(minute);
    await closed;
    expect(told(next).at(-1)).toBe('revoked');
  });

  test('revoked twice in one call and from two sides at once is told once', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const { id } = await open(broker, vm);
    const states = await Promise.all([
      broker.grants.revoke({ grants: [id, id] }),
      broker.grants.revoke({ grants: [id] }),
      broker.grants.revoke({ all: true }),
    ]);
    expect(states.flat().map(({ state }) => state)).toEqual(Array(4).fill('closed'));
    expect(told(broker).filter(kind => kind === 'revoked')).toHaveLength(1);
    expect(await broker.grants.revoke({ grants: [id] })).toMatchObject([{ state: 'closed' }]);
    expect(told(broker).filter(kind => kind === 'rule-removed')).toHaveLength(1);
  });

  test('its gate is gone with its VM: then the door is gone too', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    const grant = await open(broker, vm, { forMs: minute });
    await world.removeGate(grant.rules[0]?.gate as GateId);
    const closed = once(broker, grant.id, 'closed');
    await world.clock.advance(minute);
    await closed;
    expect(now(broker, grant.id).rules).toMatchObject([{ state: 'gone', ports: [port] }]);
  });
});

test('the account is not to be had when a door ought to be shut: stuck, until it is', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  const grant = await open(broker, 'pay-db');
  const cloud = vi.spyOn(broker.services.accounts, 'cloud').mockImplementation(() => {
    throw new LatchkeyError({ code: 'ACCOUNT_NOT_FOUND', message: 'There is no such account.' });
  });
  expect(await broker.grants.revoke({ grants: [grant.id] })).toMatchObject([
    { state: 'stuck', error: { code: 'ACCOUNT_NOT_FOUND' } },
  ]);
  cloud.mockImplementation(() => {
    throw new TypeError('a defect');
  });
  await broker.grants.sweep();
  expect(now(broker, grant.id)).toMatchObject({ state: 'stuck', error: { code: 'INTERNAL' } });
  cloud.mockRestore();
  await broker.grants.sweep();
  expect(now(broker, grant.id).state).toBe('closed');
  expect(await world.standing()).toEqual([]);
});
