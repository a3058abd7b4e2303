import { expect, test } from 'vitest';
import { onlyConfirmed } from '../../../main/broker/policies/confirmed.ts';
import { createOs } from '../../../main/os/index.ts';
import type { Plan } from '../../../shared/contract/policies.ts';
import { startTestBroker } from '../../fakes/broker.ts';

const ssh = [{ port: 22, protocol: 'tcp' as const, sources: [], maxMs: 3_600_000 }];

test('what is not ours is only changed when that plan was confirmed', async () => {
  const { services } = await startTestBroker();
  const { policies, inventory } = services;
  const [plan] = await policies.planLock(['pay-batch'], ssh);
  expect(plan?.steps.some(({ foreign }) => foreign)).toBe(true);
  await expect(policies.lock(['pay-batch'], ssh, [])).rejects.toMatchObject({
    code: 'CONFIRM_NEEDED',
    detail: { plans: [{ fingerprint: plan?.fingerprint }] },
  });
  await expect(policies.lock(['pay-batch'], ssh, ['something else'])).rejects.toMatchObject({
    code: 'PLAN_CHANGED',
  });
  expect((await inventory.detail('pay-batch')).access).toBe('exposed');
  await policies.lock(['pay-batch'], ssh, [plan?.fingerprint ?? '']);
  expect(inventory.row(await inventory.find('pay-batch'))).toMatchObject({
    tab: 'configured',
    access: 'shut',
    protectedPorts: [22],
  });
  expect(services.activity.list({ kinds: ['lock'] }).rows).toMatchObject([
    { outcome: 'ok', vmName: 'pay-batch', ports: '22' },
  ]);
});

test('an Azure VM is locked and unlocked again, back to how it was', async () => {
  const { services } = await startTestBroker();
  const { policies, inventory } = services;
  const plans = await policies.planLock(['jump-eu', 'backup-1']);
  expect(plans.map(({ vmName }) => vmName)).toEqual(['jump-eu', 'backup-1']);
  await policies.lock(
    ['jump-eu', 'backup-1'],
    undefined,
    plans.map(({ fingerprint }) => fingerprint),
  );
  for (const name of ['jump-eu', 'backup-1']) {
    expect(inventory.row(await inventory.find(name)), name).toMatchObject({
      tab: 'configured',
      access: 'shut',
      protectedPorts: [22, 3389, 5985, 5986],
    });
  }
  const back = await policies.planUnlock(['jump-eu']);
  await policies.unlock(
    ['jump-eu'],
    back.map(({ fingerprint }) => fingerprint),
  );
  expect(inventory.row(await inventory.find('jump-eu'))).toMatchObject({
    tab: 'not-configured',
    access: 'exposed',
  });
});

test('VMs that can’t be configured are refused before anything is planned', async () => {
  const { services } = await startTestBroker();
  await expect(services.policies.planLock(['web-1', 'old-crm'])).rejects.toMatchObject({
    code: 'UNSUPPORTED',
  });
});

test('a lock that a crash cut off is finished by the next broker', async () => {
  const { services, broker, restart, dataDirectory } = await startTestBroker();
  const [plan] = await services.policies.planLock(['jump-eu'], ssh);
  broker.stop();
  // The journal as a broker leaves it that is killed after it began.
  using db = createOs({ dataDirectory, command: [] }).databases.open(`${dataDirectory}/ledger.sqlite`);
  db.run(
    `INSERT INTO operation (vm, kind, plan, state, started_at) VALUES (?, 'lock', ?, 'running', 0)`,
    plan?.vm ?? '',
    JSON.stringify(plan),
  );
  const next = await restart();
  await next.policies.recover();
  expect(next.inventory.row(await next.inventory.find('jump-eu'))).toMatchObject({
    tab: 'configured',
    access: 'shut',
  });
  expect(next.activity.list({ kinds: ['recovered'] }).rows).toMatchObject([
    { vmName: 'jump-eu', outcome: 'ok' },
  ]);
  expect(db.all('SELECT * FROM operation')).toEqual([]);
});

test('a lock that fails in the cloud says so and leaves no journal to finish', async () => {
  const { services, control } = await startTestBroker();
  const [plan] = await services.policies.planLock(['jump-eu'], ssh);
  await control('POST', '/faults', {
    cloud: 'azure',
    method: 'PUT',
    status: 403,
    code: 'AuthorizationFailed',
    times: 0,
  });
  await expect(services.policies.lock(['jump-eu'], ssh, [plan?.fingerprint ?? ''])).rejects.toMatchObject({
    code: 'CLOUD_FORBIDDEN',
  });
  await control('DELETE', '/faults');
  await services.policies.recover();
  expect(services.activity.list({ kinds: ['lock', 'recovered'] }).rows).toMatchObject([
    { kind: 'lock', outcome: 'failed', error: { code: 'CLOUD_FORBIDDEN' } },
  ]);
});

test('finishing may do less than was confirmed, never more of what is others’', () => {
  const step = (what: string, foreign: boolean): Plan['steps'][number] => ({
    action: 'move',
    target: 'nsg',
    what,
    foreign,
  });
  const plan = (steps: Plan['steps']): Plan => ({
    vm: 'v',
    vmName: 'web-1',
    cloud: 'azure',
    kind: 'lock',
    steps,
    warnings: [],
    alsoAffects: [],
    fingerprint: 'f',
  });
  const confirmed = plan([step('Move A down.', true), step('Write the lock.', false)]);
  expect(() => onlyConfirmed(plan([step('Write another lock.', false)]), confirmed)).not.toThrow();
  expect(() => onlyConfirmed(plan([step('Move A down.', true)]), confirmed)).not.toThrow();
  expect(() => onlyConfirmed(plan([step('Move B down.', true)]), confirmed)).toThrow(
    /nobody confirmed: Move B down/,
  );
});
