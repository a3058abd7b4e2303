/** What the fake broker knows: VMs, grants, activity; and who is told when it changes. */
import type { Account, AwsProfile, Settings } from '../../../shared/contract/accounts.ts';
import type { ActivityRow } from '../../../shared/contract/activity.ts';
import type { ConnectionSettings } from '../../../shared/contract/connect.ts';
import type { MyIp } from '../../../shared/contract/egress.ts';
import type { Grant } from '../../../shared/contract/grants.ts';
import type { Policy } from '../../../shared/contract/policies.ts';
import type { VmList, VmRow } from '../../../shared/contract/vms.ts';
import { rowOf, seeds } from './names.ts';

/** Tells changes to everybody who watches. */
export class Topic<T> {
  readonly #listeners = new Set<(value: T) => void>();
  tell(value: T): void {
    for (const listener of this.#listeners) listener(value);
  }
  async *watch(first: T[], signal: AbortSignal | undefined): AsyncGenerator<T> {
    const queue = [...first];
    let wake = (): void => {};
    const listener = (value: T): void => {
      queue.push(value);
      wake();
    };
    this.#listeners.add(listener);
    signal?.addEventListener('abort', () => wake());
    try {
      while (signal?.aborted !== true) {
        const value = queue.shift();
        if (value !== undefined) yield value;
        else await new Promise<void>(resolve => (wake = resolve));
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }
}

const hourMs = 3_600_000;
export const defaultPolicy = (ports: readonly number[]): Policy => ({
  ports: ports.map(port => ({
    port,
    protocol: 'tcp',
    sources: port === 22 ? [] : ['198.51.100.0/24', '203.0.113.0/24'],
    maxMs: port === 22 ? 3 * hourMs : hourMs,
  })),
});

export interface World {
  accounts: Account[];
  profiles: AwsProfile[];
  rows: Map<string, VmRow>;
  grants: Map<string, Grant>;
  activity: ActivityRow[];
  policies: Map<string, Policy>;
  connections: Map<string, ConnectionSettings>;
  settings: Settings;
  myIp: MyIp;
}

/** The world at the start. `practice: false`: nobody is signed in yet. `size`: that many VMs in all. */
export function makeWorld(options: { practice: boolean; size: number }, now: number): World {
  const rows = new Map<string, VmRow>();
  const all = Array.from({ length: Math.max(options.size, seeds.length) }, (_, n) => {
    const seed = seeds[n % seeds.length] ?? { name: 'vm', place: 'prod' };
    return n < seeds.length ? seed : { ...seed, name: `${seed.name}-${n}` };
  });
  for (const [n, seed] of all.entries()) {
    const row = rowOf(seed, n, now);
    rows.set(row.id, row);
  }
  const world: World = {
    accounts: [],
    profiles: [
      { name: 'payments', source: 'sso', region: 'eu-north-1', account: '210987654321', role: 'Operator' },
      { name: 'audit', source: 'keys', region: 'us-east-1' },
      { name: 'guarded', source: 'role', account: '210987654321', role: 'LatchkeyGuarded' },
      { name: '<img src=x>', source: 'process' },
      { name: 'empty', source: 'none' },
    ],
    rows: new Map(),
    grants: new Map(),
    activity: [],
    policies: new Map(),
    connections: new Map(),
    settings: {
      theme: 'system',
      density: 'normal',
      organisationRanges: ['203.0.113.0/24'],
      azureClouds: [],
      azureChinaAuthority: 'https://login.chinacloudapi.cn',
      observers: [],
      warnBeforeMs: 300_000,
      jit: {},
    },
    myIp: seenFrom(now),
  };
  if (options.practice) signIn(world, rows, now);
  return world;
}

/** Signs in: accounts, VMs, a few grants and a history appear. */
export function signIn(world: World, rows: ReadonlyMap<string, VmRow>, now: number): void {
  const at = new Date(now - 3 * 24 * hourMs).toISOString();
  world.accounts = [
    {
      id: 'practice-azure',
      name: 'Contoso',
      cloud: 'azure',
      kind: 'practice',
      user: 'ada@contoso.example',
      state: 'ready',
      addedAt: at,
    },
    {
      id: 'practice-aws',
      name: '1111-1111-1111',
      cloud: 'aws',
      kind: 'practice',
      user: 'ada',
      state: 'ready',
      clockAheadMs: 84_000,
      addedAt: at,
    },
  ];
  for (const row of rows.values()) world.rows.set(row.id, row);
  const byName = (name: string): VmRow | undefined => [...rows.values()].find(row => row.name === name);
  for (const row of rows.values())
    if (row.tab === 'configured') world.policies.set(row.id, defaultPolicy(row.protectedPorts));
  const add = (name: string, id: string, change: Partial<Grant>): void => {
    const row = byName(name);
    if (row !== undefined) world.grants.set(id, { ...grantOf(row, id, now), ...change });
  };
  const end = (minutes: number): string => new Date(now + minutes * 60_000).toISOString();
  add('web-1', 'aaaaaaaaaaaa', { endsAt: end(41.2), reason: 'disk full, INC-4411' });
  add('sql-prod-2', 'bbbbbbbbbbbb', {
    endsAt: end(8.1),
    endedBy: 'cloud',
    ports: [{ port: 3389, protocol: 'tcp' }],
  });
  add('pay-db', 'cccccccccccc', {
    endsAt: end(-4),
    state: 'stuck',
    error: {
      code: 'CLOUD_FORBIDDEN',
      message: 'AWS refused to remove the rule sgr-0a1b2c3d from latchkey-i-000c.',
      fix: 'Ask for ec2:RevokeSecurityGroupIngress, or remove the rule by hand; Latchkey keeps trying.',
    },
  });
  add('web-2', 'dddddddddddd', { state: 'closed', endsAt: end(-60), closedAt: end(-60), reason: 'deploy' });
  add('api-test-1', 'eeeeeeeeeeee', {
    state: 'failed',
    closedAt: end(-130),
    endsAt: end(-120),
    error: {
      code: 'CLOUD_CONFLICT',
      message: 'The NSG nsg-test was changed by somebody else at the same time.',
      fix: 'Nothing is open. Try again.',
    },
  });
  world.activity = history(rows, now);
}

/** An open grant for a VM. */
export function grantOf(row: VmRow, id: string, now: number): Grant {
  const [port = 22] = row.protectedPorts;
  const name = row.cloud === 'azure' ? `latchkey-${id.slice(0, 4)}-${port}` : `sgr-0${id.slice(0, 8)}`;
  return {
    id,
    vm: row.id,
    vmName: row.name,
    cloud: row.cloud,
    account: row.account,
    owner: 'ada@contoso.example',
    state: 'open',
    ports: [{ port, protocol: 'tcp' }],
    sources: ['203.0.113.7/32'],
    requestedAt: new Date(now - 19 * 60_000).toISOString(),
    openedAt: new Date(now - 19 * 60_000 + 2_300).toISOString(),
    endsAt: new Date(now + hourMs).toISOString(),
    endedBy: 'this-computer',
    maxEndsAt: new Date(now + 3 * hourMs).toISOString(),
    rules: [
      {
        gate: 'nsg',
        gateName: 'nsg-web',
        names: [name],
        state: 'standing',
        ports: [port],
        sources: ['203.0.113.7/32'],
      },
    ],
    notes: [],
  };
}

function history(rows: ReadonlyMap<string, VmRow>, now: number): ActivityRow[] {
  const configured = [...rows.values()].filter(row => row.tab === 'configured').slice(0, 30);
  const kinds = ['request', 'rule-written', 'opened', 'connect', 'closed', 'refused'] as const;
  return Array.from({ length: 400 }, (_, n) => {
    const row = configured[n % configured.length];
    const kind = kinds[n % kinds.length] ?? 'request';
    return {
      id: 400 - n,
      at: new Date(now - n * 37 * 60_000).toISOString(),
      kind,
      outcome: kind === 'refused' ? ('failed' as const) : ('ok' as const),
      vm: row?.id ?? '',
      vmName: row?.name ?? '',
      user: n % 3 === 0 ? 'k.holm' : 'ada',
      ...(n % 3 === 0 && kind !== 'connect'
        ? { origin: 'cloud' as const, inCloud: 'seen' as const, client: 'Azure CLI at 203.0.113.7' }
        : {
            origin: 'local' as const,
            ...(n < 6 && kind === 'rule-written' ? { inCloud: 'awaited' as const } : {}),
          }),
      text:
        kind === 'rule-written'
          ? 'Rule latchkey-7f3a-22 written to nsg-web.'
          : `Port 22 for 203.0.113.7/32, until ${n % 24}:52.`,
      ...(n % 4 === 0 ? { reason: 'disk full, INC-4411' } : {}),
    };
  });
}

function seenFrom(now: number): MyIp {
  const observers = ['one.example', 'two.example', 'three.example', 'four.example'];
  return {
    ipv4: { state: 'agreed', address: '203.0.113.7' },
    ipv6: { state: 'unknown' },
    observations: [
      ...observers.map((observer, n) => ({
        observer,
        family: 'ipv4' as const,
        route: n === 3 ? ('proxy' as const) : ('direct' as const),
        address: '203.0.113.7',
        ms: 38 + n * 21,
      })),
      { observer: 'one.example', family: 'ipv6', route: 'direct', error: 'no route to host', ms: 3 },
    ],
    at: new Date(now - 40_000).toISOString(),
  };
}

/** The list as the contract tells it. */
export function listOf(world: World, now: number): VmList {
  const vms = [...world.rows.values()];
  const count = (tab: VmRow['tab']): number => vms.filter(row => row.tab === tab).length;
  const scopes = [...new Map(vms.map(row => [row.scope, row])).values()].map(
    ({ scope, scopeName, account }) => ({
      scope,
      scopeName,
      account,
      state: 'fresh' as const,
      refreshedAt: new Date(now - 12_000).toISOString(),
      vms: vms.filter(row => row.scope === scope).length,
    }),
  );
  return {
    vms,
    counts: {
      configured: count('configured'),
      notConfigured: count('not-configured'),
      unsupported: count('unsupported'),
      exposed: vms.filter(row => row.tab === 'not-configured' && row.exposedPorts.length > 0).length,
    },
    scopes,
  };
}
