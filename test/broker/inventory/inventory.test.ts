import { expect, test } from 'vitest';
import type { VmChange } from '../../../shared/contract/vms.ts';
import { parseAccountId } from '../../../shared/domain/ids.ts';
import { startTestBroker } from '../../fakes/broker.ts';

test('both clouds stand in one list, found by name and id, counted by tab', async () => {
  const { services } = await startTestBroker();
  const { inventory } = services;
  const all = await inventory.list({});
  expect(new Set(all.vms.map(({ cloud }) => cloud))).toEqual(new Set(['azure', 'aws']));
  const { configured, notConfigured, unsupported } = all.counts;
  expect(configured + notConfigured + unsupported).toBe(all.vms.length);
  expect((await inventory.list({ tab: 'configured' })).vms).toHaveLength(configured);
  const found = await inventory.list({ search: 'WEB-1' });
  expect(found.vms.map(({ name }) => name)).toEqual(['web-1']);
  const web = await inventory.find('web-1');
  expect((await inventory.find(web.id.toUpperCase())).id).toBe(web.id);
  await expect(inventory.find('app-1')).rejects.toMatchObject({
    code: 'VM_AMBIGUOUS',
    detail: { candidates: [{ name: 'app-1' }, { name: 'app-1' }] },
  });
  await expect(inventory.find('nobody')).rejects.toMatchObject({ code: 'VM_NOT_FOUND' });
});

test('the detail names who decides about a packet from my IP', async () => {
  const { services } = await startTestBroker();
  const detail = await services.inventory.detail('web-1');
  const way = detail.ways.find(({ port }) => port === 22);
  expect(way).toMatchObject({ source: '127.0.0.1/32', reach: 'no' });
  expect(way?.hops[0]).toMatchObject({ kind: 'you', title: '127.0.0.1' });
  expect(way?.hops.some(({ lets, rule }) => lets === 'no' && rule !== undefined)).toBe(true);
});

test('a scope that fails keeps what is known and shows its error; the others go on', async () => {
  const { services, control } = await startTestBroker();
  // Azure would make the refreshes here wait for its Resource Graph quota.
  await services.accounts.remove(parseAccountId('practice-azure'));
  const before = await services.inventory.list({});
  const fault = { cloud: 'aws', action: 'DescribeInstances', status: 403, code: 'UnauthorizedOperation' };
  await control('POST', '/faults', fault);
  const after = await services.inventory.list({ refresh: true });
  expect(after.vms).toEqual(before.vms);
  expect(new Set(after.scopes.map(({ state, error }) => `${state} ${error?.code}`))).toEqual(
    new Set(['failed CLOUD_FORBIDDEN', 'fresh undefined']),
  );
  for (const { refreshedAt } of after.scopes) expect(refreshedAt).toBeDefined();
  const { scopes } = await services.inventory.list({ refresh: true });
  expect(scopes.map(({ state }) => state)).toEqual(['fresh', 'fresh']);
});

test('a watch has everything first, then only what changed', async () => {
  const { services } = await startTestBroker();
  const stop = new AbortController();
  const changes = services.inventory.watch(stop.signal);
  const first: VmChange = (await changes.next()).value;
  expect(first.kind).toBe('snapshot');
  const web = await services.inventory.find('web-1');
  const { grants } = await services.grants.request({ vms: [web.id], forMs: 600_000 });
  const seen: string[] = [];
  let rev = first.rev;
  for (let access = ''; access !== 'open'; ) {
    const patch: VmChange = (await changes.next()).value;
    if (patch.kind !== 'patch') throw new Error('a second snapshot');
    expect(patch.rev).toBe(++rev);
    seen.push(...patch.upsert.map(({ name }) => name));
    access = patch.upsert.find(({ id }) => id === web.id)?.access ?? access;
  }
  expect(new Set(seen)).toEqual(new Set(['web-1']));
  expect(services.inventory.row(web).week.at(-1)).toBe(1);
  await services.grants.revoke({ grants: grants.map(({ id }) => id as never) });
  for (let access = 'open'; access !== 'shut'; ) {
    const patch: VmChange = (await changes.next()).value;
    if (patch.kind === 'patch') access = patch.upsert.find(({ id }) => id === web.id)?.access ?? access;
  }
  const over = changes.next();
  stop.abort();
  expect((await over).done).toBe(true);
});

test('a long list has its first screen first, and the rest in the next breath', async () => {
  const { restart } = await startTestBroker({ size: 1000 });
  const { inventory } = await restart();
  const stop = new AbortController();
  const seen: string[] = [];
  const kinds: string[] = [];
  const { vms } = await inventory.list({});
  for await (const change of inventory.watch(stop.signal)) {
    kinds.push(change.kind);
    seen.push(...(change.kind === 'snapshot' ? change.vms : change.upsert).map(({ id }) => id));
    if (seen.length >= vms.length) break;
  }
  expect(kinds).toEqual(['snapshot', 'patch']);
  expect(new Set(seen)).toEqual(new Set(vms.map(({ id }) => id)));
});
