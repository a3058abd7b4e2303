/** The practice EC2 with AWS clouds signed in to it, for tests: real SDK, real HTTPS, a real clock. */
import { createAwsCloud } from '../../../main/clouds/aws/index.ts';
import type { Cloud } from '../../../main/clouds/cloud.ts';
import { createClock } from '../../../main/os/clock.ts';
import type { Clock, Logger } from '../../../main/os/ports.ts';
import { createRandom } from '../../../main/os/random.ts';
import { awsActionOf, awsErrorBody, registerEc2 } from '../../../main/practice/ec2/register.ts';
import { type SchedulerRunner, startScheduler } from '../../../main/practice/ec2/scheduler/runner.ts';
import { createAwsWorld, newKey } from '../../../main/practice/ec2/seed.ts';
import type { Partition, World } from '../../../main/practice/ec2/world.ts';
import { createServerCore, type ServerCore } from '../../../main/practice/server/core.ts';
import { parseAccountId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';

export const quiet: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJm0TYmSPUNZqbmWxHG8o3Xa0cRXMGY5zvFyF8AJ5xQK';

/** Everything an iterable gives. */
export async function collect<T>(all: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of all) found.push(one);
  return found;
}

const inOrder = (lines: string[]) => lines.toSorted((a, b) => (a < b ? -1 : 1));
const sorted = (entries: Iterable<[string, unknown]>) =>
  inOrder([...entries].map(each => JSON.stringify(each)));

/** Everything a client could have changed, as text; without the ids of rules: AWS gives a rule that comes back a new one. */
export function snapshotOf(world: World): string {
  return JSON.stringify(
    [...world.regions.values()].map(region => [
      [...region.groups.values()].map(group => [
        group.id,
        sorted(group.tags),
        inOrder(
          [...group.rules.values()]
            .filter(rule => rule.seenUntil === undefined)
            .map(({ id: _id, seenFrom: _seenFrom, tags, ...rule }) =>
              JSON.stringify([sorted(Object.entries(rule)), sorted(tags)]),
            ),
        ),
      ]),
      [...region.interfaces.values()].map(nic => [nic.id, nic.groupIds]),
      [...region.instances.values()].map(instance => [instance.id, sorted(instance.tags)]),
    ]),
  );
}

export interface PracticeEc2 {
  world: World;
  core: ServerCore;
  scheduler: SchedulerRunner;
  /** One more Latchkey, signed in by itself. */
  signIn(options?: {
    role?: 'operator' | 'viewer';
    clock?: Clock;
    policies?: string[];
    /** Default: all of the world's, by name. */
    regions?: readonly string[] | 'all';
    home?: string;
  }): Cloud;
  /** Actions asked for since the last call of this, in order. */
  actions(): string[];
  /** All VMs of a region. */
  vms(cloud: Cloud, region: string): Promise<Vm[]>;
  /** One VM by its name, as inventory has it. */
  vm(cloud: Cloud, name: string): Promise<Vm>;
  /** One instance as it is, by its Name tag. */
  group(region: string, name: string): { id: string; rules: RuleFacts[]; tags: Map<string, string> };
  close(): Promise<void>;
}
export interface RuleFacts {
  id: string;
  from: number;
  cidr: string | undefined;
  description: string | undefined;
  tags: Map<string, string>;
}

export async function startPracticeEc2(
  options: { lagMs?: number; clockAheadMs?: number; now?: () => number; partition?: Partition } = {},
): Promise<PracticeEc2> {
  const core = await createServerCore({ clockAheadMs: options.clockAheadMs ?? 0 });
  const world = createAwsWorld({
    now: options.now ?? (() => core.now()),
    lagMs: options.lagMs ?? 20,
    powerMs: 0,
    ...(options.partition ? { partition: options.partition } : {}),
  });
  const door = await core.open({
    cloud: 'aws',
    errorBody: awsErrorBody,
    actionOf: awsActionOf,
    routes: app => registerEc2(app, { world, hostKeys: () => [hostKey] }),
  });
  const clouds: Cloud[] = [];
  const scheduler = startScheduler(world);
  const practice: PracticeEc2 = {
    world,
    core,
    scheduler,
    signIn({ role = 'operator', clock = createClock(), policies, regions, home } = {}) {
      const own = policies && newKey('operator', 'jo', policies);
      if (own) world.keys.set(own.id, own);
      const key = own ?? [...world.keys.values()].find(candidate => candidate.role === role);
      if (!key) throw new Error(`no ${role}`);
      const cloud = createAwsCloud({
        account: parseAccountId('practice-aws'),
        credentials: async () => ({ accessKeyId: key.id, secretAccessKey: key.secret }),
        regions: regions ?? [...world.regions.keys()],
        home,
        endpoint: door.url,
        caCertificate: core.certificates.ca,
        observers: door.observers,
        clock,
        random: createRandom(),
        log: quiet,
      });
      clouds.push(cloud);
      return cloud;
    },
    actions() {
      const asked = core.log.list().map(entry => entry.action ?? '?');
      core.log.clear();
      return asked;
    },
    async vms(cloud, region) {
      const pages: Vm[] = [];
      const id = `${world.account}/${region}`;
      for await (const page of cloud.inventory({ id, name: region })) pages.push(...page);
      return pages;
    },
    async vm(cloud, name) {
      for (const region of world.regions.keys()) {
        const found = (await practice.vms(cloud, region)).find(vm => vm.name === name);
        if (found) return found;
      }
      throw new Error(`no VM ${name}`);
    },
    group(region, name) {
      const group = [...(world.regions.get(region)?.groups.values() ?? [])].find(
        g => g.name === name || g.id === name,
      );
      if (!group) throw new Error(`no group ${name}`);
      const rules = [...group.rules.values()]
        .filter(rule => !rule.egress && rule.seenUntil === undefined)
        .map(({ id, fromPort: from, peer, description, tags }): RuleFacts => {
          return { id, from, cidr: 'cidr' in peer ? peer.cidr : undefined, description, tags };
        });
      return { id: group.id, rules, tags: group.tags };
    },
    async close() {
      scheduler.stop();
      for (const cloud of clouds) cloud.dispose();
      await core.close();
    },
  };
  return practice;
}
