/** Asking for access to a VM that is known, against the bare HTTP exchanges that it can't do without. */
import { setTimeout as sleep } from 'node:timers/promises';
import { waits } from '../../main/clouds/aws/rules.ts';
import type { PracticeInfo } from '../../main/os/ports.ts';
import type { LoggedRequest } from '../../main/practice/server/requestLog.ts';
import type { Grant } from '../../shared/contract/grants.ts';
import { arm, ec2 } from './https.ts';
import {
  type PracticeCloud,
  type RunningBroker,
  startBroker,
  startPractice,
  temporaryFolder,
} from './latchkey.ts';
import { inTurn } from './measure.ts';
import { type Benchmark, type Row, row } from './rows.ts';

/** What no client can do without to write a rule and see that it stands. Gives what takes it away again. */
type Exchange = (info: PracticeInfo, rule: Grant['rules'][number]) => Promise<() => Promise<unknown>>;

const clouds: { name: string; vm: string; exchange: Exchange; isWrite: (asked: LoggedRequest) => boolean }[] =
  [
    {
      name: 'Azure, two NSGs',
      vm: 'web-1',
      exchange: (info, rule) => putRule(info, rule),
      isWrite: ({ method }) => method === 'PUT',
    },
    {
      name: 'AWS, one group',
      vm: 'pay-db',
      exchange: authorize,
      isWrite: ({ action = '' }) => !action.startsWith('Describe'),
    },
  ];

export const request: Benchmark = {
  name: 'request',
  async run({ quick }) {
    using folder = temporaryFolder();
    await using practice = await startPractice(folder.path);
    await using broker = await startBroker(folder.path);
    await broker.client.accounts.addPractice({});
    await broker.client.vms.list({ refresh: true });
    const rows: Row[] = [];
    for (const cloud of clouds) {
      const open = async () => {
        const { grants } = await broker.client.grants.request({ vms: [cloud.vm], forMs: 600_000 });
        if (!grants[0]) throw new Error(`no grant for ${cloud.vm}`);
        return grants[0];
      };
      const { rules } = await openAndRevoke(broker, open);
      const subject = async () => (await openAndRevoke(broker, open)).took;
      const peer = () => bare(practice.info, cloud.exchange, rules);
      const [took = 0, floor = 0] = await inTurn(quick ? 3 : 9, subject, peer);
      rows.push(
        row({
          what: `request on a known VM (${cloud.name})`,
          measured: took,
          unit: 'ms',
          floor: { what: 'the same exchanges by node:https', value: floor },
          bar: { of: 'ratio', most: 1.2 },
        }),
        ...(await counted(practice, cloud, () => openAndRevoke(broker, open), rules.length)),
      );
    }
    return rows;
  },
};

async function openAndRevoke(broker: RunningBroker, open: () => Promise<Grant>) {
  const begun = performance.now();
  const grant = await open();
  const took = performance.now() - begun;
  await broker.client.grants.revoke({ grants: [grant.id] });
  return { took, rules: grant.rules, opened: Date.parse(grant.openedAt ?? '') };
}

/** All gates at once, without Latchkey. */
async function bare(info: PracticeInfo, exchange: Exchange, rules: Grant['rules']): Promise<number> {
  const begun = performance.now();
  const undo = await Promise.all(rules.map(rule => exchange(info, rule)));
  const took = performance.now() - begun;
  await Promise.all(undo.map(run => run()));
  return took;
}

/** Requests of one opening, as the cloud saw them. */
async function counted(
  practice: PracticeCloud,
  { name, isWrite }: (typeof clouds)[number],
  work: () => Promise<{ opened: number }>,
  gates: number,
): Promise<Row[]> {
  await practice.requests();
  const { opened } = await work();
  const asked = (await practice.requests()).filter(({ at }) => at <= opened);
  const first = asked.findIndex(isWrite);
  return [
    row({
      what: `writes per gate (${name})`,
      measured: asked.filter(isWrite).length / gates,
      unit: '',
      bar: { of: 'measured', most: 1 },
    }),
    row({
      what: `reads before the write (${name})`,
      measured: first < 0 ? asked.length : first,
      unit: '',
      bar: { of: 'measured', most: 0 },
    }),
  ];
}

const version = '?api-version=2024-05-01';

/** Puts a rule into an NSG and looks that it stands; gives what takes it away. */
export async function putRule(
  info: PracticeInfo,
  rule: Grant['rules'][number],
  name = 'bench',
  priority = 150,
) {
  const path = `${rule.gate}/securityRules/${name}${version}`;
  const properties = {
    protocol: 'Tcp',
    access: 'Allow',
    direction: 'Inbound',
    priority,
    sourcePortRange: '*',
    sourceAddressPrefix: '203.0.113.7/32',
    destinationAddressPrefix: '*',
    destinationPortRanges: rule.ports.map(String),
  };
  await done(info, await arm(info, 'PUT', path, { properties }));
  await arm(info, 'GET', path);
  return async () => done(info, await arm(info, 'DELETE', path));
}

/** Follows an asynchronous operation to its end. */
async function done(info: PracticeInfo, answer: Awaited<ReturnType<typeof arm>>): Promise<void> {
  const operation = answer.headers['azure-asyncoperation'];
  if (typeof operation !== 'string') return;
  for (;;) {
    const { body } = await arm(info, 'GET', operation);
    if ((JSON.parse(body) as { status: string }).status !== 'InProgress') return;
    await sleep(250);
  }
}

async function authorize(info: PracticeInfo, rule: Grant['rules'][number]) {
  const [region = '', group = ''] = rule.gate.split('/');
  const ports = rule.ports.flatMap((port, n) => [
    [`IpPermissions.${n + 1}.IpProtocol`, 'tcp'],
    [`IpPermissions.${n + 1}.FromPort`, String(port)],
    [`IpPermissions.${n + 1}.ToPort`, String(port)],
    [`IpPermissions.${n + 1}.IpRanges.1.CidrIp`, '203.0.113.7/32'],
  ]);
  const permissions = { GroupId: group, ...(Object.fromEntries(ports) as Record<string, string>) };
  const { body } = await ec2(info, region, 'AuthorizeSecurityGroupIngress', permissions);
  const id = /sgr-[0-9a-f]+/.exec(body)?.[0] ?? 'none';
  const list = { 'Filter.1.Name': 'group-id', 'Filter.1.Value.1': group, MaxResults: '1000' };
  // As often as Latchkey looks: what is compared is everything but the waiting for the cloud.
  for (const wait of [0, ...waits]) {
    await sleep(wait);
    if ((await ec2(info, region, 'DescribeSecurityGroupRules', list)).body.includes(id)) break;
  }
  return () => ec2(info, region, 'RevokeSecurityGroupIngress', permissions);
}
