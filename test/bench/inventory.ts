/** Reading 10,000 VMs of each cloud: how much is asked, and how quickly one after the other. */
import { connectPractice } from '../../main/clouds/practice.ts';
import { createOs } from '../../main/os/index.ts';
import type { LoggedRequest } from '../../main/practice/server/requestLog.ts';
import { type PracticeCloud, startBroker, startPractice, temporaryFolder } from './latchkey.ts';
import { timed } from './measure.ts';
import { type Benchmark, type Row, row } from './rows.ts';

/** Resource Graph's quota (reference 7.7): 15 queries in 5 seconds. */
const windowMs = 5_000;
const graphPerSecond = 3;
/** About what EC2 takes to answer with a thousand instances: two regions one after the other would wait twice as long. */
const answerMs = 400;

/** What a broker does beside its first list: the sweep looks at gates themselves, the activity log is pulled. */
const besides =
  /Microsoft\.Network\/(networkSecurityGroups|azureFirewalls|firewallPolicies)|Microsoft\.Insights\/eventtypes/i;

export const inventory: Benchmark = {
  name: 'inventory',
  async run({ quick }) {
    const each = quick ? 2_000 : 10_000;
    using folder = temporaryFolder();
    await using practice = await startPractice(folder.path, 2 * each);
    const { scopes, asked } = await refresh(folder.path, practice);
    const azure = asked.filter(({ cloud, path }) => cloud === 'azure' && !besides.test(path));
    const graph = azure.filter(({ path }) => path.includes('Microsoft.ResourceGraph'));
    const pages = asked.filter(({ action }) => action === 'DescribeInstances');
    const regions = scopes.filter(({ account }) => account === 'practice-aws');
    return [
      row({
        what: `HTTP requests for ${each} Azure VMs, sign-in included`,
        measured: azure.length,
        unit: 'requests',
        bar: { of: 'measured', most: 60 },
      }),
      row({
        what: 'Resource Graph queries, most in any 5 s',
        measured: most(graph) / (windowMs / 1000),
        unit: 'a second',
        bar: { of: 'measured', most: graphPerSecond },
        note: `${graph.length} queries, ${graph.filter(({ status }) => status === 429).length} refused`,
      }),
      row({
        what: `DescribeInstances for ${each} EC2 instances`,
        measured: pages.length,
        unit: 'requests',
        floor: {
          what: 'pages of 1,000',
          value: regions.reduce((sum, { vms }) => sum + Math.ceil(vms / 1000), 0),
        },
        bar: { of: 'ratio', most: 1 },
      }),
      await parallel(folder.path, practice),
    ];
  },
};

/** Signs in and reads everything, once. */
async function refresh(dataDirectory: string, practice: PracticeCloud) {
  await using broker = await startBroker(dataDirectory);
  await broker.client.accounts.addPractice({});
  const { scopes } = await broker.client.vms.list({ refresh: true, search: 'no such VM' });
  const bad = scopes.filter(({ state }) => state !== 'fresh');
  if (bad.length > 0) throw new Error(`not refreshed: ${JSON.stringify(bad)}`);
  return { scopes, asked: await practice.requests() };
}

/** The most of these requests in any five seconds. */
function most(requests: LoggedRequest[]): number {
  return Math.max(
    ...requests.map(({ at }) => requests.filter(other => other.at >= at && other.at < at + windowMs).length),
  );
}

/** All regions together against the slowest one alone. */
async function parallel(dataDirectory: string, practice: PracticeCloud): Promise<Row> {
  const os = createOs({ dataDirectory, command: [] });
  const clouds = await connectPractice(practice.info, os);
  const aws = clouds.find(({ kind }) => kind === 'aws');
  if (!aws) throw new Error('no AWS');
  const read = async (scope: Awaited<ReturnType<typeof aws.scopes>>[number]) => {
    for await (const _ of aws.inventory(scope));
  };
  const scopes = await aws.scopes();
  for (const scope of scopes) await read(scope);
  await practice.fault({ cloud: 'aws', action: 'DescribeInstances', delayMs: answerMs, times: 0 });
  const alone: number[] = [];
  for (const scope of scopes) alone.push(await timed(() => read(scope)));
  const together = await timed(() => Promise.all(scopes.map(read)));
  await practice.noFaults();
  for (const cloud of clouds) cloud.dispose();
  return row({
    what: `${scopes.length} regions of EC2 together, ${answerMs} ms to each page`,
    measured: together,
    unit: 'ms',
    floor: { what: 'the slowest region alone', value: Math.max(...alone) },
    bar: { of: 'ratio', most: 1.5 },
    note: `one after the other ${alone.reduce((sum, ms) => sum + ms, 0).toFixed(0)} ms`,
  });
}
