/** 40 AWS accounts × 4 regions × 250 instances, in one go: how fast each account is asked, and when the first rows are there. */
import { fleetRegions, mostInASecond, startFleet } from '../clouds/aws/fleet.ts';
import { temporaryFolder } from './latchkey.ts';
import { type Benchmark, row } from './rows.ts';

const accounts = 40;
/** The smallest of EC2's buckets refills with so many a second. */
const perSecond = 20;

export const fleet: Benchmark = {
  name: 'fleet',
  async run({ quick }) {
    const perRegion = quick ? 25 : 250;
    const all = accounts * fleetRegions.length * perRegion;
    using folder = temporaryFolder();
    const started = await startFleet({ accounts, perRegion, dataDirectory: folder.path });
    const stop = new AbortController();
    try {
      const begun = performance.now();
      const first = Promise.withResolvers<number>();
      const watching = (async () => {
        for await (const event of started.inventory.watch(stop.signal)) {
          const rows = event.kind === 'snapshot' ? event.vms : event.upsert;
          if (rows.length > 0) first.resolve(performance.now() - begun);
        }
      })();
      const { vms } = await started.inventory.list({ refresh: true });
      const done = performance.now() - begun;
      if (vms.length !== all) throw new Error(`${vms.length} of ${all} were listed`);
      const firstMs = await first.promise;
      stop.abort();
      await watching;
      return [
        row({
          what: `requests of one account and region, most in any second (${all} instances)`,
          measured: mostInASecond(started.requests),
          unit: 'a second',
          bar: { of: 'measured', most: perSecond },
          note: `${started.requests.length} requests in all`,
        }),
        row({
          what: 'first rows, against the whole list',
          measured: firstMs,
          unit: 'ms',
          floor: { what: 'the whole list', value: done },
          bar: { of: 'ratio', most: 0.5 },
          note: 'the practice cloud is in the same process',
        }),
      ];
    } finally {
      stop.abort();
      await started.close();
    }
  },
};
