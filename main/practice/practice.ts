/** The practice cloud, put together: Azure and AWS on one server core, and the machines behind their gates. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PracticeInfo } from '../os/ports.ts';
import { type Arm, createArm } from './arm/index.ts';
import type { TrustedIssuer } from './arm/tokens.ts';
import { tenantId } from './arm/world.ts';
import { controlRoutes } from './control.ts';
import { ec2Machines } from './ec2/machines.ts';
import { awsActionOf, awsErrorBody, registerEc2 } from './ec2/register.ts';
import { startScheduler } from './ec2/scheduler/runner.ts';
import { createAwsWorld } from './ec2/seed.ts';
import { trailControl } from './ec2/trail/control.ts';
import type { World as AwsWorld, Partition } from './ec2/world.ts';
import type { MachineNet, PracticeMachine } from './machine.ts';
import { startMachines } from './machines/start.ts';
import { createServerCore, type OpenDoor, type ServerCore } from './server/core.ts';

export interface PracticeOptions {
  /** Where `practice-ca.pem`, the certificate authority for clients to trust, is written. */
  dataDirectory: string;
  /** How many VMs in all, about half of them Azure's; without it the named ones. */
  size?: number | undefined;
  /** How long a write takes to take effect; default 150. 0: it has when it is answered. */
  latencyMs?: number | undefined;
  /** How long Resource Graph lags behind; default 0. */
  graphLagMs?: number | undefined;
  /** How long after it happened a row of Azure's activity log shows; default 0. */
  activityLagMs?: number | undefined;
  /** How far this computer's clock seems to be behind the clouds'; default 0. */
  clockAheadMs?: number | undefined;
  /** This computer's clock, epoch milliseconds; default the real one. */
  local?: (() => number) | undefined;
  /** Who signs people in to its Azure besides itself. */
  trust?: TrustedIssuer | undefined;
  /** Which AWS there is: the usual one, China's or GovCloud. */
  partition?: Partition | undefined;
  /** Where to listen; default any free port. */
  ports?: { azure?: number | undefined; aws?: number | undefined } | undefined;
}

export interface Practice {
  info: PracticeInfo;
  /** A sign-in that may look and not write. */
  viewer: { token: string; accessKeyId: string; secretAccessKey: string };
  /** When it was last used (a request or a machine's connection): epoch milliseconds by this computer's clock. */
  lastUsed: () => number;
  stop: () => Promise<void>;
}

/** At least the named instances. */
const leastAws = 11;

/** Starts everything on loopback. Rejects when a wanted port is taken or the CA can't be written; nothing is left running then. */
export async function startPractice(options: PracticeOptions): Promise<Practice> {
  const core = await createServerCore({
    clockAheadMs: options.clockAheadMs ?? 0,
    local: options.local ?? Date.now,
  });
  const { azureSize, awsSize } = shares(options.size);
  const latencyMs = options.latencyMs ?? 150;
  let machines: MachineNet | undefined;
  const now = () => core.now();
  const arm = createArm({
    now,
    size: azureSize,
    latencyMs,
    graphLagMs: options.graphLagMs,
    activityLagMs: options.activityLagMs,
    machines: () => machines,
    trust: options.trust,
    extra: app => {
      controlRoutes(app, core, () => machines);
      trailControl(app, awsWorld);
    },
  });
  const awsWorld = createAwsWorld({
    now,
    lagMs: latencyMs,
    powerMs: 10 * latencyMs,
    ...(awsSize === undefined ? {} : { size: awsSize }),
    ...(options.partition === undefined ? {} : { partition: options.partition }),
  });
  const scheduler = startScheduler(awsWorld);
  const stop = async () => {
    scheduler.stop();
    arm.stop();
    await Promise.all([core.close(), machines?.stop()]);
  };
  try {
    machines = await startMachines(alternate(arm.machines, ec2Machines(awsWorld)), {
      onConnection: () => core.touch(),
      firewalls: arm.firewalls,
    });
    const azure = await core.open({ ...arm.door, port: options.ports?.azure });
    const aws = await core.open({
      cloud: 'aws',
      port: options.ports?.aws,
      errorBody: awsErrorBody,
      actionOf: awsActionOf,
      routes: app => registerEc2(app, { world: awsWorld, hostKeys: id => machines?.hostKeys(id) ?? [] }),
    });
    const caFile = join(options.dataDirectory, 'practice-ca.pem');
    await mkdir(options.dataDirectory, { recursive: true, mode: 0o700 });
    await writeFile(caFile, core.certificates.ca, { mode: 0o600 });
    const viewerKey = keyOf(awsWorld, 'viewer');
    return {
      info: await describe({ core, arm, awsWorld, azure, aws, caFile }),
      viewer: {
        token: await arm.tokens.mint('viewer', `${azure.url}/adfs`),
        accessKeyId: viewerKey.id,
        secretAccessKey: viewerKey.secret,
      },
      lastUsed: () => core.lastUsed(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function describe(parts: {
  core: ServerCore;
  arm: Arm;
  awsWorld: AwsWorld;
  azure: OpenDoor;
  aws: OpenDoor;
  caFile: string;
}): Promise<PracticeInfo> {
  const { arm, awsWorld, azure, aws, caFile } = parts;
  const key = keyOf(awsWorld, 'operator');
  return {
    azure: {
      armEndpoint: azure.url,
      token: await arm.tokens.mint('admin', `${azure.url}/adfs`),
      tenantId,
      subscriptionIds: arm.world.subscriptions.map(subscription => subscription.id),
    },
    aws: {
      endpoint: aws.url,
      accessKeyId: key.id,
      secretAccessKey: key.secret,
      regions: [...awsWorld.regions.keys()],
    },
    caFile,
    observers: [...azure.observers, ...aws.observers],
    control: `${azure.url}/practice`,
  };
}

function keyOf(world: AwsWorld, role: 'operator' | 'viewer') {
  const key = [...world.keys.values()].find(one => one.role === role);
  if (!key) throw new Error(`The practice AWS has no ${role}.`);
  return key;
}

function shares(size: number | undefined): { azureSize?: number; awsSize?: number } {
  if (size === undefined) return {};
  const awsSize = Math.max(leastAws, Math.floor(size / 2));
  return { azureSize: Math.max(1, size - awsSize), awsSize };
}

/** One of each in turn: in a big world only the first machines listen, and both clouds' named ones come first. */
function alternate(a: PracticeMachine[], b: PracticeMachine[]): PracticeMachine[] {
  const length = Math.max(a.length, b.length);
  return Array.from({ length }, (_none, index) => [a[index], b[index]])
    .flat()
    .filter(machine => machine !== undefined);
}
