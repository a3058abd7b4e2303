/** 40 accounts × 4 regions list in one go. `npm run bench` does it with 250 instances in each; here there are fewer. */
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../../fakes/temporaryFolder.ts';
import { fleetRegions, mostInASecond, startFleet } from './fleet.ts';

const perRegion = 12;

test('all at once, within each account’s rate; the first rows are there before the slowest answers', async () => {
  const fleet = await startFleet({ perRegion, dataDirectory: temporaryFolder() });
  onTestFinished(() => fleet.close());
  const release = fleet.holdLast();
  const stop = new AbortController();
  const rows = new Set<string>();
  const watching = (async () => {
    for await (const event of fleet.inventory.watch(stop.signal)) {
      const vms = event.kind === 'snapshot' ? event.vms : event.upsert;
      for (const vm of vms) rows.add(vm.id);
      // Everything but the region that is held has answered.
      if (rows.size === (40 * 4 - 1) * perRegion) release();
    }
  })();
  const list = await fleet.inventory.list({ refresh: true });
  stop.abort();
  await watching.catch(() => undefined);
  expect(list.vms).toHaveLength(40 * 4 * perRegion);
  expect(list.scopes.map(({ state }) => state)).toEqual(Array.from({ length: 160 }, () => 'fresh'));
  expect(new Set(list.scopes.map(({ scopeName }) => scopeName))).toEqual(new Set(fleetRegions));
  expect(mostInASecond(fleet.requests)).toBeLessThanOrEqual(20);
});
