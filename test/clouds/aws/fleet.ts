/** Many AWS accounts behind one practice endpoint, with an inventory over all of them, and a record of who asked what when. */

import { createInventory } from '../../../main/broker/inventory/index.ts';
import { openStore } from '../../../main/broker/store.ts';
import { createAwsCloud } from '../../../main/clouds/aws/index.ts';
import { createClock } from '../../../main/os/clock.ts';
import { createOs } from '../../../main/os/index.ts';
import { createRandom } from '../../../main/os/random.ts';
import { awsActionOf, awsErrorBody, registerEc2 } from '../../../main/practice/ec2/register.ts';
import { addAccount, createAwsWorld } from '../../../main/practice/ec2/seed.ts';
import { createServerCore } from '../../../main/practice/server/core.ts';
import { parseAccountId } from '../../../shared/domain/ids.ts';
import { quiet } from './practiceEc2.ts';

export const fleetRegions = ['eu-north-1', 'eu-west-1', 'us-east-1', 'ap-south-1'];

export interface Fleet {
  inventory: ReturnType<typeof createInventory>;
  /** Requests so far: `<key>/<region>`, and when they came (milliseconds). */
  requests: { place: string; at: number }[];
  /** Requests of this account and region wait until it is called. */
  holdLast(): () => void;
  close(): Promise<void>;
}

/** 40 accounts × 4 regions, unless told. The ledger is in `dataDirectory`. */
export async function startFleet({
  accounts = 40,
  perRegion,
  dataDirectory,
}: {
  dataDirectory: string;
  accounts?: number;
  perRegion: number;
}): Promise<Fleet> {
  const core = await createServerCore({ clockAheadMs: 0 });
  const first = createAwsWorld({ now: () => core.now(), lagMs: 0, powerMs: 0 });
  const worlds = Array.from({ length: accounts }, (_none, index) =>
    addAccount(first, {
      account: String(300_000_000_000 + index),
      name: `team-${index}`,
      regions: fleetRegions,
      perRegion,
    }),
  );
  const requests: Fleet['requests'] = [];
  const keyOf = (world: typeof first) => [...world.keys.values()][0] ?? { id: '', secret: '' };
  const slow = `${keyOf(worlds.at(-1) ?? first).id}/${fleetRegions.at(-1)}`;
  let held: Promise<void> = Promise.resolve();
  const door = await core.open({
    cloud: 'aws',
    errorBody: awsErrorBody,
    actionOf: awsActionOf,
    async routes(app) {
      app.addHook('onRequest', async request => {
        const [, id = '', , region = ''] =
          /Credential=([^/]+)\/([^/]+)\/([^/]+)/.exec(request.headers.authorization ?? '') ?? [];
        const place = `${id}/${region}`;
        requests.push({ place, at: performance.now() });
        if (place === slow) await held;
      });
      await registerEc2(app, { world: first, hostKeys: () => [] });
    },
  });
  const clouds = worlds.map((world, index) => {
    const { id: accessKeyId, secret: secretAccessKey } = keyOf(world);
    return createAwsCloud({
      account: parseAccountId(`aws:team-${index}`),
      credentials: async () => ({ accessKeyId, secretAccessKey }),
      regions: 'all',
      home: 'eu-north-1',
      endpoint: door.url,
      caCertificate: core.certificates.ca,
      clock: createClock(),
      random: createRandom(),
      log: quiet,
    });
  });
  const os = createOs({ dataDirectory, command: [] });
  const { db } = await openStore(os, dataDirectory);
  const byId = new Map(clouds.map(cloud => [cloud.account, cloud]));
  const inventory = createInventory({
    db,
    os,
    accounts: {
      list: () => clouds.map(({ account }) => ({ id: account, name: account, state: 'ready' }) as never),
      clouds: () => clouds,
      cloud: (id: keyof typeof byId) => byId.get(id as never),
      settled: async () => undefined,
      onChange: () => ({ [Symbol.dispose]: () => undefined }),
    } as never,
    activity: { write: () => undefined, summary: () => ({ week: [], requestsFrom: 'ledger' as const }) },
    egress: { sources: async () => [] },
    settings: { get: () => ({ jit: {} }) as never },
  });
  return {
    inventory,
    requests,
    holdLast() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
    async close() {
      for (const cloud of clouds) cloud.dispose();
      db[Symbol.dispose]();
      await core.close();
    },
  };
}

/** The most requests of one account and region within any second. */
export function mostInASecond(requests: Fleet['requests']): number {
  let most = 0;
  for (const times of Map.groupBy(requests, ({ place }) => place).values()) {
    const sorted = times.map(({ at }) => at).toSorted((a, b) => a - b);
    for (let from = 0, to = 0; to < sorted.length; to++) {
      while ((sorted[to] ?? 0) - (sorted[from] ?? 0) >= 1_000) from++;
      most = Math.max(most, to - from + 1);
    }
  }
  return most;
}
