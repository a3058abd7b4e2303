import { createRouterClient } from '@orpc/server';
import { expect, test } from 'vitest';
import { createRouter } from '../../main/broker/router.ts';
import { startTestBroker } from '../fakes/broker.ts';

test('the contract is answered: lists, plans, a grant’s life, history, streams', async () => {
  const { broker, dataDirectory } = await startTestBroker();
  const client = createRouterClient(createRouter(broker));
  expect(await client.app.info({})).toMatchObject({ host: 'headless', dataDirectory, user: 'jo' });
  expect((await client.accounts.list({})).accounts).toHaveLength(2);
  expect((await client.vms.list({ tab: 'unsupported' })).vms.map(({ name }) => name)).toContain('old-crm');
  expect(await client.policies.get({ vm: 'web-1' })).toMatchObject({
    vmName: 'web-1',
    policy: { ports: expect.anything() },
  });
  expect((await client.policies.planLock({ vms: ['pay-hub'] })).plans[0]?.steps.length).toBeGreaterThan(0);
  expect((await client.egress.get({})).ipv4).toMatchObject({ state: 'agreed', address: '127.0.0.1' });
  expect(await client.settings.set({ theme: 'dark' })).toMatchObject({ theme: 'dark' });

  const stop = new AbortController();
  const watch = await client.grants.watch({}, { signal: stop.signal });
  expect((await watch.next()).value).toMatchObject({ kind: 'snapshot', grants: [] });
  const { previews } = await client.grants.preview({ vms: ['web-1'], forMs: 600_000 });
  expect(previews[0]).toMatchObject({ vmName: 'web-1', sources: ['127.0.0.1/32'], forMs: 600_000 });
  const { grants } = await client.grants.request({ vms: ['web-1'], forMs: 600_000 });
  const id = grants[0]?.id ?? '';
  expect((await watch.next()).value).toMatchObject({ kind: 'patch' });
  stop.abort();
  const longer = await client.grants.extend({ grant: id, byMs: 60_000 });
  expect(Date.parse(longer.endsAt)).toBeGreaterThan(Date.parse(grants[0]?.endsAt ?? ''));
  await expect(client.grants.extend({ grant: id, byMs: 1, forMs: 1 })).rejects.toMatchObject({
    code: 'BAD_INPUT',
  });
  await expect(client.grants.extend({ grant: 'nonsense', byMs: 1 })).rejects.toMatchObject({
    code: 'BAD_INPUT',
  });
  expect((await client.grants.revoke({ all: true })).grants[0]).toMatchObject({ id, state: 'closed' });

  const { rows } = await client.activity.list({ vm: 'web-1', kinds: ['opened', 'revoked', 'closed'] });
  expect(rows.length).toBeGreaterThanOrEqual(2);
  let csv = '';
  for await (const piece of await client.activity.csv({ vm: 'web-1' })) csv += piece;
  expect(csv.split('\r\n')[0]).toContain('vm id');
  expect(csv).toContain(id);
});

test('a watch without a signal ends when its reader stops', async () => {
  const { broker } = await startTestBroker();
  const client = createRouterClient(createRouter(broker));
  const watch = await client.vms.watch({});
  expect((await watch.next()).value).toMatchObject({ kind: 'snapshot' });
  await watch.return(undefined);
  expect((await watch.next()).done).toBe(true);
});
