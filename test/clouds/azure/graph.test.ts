/** Resource Graph, page by page, against what the compute provider lists of the same subscription. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createArm } from '../../../main/clouds/azure/armClients.ts';
import { GraphPace, graphPages } from '../../../main/clouds/azure/graph.ts';
import { all, type Practice, realClock, startPractice } from './practice.ts';

let practice: Practice;
beforeAll(async () => {
  practice = await startPractice({ size: 2500 });
});
afterAll(async () => practice.stop());

it('gives every VM once, in pages of a thousand, as the models of the SDK', async () => {
  const [subscription] = practice.arm.world.subscriptions;
  if (subscription === undefined) throw new Error('no subscription');
  const token = await practice.arm.tokens.mint('admin', practice.url);
  const arm = createArm({
    armEndpoint: practice.url,
    tenantId: 't',
    credential: { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) },
    caCertificate: practice.core.certificates.ca,
    clock: realClock,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    chance: () => 0,
  });
  const query =
    "resources | where type =~ 'microsoft.compute/virtualmachines' | project id, properties | order by id asc";
  const pages = await all(
    graphPages<{ id: string; hardwareProfile: unknown }>(
      arm,
      new GraphPace(realClock),
      subscription.id,
      query,
    ),
  );
  const listed = new Map<string, unknown>();
  const { virtualMachines } = await arm.compute(subscription.id);
  for await (const { id = '', hardwareProfile } of virtualMachines.listAll()) {
    listed.set(id.toLowerCase(), hardwareProfile);
  }

  const rows = pages.flat();
  const ids = rows.map(({ id }) => id.toLowerCase());
  expect(pages.length).toBeGreaterThan(1);
  expect(pages.slice(0, -1).every(page => page.length === 1000)).toBe(true);
  expect(ids).toEqual(ids.toSorted());
  expect(new Set(ids)).toEqual(new Set(listed.keys()));
  expect(ids).toHaveLength(listed.size);
  for (const { id, hardwareProfile } of rows.slice(0, 5)) {
    expect(hardwareProfile).toEqual(listed.get(id.toLowerCase()));
  }
});
