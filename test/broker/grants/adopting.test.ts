/** The ledger is lost: what stands in the clouds with our name on it is taken up again, and ends in time. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Grant } from '../../../shared/contract/grants.ts';
import { now, once, open, startWorld, type TestBroker, told, type World } from './world.ts';

const minute = 60_000;

function lose(broker: TestBroker): void {
  broker.stop();
  writeFileSync(join(broker.dataDirectory, 'ledger.sqlite'), 'nothing that SQLite could read');
}

async function next(world: World, broker: TestBroker): Promise<TestBroker> {
  const started = await world.broker({ dataDirectory: broker.dataDirectory });
  await started.grants.sweep();
  return started;
}

const names = (grant: Grant) => grant.rules.flatMap(rule => rule.names).toSorted();

test('live grants of both clouds are found again whole, can be extended and revoked, and end in time', async () => {
  const world = await startWorld();
  const first = await world.broker();
  const before = [
    await open(first, 'web-1', { forMs: 30 * minute, reason: 'deploy' }),
    await open(first, 'pay-desk', { forMs: 30 * minute, ports: [{ port: 3389 }, { port: 5986 }] }),
    await open(first, 'pay-db', { forMs: 20 * minute, sources: ['203.0.113.7', '198.51.100.0/24'] }),
    await open(first, '-oProxyCommand=touch pwned', { forMs: 30 * minute }),
    await open(first, 'sql-prod-1', { forMs: 40 * minute }),
    await open(first, 'sql-prod-1', { forMs: 40 * minute, sources: ['198.51.100.9'] }),
  ];
  const [web, desk, db, hostile, sql] = before;
  if (!web || !desk || !db || !hostile || !sql) throw new Error('not opened');
  const over = await open(first, 'pay-db', { forMs: 2 * minute, sources: ['198.51.100.77'] });
  lose(first);
  await world.clock.advance(3 * minute);

  const broker = await next(world, first);
  expect(told(broker)[0]).toBe('broker!');
  expect(told(broker).filter(kind => kind === 'recovered')).toHaveLength(before.length);
  for (const grant of before) {
    const found = now(broker, grant.id);
    expect(found).toMatchObject({
      state: 'open',
      vm: grant.vm,
      vmName: grant.vmName,
      owner: grant.owner,
      endsAt: grant.endsAt,
      ports: grant.ports,
      notes: [expect.stringContaining('Found again')],
    });
    expect([...found.sources].toSorted()).toEqual([...grant.sources].toSorted());
    expect(names(found)).toEqual(names(grant));
  }
  // What was over meanwhile is nobody's grant any more, and goes.
  expect(broker.grants.list(true).some(({ id }) => id === over.id)).toBe(false);

  const rule = async () => {
    const [
      {
        gate,
        names: [name],
      } = { gate: '', names: [] as string[] },
    ] = now(broker, sql.id).rules;
    return (await world.arm('GET', `${gate}/securityRules/${name}`)) as {
      properties: Record<string, unknown>;
    };
  };
  const { description, etag: _e, ...as } = (await rule()).properties;
  const extended = await broker.grants.extend(sql.id, { byMs: 10 * minute });
  const { description: text, etag: _f, ...after } = (await rule()).properties;
  expect(after).toEqual(as);
  expect(String(text)).toContain(extended.endsAt.replace('.000', ''));
  expect(text).not.toEqual(description);
  await broker.grants.extend(desk.id, { byMs: minute });
  expect((await world.standing()).filter(line => line.includes(now(broker, desk.id).endsAt))).toHaveLength(2);

  await broker.grants.revoke({ grants: [web.id] });
  const closed = [db, hostile, desk].map(({ id }) => once(broker, id, 'closed'));
  await world.clock.advance(29 * minute);
  await Promise.all(closed);
  await world.quiet();
  expect(await world.standing()).toEqual([
    expect.stringContaining(before[5]?.endsAt ?? ''),
    expect.stringContaining(extended.endsAt),
  ]);
});

test('remembered by a start without an account, and by the one after', async () => {
  const world = await startWorld();
  const first = await world.broker();
  const grant = await open(first, 'pay-db', { forMs: 10 * minute });
  lose(first);
  const bare = await world.broker({ dataDirectory: first.dataDirectory, bare: true });
  expect(bare.services.accounts.list()).toEqual([]);
  bare.stop();
  const broker = await next(world, first);
  expect(now(broker, grant.id).state).toBe('open');
});

test('extended by the other computer of the same person: it ends then', async () => {
  const world = await startWorld();
  const first = await world.broker();
  const grant = await open(first, 'sql-prod-1', { forMs: 10 * minute });
  lose(first);
  const broker = await next(world, first);
  const end = Date.parse(grant.endsAt) + 10 * minute;
  await world.edit(
    grant,
    `Latchkey grant ${grant.id} until ${new Date(end).toISOString().replace('.000', '')} for ${grant.owner} on sql-prod-1`,
  );
  const moved = once(broker, grant.id, ({ endsAt }) => endsAt !== grant.endsAt);
  await world.clock.advance(10 * minute);
  expect(Date.parse((await moved).endsAt)).toBe(end);
  expect(now(broker, grant.id).state).toBe('open');
  const closed = once(broker, grant.id, 'closed');
  await world.clock.advance(10 * minute);
  await closed;
  expect(await world.standing()).toEqual([]);
});

test('a colleague’s grant is not taken up', async () => {
  const world = await startWorld();
  const first = await world.broker();
  const grant = await open(first, 'sql-prod-1', { forMs: 10 * minute });
  await first.grants.revoke({ grants: [grant.id] });
  await world.writeAgain(grant, { owner: 'eve@contoso.example' });
  lose(first);
  const broker = await next(world, first);
  expect(broker.grants.list(true)).toEqual([]);
  expect(await world.standing()).toHaveLength(1);
  await world.clock.advance(15 * minute);
  await broker.grants.sweep();
  expect(await world.standing()).toEqual([]);
});
