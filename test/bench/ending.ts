/** A thousand grants that end in the same second: all shut, each gate written to no more often than it asks for. */
import type { PracticeInfo } from '../../main/os/ports.ts';
import type { Grant } from '../../shared/contract/grants.ts';
import type { VmRow } from '../../shared/contract/vms.ts';
import { ec2 } from './https.ts';
import {
  type PracticeCloud,
  type RunningBroker,
  startBroker,
  startPractice,
  temporaryFolder,
} from './latchkey.ts';
import { timed } from './measure.ts';
import { putRule } from './request.ts';
import { type Benchmark, type Row, row } from './rows.ts';

type Rule = Grant['rules'][number];

/** Sources of the grants of one EC2 instance: as many rules in its own group. */
const sources = ['198.51.100.1', '198.51.100.2', '198.51.100.3', '198.51.100.4', '198.51.100.5'];
/** Grants asked for at once, the most the contract takes. */
const batch = 100;

export const ending: Benchmark = {
  name: 'ending',
  async run({ quick }) {
    const each = quick ? 100 : 500;
    using folder = temporaryFolder();
    await using practice = await startPractice(folder.path, quick ? 4_000 : 10_000);
    await using broker = await startBroker(folder.path);
    await broker.client.accounts.addPractice({});
    const { vms } = await broker.client.vms.list({ refresh: true, tab: 'configured' });
    const running = vms.filter(({ power, name }) => power === 'running' && /^(vm|node)-/.test(name));
    const azure = spread(running, 'azure', each);
    const aws = spread(running, 'aws', each / sources.length);

    // Ends are cut to whole seconds of the cloud's time, which is known to half a second: they fall into one or two.
    const end = Math.ceil(Date.now() / 1000) * 1000 + (quick ? 30_000 : 75_000);
    const open = (some: VmRow[], source: string) => openAll(broker, some, source, () => end - Date.now());
    await open(azure, '198.51.100.1');
    for (const source of sources) await open(aws, source);
    const { grants } = await broker.client.grants.list({});
    if (Date.now() > end - 2_000) throw new Error('opening took too long to let all end together');
    const ends = new Set(grants.map(({ endsAt }) => endsAt));
    await practice.requests();
    const last = await allClosed(broker, grants.length);
    const first = Math.min(...grants.map(({ endsAt }) => Date.parse(endsAt)));
    const rules = grants.flatMap(grant => grant.rules);
    return [
      ...(await counted(practice, grants)),
      row({
        what: `${grants.length} grants ending in ${ends.size === 1 ? 'one second' : `${ends.size} seconds`}, the last is shut after`,
        measured: last - first,
        unit: 'ms',
        floor: { what: 'taking as many rules away by node:https', value: await bare(practice.info, rules) },
      }),
    ];
  },
};

/** VMs of a cloud, evenly over all of them, so that no gate is full. */
function spread(vms: VmRow[], cloud: VmRow['cloud'], count: number): VmRow[] {
  const all = vms.filter(vm => vm.cloud === cloud).toSorted((a, b) => a.name.localeCompare(b.name));
  if (all.length < count) throw new Error(`only ${all.length} configured VMs in ${cloud}`);
  return Array.from({ length: count }, (_, n) => all[Math.floor((n * all.length) / count)] as VmRow);
}

async function openAll({ client }: RunningBroker, vms: VmRow[], source: string, forMs: () => number) {
  for (let at = 0; at < vms.length; at += batch) {
    const some = vms.slice(at, at + batch).map(({ id }) => id);
    const { failures } = await client.grants.request({ vms: some, sources: [source], forMs: forMs() });
    if (failures[0]) throw new Error(`${failures.length} not opened: ${failures[0].error.message}`);
  }
}

/** When the last of them was closed, epoch milliseconds. */
async function allClosed({ client }: RunningBroker, count: number): Promise<number> {
  const closed = new Set<string>();
  for await (const change of await client.grants.watch({})) {
    const grants = change.kind === 'snapshot' ? change.grants : change.upsert;
    for (const { id, state } of grants) if (state === 'closed') closed.add(id);
    if (closed.size === count) return Date.now();
  }
  throw new Error('the watch ended');
}

async function counted(practice: PracticeCloud, grants: Grant[]): Promise<Row[]> {
  const asked = await practice.requests();
  const rulesIn = (cloud: Grant['cloud']) =>
    grants.filter(grant => grant.cloud === cloud).flatMap(({ rules }) => rules);
  const groups = new Set(rulesIn('aws').map(({ gate }) => gate)).size;
  const ends = grants
    .filter(({ cloud }) => cloud === 'aws')
    .flatMap(({ rules, endsAt }) => rules.map(({ gate }) => gate + endsAt));
  const nsgs = new Set(rulesIn('azure').map(({ gate }) => gate)).size;
  const count = (test: (request: (typeof asked)[number]) => boolean) => asked.filter(test).length;
  const revokes = count(({ action }) => action === 'RevokeSecurityGroupIngress');
  const deletes = count(({ method, cloud }) => cloud === 'azure' && method === 'DELETE');
  return [
    row({
      what: `revokes for ${groups} security groups of ${rulesIn('aws').length} rules`,
      measured: revokes,
      unit: 'calls',
      floor: { what: 'one for each group and second', value: new Set(ends).size },
      bar: { of: 'ratio', most: 1 },
      note: `${count(({ cloud }) => cloud === 'aws')} requests in all`,
    }),
    row({
      what: `deletes for ${nsgs} NSGs of ${rulesIn('azure').length} rules`,
      measured: deletes,
      unit: 'calls',
      floor: { what: 'one for each rule', value: rulesIn('azure').length },
      bar: { of: 'ratio', most: 1 },
      note: `${count(({ cloud }) => cloud === 'azure')} requests in all`,
    }),
  ];
}

/** Puts as many rules in again, and takes the time of taking them away: all gates at once, in a gate one by one. */
async function bare(info: PracticeInfo, rules: Rule[]): Promise<number> {
  const gates = [...Map.groupBy(rules, ({ gate }) => gate).values()];
  const undo = await Promise.all(
    gates.map(async same =>
      (same[0]?.gate ?? '').startsWith('/') ? putAll(info, same) : authorizeAll(info, same),
    ),
  );
  return timed(() => Promise.all(undo.map(run => run())));
}

async function putAll(info: PracticeInfo, rules: Rule[]) {
  const undo: (() => Promise<unknown>)[] = [];
  for (const [n, rule] of rules.entries()) undo.push(await putRule(info, rule, `bench-${n}`, 100 + n));
  return async () => {
    for (const run of undo) await run();
  };
}

async function authorizeAll(info: PracticeInfo, rules: Rule[]) {
  const [region = '', group = ''] = (rules[0]?.gate ?? '').split('/');
  const all = rules.flatMap(({ ports, sources: from }) =>
    ports.flatMap(port => from.map(cidr => ({ port, cidr }))),
  );
  const permissions = all.flatMap(({ port, cidr }, n) => [
    [`IpPermissions.${n + 1}.IpProtocol`, 'tcp'],
    [`IpPermissions.${n + 1}.FromPort`, String(port)],
    [`IpPermissions.${n + 1}.ToPort`, String(port)],
    [`IpPermissions.${n + 1}.IpRanges.1.CidrIp`, cidr],
  ]);
  const params = { GroupId: group, ...(Object.fromEntries(permissions) as Record<string, string>) };
  await ec2(info, region, 'AuthorizeSecurityGroupIngress', params);
  return () => ec2(info, region, 'RevokeSecurityGroupIngress', params);
}
