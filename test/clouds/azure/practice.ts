/** A practice Azure in this process, and adapters signed in to it. */
import type { TokenCredential } from '@azure/core-auth';
import { createAzureCloud } from '../../../main/clouds/azure/azureCloud.ts';
import type { Cloud } from '../../../main/clouds/cloud.ts';
import type { Clock, Random } from '../../../main/os/ports.ts';
import { type Arm, createArm } from '../../../main/practice/arm/index.ts';
import { createServerCore, type ServerCore } from '../../../main/practice/server/core.ts';
import { parseAccountId, parseVmId, type VmId } from '../../../shared/domain/ids.ts';

export interface Practice {
  core: ServerCore;
  arm: Arm;
  /** Where ARM is. */
  url: string;
  /** Signs in; each is as another computer's Latchkey. */
  signIn(options?: {
    user?: string;
    random?: Random;
    clock?: Clock;
    token?: string;
    credential?: TokenCredential;
  }): Promise<Cloud>;
  /** The id of a VM by its name; the first of that name. */
  vm(name: string): VmId;
  /** Method and path (without query) of what ARM was asked since the last `forget`. */
  asked(): string[];
  forget(): void;
  stop(): Promise<void>;
}

export const realClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.max(0, ms));
    timer.unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** A clock on which everything takes a fiftieth of its time. */
export function quickClock(): Clock {
  const begun = Date.now();
  return {
    now: () => begun + (Date.now() - begun) * 50,
    after: (ms, run) => realClock.after(ms / 50, run),
  };
}

/** What every Linux machine here has printed to its console. */
export const hostKeys = ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPractice'];

/** Always the same byte: `fixed(0)` takes the first of all choices. */
export const fixed = (byte: number): Random => ({ bytes: count => new Uint8Array(count).fill(byte) });

export async function startPractice(
  options: {
    latencyMs?: number;
    firewallMs?: number;
    size?: number;
    clockAheadMs?: number;
    clock?: Clock;
  } = {},
): Promise<Practice> {
  const { clock: shared } = options;
  const core = await createServerCore({
    ...(options.clockAheadMs === undefined ? {} : { clockAheadMs: options.clockAheadMs }),
    ...(shared === undefined ? {} : { local: () => shared.now() }),
  });
  const arm = createArm({
    now: () => core.now(),
    after: shared && ((ms, run) => shared.after(ms, run)),
    latencyMs: options.latencyMs ?? 0,
    firewallMs: options.firewallMs,
    size: options.size,
    machines: () => ({ endpoints: () => [], hostKeys: () => hostKeys, stop: async () => {} }),
  });
  const door = await core.open(arm.door);
  const clouds: Cloud[] = [];
  return {
    core,
    arm,
    url: door.url,
    async signIn({
      user = 'admin',
      random = fixed(0),
      clock = options.clock ?? realClock,
      token,
      credential,
    } = {}) {
      const minted = token ?? (await arm.tokens.mint(user, door.url));
      const fixedToken = { token: minted, expiresOnTimestamp: Date.now() + 3_600_000 };
      const cloud = createAzureCloud({
        account: parseAccountId('practice-azure'),
        armEndpoint: door.url,
        credential: credential ?? { getToken: async () => fixedToken },
        tenantId: 'practice',
        caCertificate: core.certificates.ca,
        observers: door.observers,
        clock,
        random,
        log: { info: () => {}, warn: () => {}, error: () => {} },
      });
      clouds.push(cloud);
      return cloud;
    },
    vm(name) {
      for (const vm of arm.world.all('Microsoft.Compute/virtualMachines')) {
        if (vm.name === name) return parseVmId(vm.id);
      }
      throw new Error(`the practice cloud has no ${name}`);
    },
    asked: () => core.log.list().map(request => `${request.method} ${request.path.split('?')[0] ?? ''}`),
    forget: () => core.log.clear(),
    async stop() {
      for (const cloud of clouds) cloud.dispose();
      arm.stop();
      await core.close();
    },
  };
}

/** All values of a stream. */
export async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}
