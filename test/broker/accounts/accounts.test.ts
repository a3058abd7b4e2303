import { expect, test } from 'vitest';
import { parseAccountId } from '../../../shared/domain/ids.ts';
import { startTestBroker } from '../../fakes/broker.ts';

const azure = parseAccountId('practice-azure');

test('the practice accounts are added once, and told who we are there', async () => {
  const { services } = await startTestBroker();
  const again = await services.accounts.addPractice();
  expect(again.map(({ id, state }) => [id, state])).toEqual([
    ['practice-azure', 'ready'],
    ['practice-aws', 'ready'],
  ]);
  for (const { id, user } of again) {
    expect(user).toBeTruthy();
    expect(services.accounts.user(parseAccountId(id))).toBe(user);
  }
  expect(services.activity.list({ kinds: ['account'] }).rows).toHaveLength(2);
});

test('a practice cloud that comes back elsewhere is found again in the middle of the work', async () => {
  const { services, endPractice, practice } = await startTestBroker();
  const before = practice().info.azure.armEndpoint;
  const web = await services.inventory.find('web-1');
  await endPractice();
  expect((await services.inventory.fresh(web.id)).name).toBe('web-1');
  expect(practice().info.azure.armEndpoint).not.toBe(before);
  const { scopes } = await services.inventory.list({ refresh: true });
  expect(scopes.map(({ state }) => state)).toEqual(['fresh', 'fresh', 'fresh', 'fresh']);
  const [endpoint] = services.inventory.row(await services.inventory.find('web-1')).endpoints;
  expect(endpoint).toEqual(services.accounts.cloud(azure).endpoints(web, [22])[0]);
});

test('the next broker has the accounts, and their VMs before any cloud was asked', async () => {
  const { restart } = await startTestBroker();
  const services = await restart();
  expect(services.accounts.list().map(({ state }) => state)).toEqual(['connecting', 'connecting']);
  const stop = new AbortController();
  const first = await services.inventory.watch(stop.signal).next();
  expect(first.value).toMatchObject({ kind: 'snapshot', counts: { unsupported: 2 } });
  stop.abort();
  await services.accounts.settled();
  expect(services.accounts.list().map(({ state }) => state)).toEqual(['ready', 'ready']);
});

test('a clock that is wrong is told once', async () => {
  const { services } = await startTestBroker({ clockAheadMs: -300_000 });
  await services.inventory.detail('web-1');
  await services.inventory.detail('pay-hub');
  const rows = services.activity.list({ kinds: ['account'], text: 'clock' }).rows;
  expect(rows).toHaveLength(2);
  expect(new Set(rows.map(({ account }) => account))).toEqual(new Set(['practice-aws', 'practice-azure']));
  const [account] = services.accounts.list();
  expect(Math.abs(account?.clockAheadMs ?? 0)).toBeGreaterThan(290_000);
});

test('an account with live grants stays; without, it goes with its VMs', async () => {
  const { services } = await startTestBroker();
  const { grants } = await services.grants.request({ vms: ['web-1'], forMs: 600_000 });
  await expect(services.accounts.remove(azure)).rejects.toMatchObject({ code: 'BAD_INPUT' });
  await services.grants.revoke({ all: true });
  expect(grants).toHaveLength(1);
  expect((await services.accounts.remove(azure)).map(({ id }) => id)).toEqual(['practice-aws']);
  const { vms } = await services.inventory.list({});
  expect(new Set(vms.map(({ account }) => account))).toEqual(new Set(['practice-aws']));
  await expect(services.accounts.remove(azure)).rejects.toMatchObject({ code: 'ACCOUNT_NOT_FOUND' });
});

test('a broker that was stopped asks the clouds nothing more', async () => {
  const { broker, services, control } = await startTestBroker();
  const underWay = services.inventory.refresh();
  broker.stop();
  await underWay;
  await control('DELETE', '/requests');
  await services.inventory.refresh();
  expect(await control('GET', '/requests')).toEqual({ requests: [] });
});
