/** Our plain Resource Graph requests against the official (retired) client: same rows, page by page. */
import { Agent } from 'node:https';
import { ResourceGraphClient } from '@azure/arm-resourcegraph';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createArm } from '../../../main/clouds/azure/armClients.ts';
import { GraphPace, graphPages, lifted } from '../../../main/clouds/azure/graph.ts';
import { all, type Practice, realClock, startPractice } from './practice.ts';

let practice: Practice;
beforeAll(async () => {
  practice = await startPractice({ size: 2500 });
});
afterAll(async () => practice.stop());

it('gives what the official client gives', async () => {
  const query =
    "resources | where type =~ 'microsoft.compute/virtualmachines' | project id, properties | order by id asc";
  const ca = practice.core.certificates.ca;
  const token = await practice.arm.tokens.mint('admin', practice.url);
  const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
  const official = new ResourceGraphClient(credential, {
    baseUri: practice.url,
    agentSettings: { http: new Agent(), https: new Agent({ ca }) },
  });
  const [subscription] = practice.arm.world.subscriptions;
  if (subscription === undefined) throw new Error('no subscription');
  const arm = createArm({
    armEndpoint: practice.url,
    tenantId: 't',
    credential,
    caCertificate: ca,
    clock: realClock,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    chance: () => 0,
  });
  const ours = await all(graphPages(arm, new GraphPace(realClock), subscription.id, query));
  expect(ours.length).toBeGreaterThan(1);
  let skipToken: string | undefined;
  for (const page of ours) {
    const options = {
      resultFormat: 'objectArray' as const,
      ...(skipToken === undefined ? {} : { skipToken }),
    };
    const theirs = await official.resources({ subscriptions: [subscription.id], query, options });
    expect(page).toEqual((theirs.data as unknown[]).map(lifted));
    skipToken = theirs.skipToken;
  }
  expect(skipToken).toBeUndefined();
});
