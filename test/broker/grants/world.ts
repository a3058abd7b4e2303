/** Brokers on an embedded practice cloud, on one clock that tests can move; the cloud's is that plus `cloudAheadMs`. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { EC2 } from '@aws-sdk/client-ec2';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { onTestFinished } from 'vitest';
import { type Broker, createBroker } from '../../../main/broker/broker.ts';
import type { Cloud, FoundRule } from '../../../main/clouds/cloud.ts';
import { connectPractice } from '../../../main/clouds/practice.ts';
import { createOs } from '../../../main/os/index.ts';
import type { Databases, Os, PracticeInfo } from '../../../main/os/ports.ts';
import { type Practice, startPractice } from '../../../main/practice/practice.ts';
import type { FaultInput } from '../../../main/practice/server/faults.ts';
import type { LoggedRequest } from '../../../main/practice/server/requestLog.ts';
import type { Grant } from '../../../shared/contract/grants.ts';
import type { GateId, GrantId, VmId } from '../../../shared/domain/ids.ts';
import type { RuleMark } from '../../../shared/domain/ruleMark.ts';
import { createJumpClock, type JumpClock } from './clock.ts';

export interface World {
  clock: JumpClock;
  practice: Practice;
  /** A folder for one more data directory. */
  folder(): string;
  /** Starts a broker, on a data directory of its own unless told. Practice accounts are added and listed unless `bare`. */
  broker(options?: BrokerOptions): Promise<TestBroker>;
  /** Rules of ours that stand in both clouds, as somebody else sees them: `gate name source:port until`. */
  standing(): Promise<string[]>;
  /** The same whole. */
  rules(): Promise<FoundRule[]>;
  fault(fault: FaultInput): Promise<number>;
  /** Takes one fault away, or all. */
  heal(fault?: number): Promise<void>;
  /** How late the clouds' own logs tell of things from now on. */
  lag(ms: number): Promise<void>;
  /** What was asked since the last call, without questions of `standing`; without readings of the clouds' own logs, or only these. */
  asked(log?: 'log'): Promise<LoggedRequest[]>;
  /** Returns when the clouds have not been asked anything for a moment. */
  quiet(): Promise<void>;
  /** Somebody gives a grant's rules another description. */
  edit(grant: Grant, description: string): Promise<void>;
  /** Somebody takes a grant's rules away; `most`: so many of them. */
  takeAway(grant: Grant, most?: number): Promise<void>;
  /** Somebody deletes a gate with all that is in it. */
  removeGate(gate: string): Promise<void>;
  /** Writes a grant's rules once more: one that was long on its way takes effect after all. */
  writeAgain(grant: Grant, change?: Partial<RuleMark>): Promise<void>;
  arm(method: string, path: string, body?: unknown): Promise<unknown>;
  ec2(region: string): EC2;
}

export interface BrokerOptions {
  dataDirectory?: string;
  bare?: boolean;
  databases?: (real: Databases) => Databases;
  /** Changes what the broker is given of the clouds. */
  clouds?: (real: Cloud[]) => Cloud[];
  /** Where the practice cloud is; throws while it is not to be found. */
  ensure?: () => Promise<PracticeInfo>;
}

export interface TestBroker {
  broker: Broker;
  grants: Broker['services']['grants'];
  services: Broker['services'];
  dataDirectory: string;
  os: Os;
  /** As the system tells it. */
  networkChanged(): void;
  resumed(): void;
  stop(): void;
}

export async function startWorld(
  options: {
    cloudAheadMs?: number;
    size?: number;
    graphLagMs?: number;
    cloudNow?: (clock: JumpClock) => number;
  } = {},
  whenOver: (end: () => Promise<void>) => void = onTestFinished,
): Promise<World> {
  const clock = createJumpClock();
  const root = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  let folders = 0;
  const brokers: TestBroker[] = [];
  const practice = await startPractice({
    dataDirectory: root,
    latencyMs: 0,
    local: () => options.cloudNow?.(clock) ?? clock.now(),
    clockAheadMs: options.cloudAheadMs ?? 0,
    size: options.size,
    graphLagMs: options.graphLagMs,
  });
  const os = createOs({ dataDirectory: root, command: [] });
  const outsiders = await connectPractice(practice.info, { ...os, clock });
  whenOver(async () => {
    for (const broker of brokers) broker.stop();
    for (const cloud of outsiders) cloud.dispose();
    await practice.stop();
    rmSync(root, { recursive: true, force: true });
  });
  const ca = readFileSync(practice.info.caFile);
  const ask = async (url: string, method: string, body?: unknown): Promise<unknown> => {
    const headers = {
      authorization: `Bearer ${practice.info.azure.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = request(url, { method, ca, headers }, resolve).once('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
    const said = await text(answer);
    if ((answer.statusCode ?? 500) >= 400) throw new Error(said);
    return said === '' ? undefined : JSON.parse(said);
  };
  const control = (method: string, path: string, body?: unknown) =>
    ask(practice.info.control + path, method, body);
  async function rules(): Promise<FoundRule[]> {
    const found: FoundRule[] = [];
    for (const cloud of outsiders)
      for (const scope of await cloud.scopes())
        for await (const rule of cloud.ours({ scope })) found.push(rule);
    await control('DELETE', '/requests');
    return found;
  }
  const arm: World['arm'] = (method, path, body) =>
    ask(`${practice.info.azure.armEndpoint}${path}?api-version=2024-05-01`, method, body);
  const ec2 = (region: string): EC2 => {
    const { endpoint, accessKeyId, secretAccessKey } = practice.info.aws;
    const client = new EC2({
      endpoint,
      region,
      credentials: { accessKeyId, secretAccessKey },
      requestHandler: new NodeHttpHandler({ httpsAgent: { ca: ca.toString() } }),
    });
    onTestFinished(() => client.destroy());
    return client;
  };
  // Several brokers on one account would wait for each other, in the SDK's own time.
  await control('PUT', '/trail', { perSecond: 100 });
  const folder = () => join(root, `data-${++folders}`);

  return {
    clock,
    practice,
    folder,
    async broker(how = {}) {
      const made = await startBroker(practice, clock, how.dataDirectory ?? folder(), how);
      brokers.push(made);
      if (!how.bare) {
        // Resource Graph answers so many queries in five seconds; each broker lists everything.
        if (brokers.length > 1) await clock.advance(6_000);
        await made.services.accounts.addPractice();
        await made.services.inventory.refresh();
      }
      return made;
    },
    async standing() {
      return (await rules())
        .map(rule => {
          const end = new Date(rule.mark.end).toISOString();
          return `${rule.gateName} ${rule.sources.join(',')}:${rule.ports.join(',')} ${end}`;
        })
        .toSorted();
    },
    rules,
    async fault(fault) {
      return ((await control('POST', '/faults', fault)) as { id: number }).id;
    },
    async heal(fault) {
      await control('DELETE', fault === undefined ? '/faults' : `/faults/${fault}`);
    },
    async lag(lagMs) {
      await control('PUT', '/activity-log', { lagMs });
      await control('PUT', '/trail', { lagMs });
    },
    async asked(log) {
      const { requests } = (await control('GET', '/requests')) as { requests: LoggedRequest[] };
      await control('DELETE', '/requests');
      const isOfLog = ({ path, action }: LoggedRequest) =>
        path.includes('/eventtypes/') || action === 'LookupEvents';
      return requests.filter(one => isOfLog(one) === (log === 'log'));
    },
    async quiet() {
      for (let before = -1; ; ) {
        await new Promise(resolve => setTimeout(resolve, 20));
        const { requests } = (await control('GET', '/requests')) as { requests: LoggedRequest[] };
        if (requests.length === before && requests.every(({ status }) => status > 0)) return;
        before = requests.length;
      }
    },
    async edit(grant, description) {
      for (const [gate, name] of placesOf(grant)) {
        if (gate.startsWith('/')) {
          const path = `${gate}/securityRules/${name}`;
          const rule = (await arm('GET', path)) as { properties: object };
          await arm('PUT', path, { properties: { ...rule.properties, description } });
        } else {
          const [region = '', GroupId = ''] = gate.split('/');
          const SecurityGroupRuleDescriptions = [{ SecurityGroupRuleId: name, Description: description }];
          await ec2(region).updateSecurityGroupRuleDescriptionsIngress({
            GroupId,
            SecurityGroupRuleDescriptions,
          });
        }
      }
    },
    async takeAway(grant, most = 99) {
      for (const [gate, name] of placesOf(grant).slice(0, most)) {
        const [region = '', GroupId = ''] = gate.split('/');
        if (gate.startsWith('/')) await arm('DELETE', `${gate}/securityRules/${name}`);
        else await ec2(region).revokeSecurityGroupIngress({ GroupId, SecurityGroupRuleIds: [name] });
      }
    },
    async removeGate(gate) {
      if (gate.startsWith('/')) {
        const name = gate.split('/').at(-1);
        await control('POST', '/faults', {
          path: `/${name}`,
          status: 404,
          code: 'ResourceNotFound',
          times: 0,
        });
        return;
      }
      const [region = '', GroupId = ''] = gate.split('/');
      const { NetworkInterfaces = [] } = await ec2(region).describeNetworkInterfaces({
        Filters: [{ Name: 'group-id', Values: [GroupId] }],
      });
      for (const { NetworkInterfaceId, Groups = [] } of NetworkInterfaces) {
        const others = Groups.flatMap(group =>
          group.GroupId && group.GroupId !== GroupId ? [group.GroupId] : [],
        );
        await ec2(region).modifyNetworkInterfaceAttribute({ NetworkInterfaceId, Groups: others });
      }
      await ec2(region).deleteSecurityGroup({ GroupId });
    },
    async writeAgain(grant, change = {}) {
      const cloud = outsiders.find(({ account }) => account === grant.account);
      for (const { gate, gateName, ports, sources } of grant.rules) {
        const mark = {
          grant: grant.id as GrantId,
          owner: grant.owner,
          end: Date.parse(grant.endsAt),
          vmName: grant.vmName,
          ...change,
        };
        await cloud?.open({
          vm: grant.vm as VmId,
          gate: gate as GateId,
          gateName,
          index: 0,
          protocol: 'tcp',
          ports,
          sources,
          destinations: gate.startsWith('/') ? ['10.20.1.4'] : [],
          mark,
        });
      }
    },
    arm,
    ec2,
  };
}

/** Gate and name of each of its rules. */
function placesOf(grant: Grant): [string, string][] {
  return grant.rules.flatMap(({ gate, names }) => names.map((name): [string, string] => [gate, name]));
}

async function startBroker(
  practice: Practice,
  clock: JumpClock,
  dataDirectory: string,
  how: BrokerOptions,
): Promise<TestBroker> {
  const network = new Set<() => void>();
  const power = new Set<() => void>();
  const listen = (listeners: Set<() => void>) => (run: () => void) => {
    listeners.add(run);
    return { [Symbol.dispose]: () => void listeners.delete(run) };
  };
  const real = createOs({ dataDirectory, command: [] });
  const os: Os = {
    ...real,
    clock,
    databases: how.databases?.(real.databases) ?? real.databases,
    network: { onChange: listen(network) },
    power: { onResume: listen(power) },
    practice: { ensure: how.ensure ?? (async () => practice.info), find: async () => practice.info },
    userName: 'jo',
  };
  const broker = await createBroker({
    accountKinds: [],
    os,
    connectPractice: async info => {
      const clouds = await connectPractice(info, os);
      return how.clouds?.(clouds) ?? clouds;
    },
    dataDirectory,
    host: 'headless',
    version: '0',
    leave: () => undefined,
  });
  broker.start();
  let stopped = false;
  return {
    broker,
    services: broker.services,
    grants: broker.services.grants,
    dataDirectory,
    os,
    networkChanged: () => network.forEach(run => run()),
    resumed: () => power.forEach(run => run()),
    stop() {
      if (!stopped) broker.stop();
      stopped = true;
    },
  };
}

/** Asks for one VM and gives its grant. */
export async function open(
  { grants }: Pick<TestBroker, 'grants'>,
  vm: string,
  request: Omit<Parameters<typeof grants.request>[0], 'vms'> = {},
): Promise<Grant & { id: GrantId }> {
  const [grant] = (await grants.request({ vms: [vm], sources: ['203.0.113.7'], ...request })).grants;
  if (!grant) throw new Error('no grant');
  return grant as Grant & { id: GrantId };
}

/** The grant once it is as asked for; told by the broker, not by time. */
export async function once(
  { grants }: Pick<TestBroker, 'grants'>,
  id: string,
  test: ((grant: Grant) => boolean) | Grant['state'],
): Promise<Grant> {
  const isIt = typeof test === 'string' ? (grant: Grant) => grant.state === test : test;
  const stop = new AbortController();
  try {
    for await (const _ of grants.watch(stop.signal)) {
      const grant = grants.list(true).find(one => one.id === id);
      if (grant && isIt(grant)) return grant;
    }
    throw new Error('the broker stopped');
  } finally {
    stop.abort();
  }
}

export function now({ grants }: Pick<TestBroker, 'grants'>, id: string): Grant {
  const grant = grants.list(true).find(one => one.id === id);
  if (!grant) throw new Error(`no grant ${id}`);
  return grant;
}

/** Kind and outcome of the activity's rows, oldest first, since a grant was asked for. */
export function told({ services }: Pick<TestBroker, 'services'>): string[] {
  const { rows } = services.activity.list({ limit: 1000 });
  return rows
    .filter(({ kind }) => kind !== 'account')
    .map(({ kind, outcome }) => (outcome === 'ok' ? kind : `${kind}!`))
    .toReversed();
}

/** What is alike in both clouds: a VM, and how its rules are written and removed. */
export const sides = [
  {
    cloud: 'azure' as const,
    vm: 'sql-prod-1',
    port: 3389,
    write: { cloud: 'azure', method: 'PUT', path: 'securityRules/latchkey' },
    remove: { cloud: 'azure', method: 'DELETE', path: 'securityRules/latchkey' },
    look: { cloud: 'azure', method: 'GET', path: 'networkSecurityGroups' },
    rewrite: { cloud: 'azure', method: 'PUT', path: 'securityRules/latchkey' },
    refusal: { status: 403, code: 'AuthorizationFailed' },
  },
  {
    cloud: 'aws' as const,
    vm: 'pay-db',
    port: 22,
    write: { cloud: 'aws', action: 'AuthorizeSecurityGroupIngress' },
    remove: { cloud: 'aws', action: 'RevokeSecurityGroupIngress' },
    look: { cloud: 'aws', action: 'DescribeSecurityGroupRules' },
    rewrite: { cloud: 'aws', action: 'CreateTags' },
    refusal: { status: 403, code: 'UnauthorizedOperation' },
  },
] as const;
