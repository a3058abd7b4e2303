/** The practice Azure behind its real listener, with real SDK clients and plain requests for it. */
import { ComputeManagementClient } from '@azure/arm-compute';
import { NetworkManagementClient } from '@azure/arm-network';
import { type Arm, type ArmOptions, createArm } from '../../../main/practice/arm/index.ts';
import { controlRoutes } from '../../../main/practice/control.ts';
import { createServerCore, type ServerCore } from '../../../main/practice/server/core.ts';
import { type Answer, ask } from '../ask.ts';

export const version = 'api-version=2025-05-01';
export const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJm0TYmSPUNZqbmWxHG8o3Xa0cRXMGY5zvFyF8AJ5xQK';

export interface PracticeArm {
  arm: Arm;
  core: ServerCore;
  url: string;
  production: string;
  test: string;
  /** A request as admin (or with the given token), path relative to ARM, api-version added. */
  send(method: string, path: string, body?: unknown, token?: string): Promise<Answer>;
  tokens: { admin: string; viewer: string };
  /** How many VMs (classic ones aside) the production subscription has. */
  vmsInProduction(): number;
  network(subscription?: string): NetworkManagementClient;
  compute(subscription?: string): ComputeManagementClient;
  stop(): Promise<void>;
}

export async function startArm(options: Partial<ArmOptions> = {}): Promise<PracticeArm> {
  const core = await createServerCore();
  const arm = createArm({
    now: () => core.now(),
    latencyMs: 0,
    machines: () => ({ endpoints: () => [], hostKeys: () => [hostKey], stop: async () => undefined }),
    extra: app => controlRoutes(app, core, () => undefined),
    ...options,
  });
  const { url } = await core.open(arm.door);
  const [production = '', test = ''] = arm.world.subscriptions.map(subscription => subscription.id);
  const tokens = {
    admin: await arm.tokens.mint('admin', url),
    viewer: await arm.tokens.mint('viewer', url),
  };
  const credential = {
    getToken: async () => ({ token: tokens.admin, expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  const settings = {
    endpoint: url,
    tlsOptions: { ca: core.certificates.ca },
    retryOptions: { maxRetries: 0 },
  };
  return {
    arm,
    core,
    url,
    production,
    test,
    vmsInProduction: () =>
      [...arm.world.all('Microsoft.Compute/virtualMachines')].filter(vm => vm.id.includes(production)).length,
    tokens,
    send: (method, path, body, token = tokens.admin) =>
      ask(`${url}${path}${path.includes('?') ? '&' : '?'}${version}`, {
        ca: core.certificates.ca,
        method,
        body,
        token,
      }),
    network: (subscription = production) => new NetworkManagementClient(credential, subscription, settings),
    compute: (subscription = production) => new ComputeManagementClient(credential, subscription, settings),
    stop: async () => {
      arm.stop();
      await core.close();
    },
  };
}

/** A path of a resource in the production subscription's `rg-web`. */
export function inWeb(practice: PracticeArm, rest: string): string {
  return `/subscriptions/${practice.production}/resourceGroups/rg-web/providers/${rest}`;
}

export function ruleBody(priority: number, rest: object = {}): object {
  return {
    properties: {
      protocol: 'Tcp',
      access: 'Allow',
      direction: 'Inbound',
      priority,
      sourceAddressPrefix: '127.0.0.1',
      sourcePortRange: '*',
      destinationAddressPrefix: '*',
      destinationPortRange: '22',
      ...rest,
    },
  };
}
