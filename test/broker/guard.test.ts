/** Guards, as the doors see them: what is shown, what is done, and what open grants say of who ends them. */
import { expect, test } from 'vitest';
import { now, open, startWorld } from './grants/world.ts';

test('AWS: installed as confirmed, open grants are told to the cloud; removed, this computer ends them again', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  const { guard, accounts } = broker.broker.services;
  const account = accounts.list().find(({ cloud }) => cloud === 'aws')?.id;
  const aws = { cloud: 'aws' as const };
  expect(await guard.status(aws)).toMatchObject([{ account, guard: { state: 'absent', holds: 0 } }]);
  const before = await open(broker, 'pay-db');
  expect(before.endedBy).toBe('this-computer');

  const plans = await guard.plan(aws, 'install');
  await expect(guard.apply(aws, 'install', ['not what was confirmed'])).rejects.toMatchObject({
    code: 'PLAN_CHANGED',
  });
  expect(await guard.status(aws)).toMatchObject([{ guard: { state: 'absent' } }]);
  const confirmed = plans.map(({ plan }) => plan.fingerprint);
  expect(await guard.apply(aws, 'install', confirmed)).toMatchObject([
    { guard: { state: 'installed', holds: 1 } },
  ]);
  expect(now(broker, before.id).endedBy).toBe('cloud');
  const next = await open(broker, 'pay-desk', { ports: [{ port: 3389 }] });
  expect(next.endedBy).toBe('cloud');
  const { rows } = broker.broker.services.activity.list({ limit: 50 });
  expect(rows.some(({ kind, text }) => kind === 'account' && text.includes('latchkey-guard'))).toBe(true);

  const removal = await guard.plan(aws, 'remove');
  expect(removal[0]?.plan.warnings.join()).toContain('2 rules lose');
  await guard.apply(aws, 'remove', [removal[0]?.plan.fingerprint ?? '']);
  expect([before, next].map(({ id }) => now(broker, id).endedBy)).toEqual(['this-computer', 'this-computer']);
});

test('a cloud without a guard, and an account that is not there, are told', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  const { guard } = broker.broker.services;
  expect(await guard.status({ cloud: 'azure' })).toMatchObject([{ error: { code: 'UNSUPPORTED' } }]);
  await expect(guard.plan({ cloud: 'azure' }, 'install')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  await expect(guard.status({ cloud: 'aws', account: 'nobody' })).rejects.toMatchObject({
    code: 'ACCOUNT_NOT_FOUND',
  });
});
