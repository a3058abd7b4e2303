/** VMs of the fake broker: the look's names, and names made to hurt. */
import type { VmRow } from '../../../shared/contract/vms.ts';

export interface Seed {
  name: string;
  place: keyof typeof places;
  tab?: VmRow['tab'];
  os?: VmRow['os'];
  power?: VmRow['power'];
  ports?: number[];
  exposed?: number[];
  week?: number[];
  /** Hours ago, and by whom. */
  last?: [number, string];
  reason?: string;
}

const azure = { cloud: 'azure', account: 'practice-azure', location: 'West Europe', gate: 'nsg' } as const;
const aws = {
  cloud: 'aws',
  account: 'practice-aws',
  location: 'eu-north-1',
  gate: 'security-group',
} as const;
export const places = {
  prod: { ...azure, scope: 'sub-prod', scopeName: 'Contoso Production', accountName: 'Contoso Prod' },
  test: { ...azure, scope: 'sub-test', scopeName: 'Contoso Test', accountName: 'Contoso Test' },
  payments: { ...aws, scope: '1111/eu-north-1', scopeName: 'payments (eu-north-1)', accountName: 'payments' },
  data: {
    ...aws,
    scope: '1111/eu-west-1',
    scopeName: 'data (eu-west-1)',
    accountName: 'data',
    location: 'eu-west-1',
  },
} as const;

export const seeds: Seed[] = [
  { name: 'web-1', place: 'prod', ports: [22, 5986], week: [1, 3, 2, 5, 3, 0, 2], last: [0.1, 'you'] },
  { name: 'web-2', place: 'prod', ports: [22], week: [0, 1, 0, 0, 2, 0, 1], last: [20, 'h.lind'] },
  { name: 'web-10', place: 'prod', ports: [22], week: [0, 0, 0, 0, 0, 0, 1], last: [30, 'you'] },
  {
    name: 'sql-prod-1',
    place: 'prod',
    os: 'windows',
    ports: [3389],
    week: [0, 0, 1, 0, 0, 0, 0],
    last: [96, 'you'],
  },
  {
    name: 'sql-prod-2',
    place: 'prod',
    os: 'windows',
    ports: [3389, 5986],
    week: [2, 1, 0, 1, 0, 0, 3],
    last: [0.2, 'you'],
  },
  { name: 'build-agent-07', place: 'prod', power: 'stopped', ports: [22, 5986], week: [0, 0, 0, 0, 0, 0, 0] },
  {
    name: 'jump-eu',
    place: 'prod',
    ports: [22],
    exposed: [22],
    week: [4, 4, 3, 5, 2, 1, 4],
    last: [3, 'a.berg'],
  },
  { name: 'api-test-1', place: 'test', ports: [22], week: [2, 2, 3, 1, 0, 0, 1], last: [1.5, 'you'] },
  { name: 'api-test-2', place: 'test', ports: [22], week: [0, 1, 0, 2, 0, 0, 0], last: [72, 'm.ek'] },
  {
    name: 'win-golden',
    place: 'test',
    os: 'windows',
    ports: [3389, 5986],
    week: [1, 0, 0, 0, 0, 0, 0],
    last: [120, 'you'],
  },
  { name: 'pay-api-1', place: 'payments', ports: [22], week: [5, 3, 4, 4, 1, 0, 2], last: [2, 'k.holm'] },
  { name: 'pay-api-2', place: 'payments', ports: [22], week: [2, 3, 1, 1, 0, 0, 0], last: [26, 'you'] },
  { name: 'pay-db', place: 'payments', ports: [22], week: [0, 0, 1, 0, 0, 0, 0], last: [144, 'k.holm'] },
  { name: 'pay-batch-spot', place: 'payments', power: 'stopped', ports: [22], week: [0, 0, 0, 0, 0, 0, 0] },
  { name: 'spark-driver', place: 'data', ports: [22], week: [1, 1, 2, 1, 0, 0, 0], last: [50, 'you'] },
  { name: '-oProxyCommand=touch /tmp/pwned', place: 'data', ports: [22], week: [0, 0, 0, 0, 0, 0, 0] },
  { name: '<img src=x onerror=alert(1)>', place: 'data', ports: [22], week: [0, 0, 0, 0, 0, 0, 0] },
  { name: '\u202Eexe.fdp\u202C-report', place: 'data', ports: [22], week: [0, 0, 0, 0, 0, 0, 0] },
  { name: `long-${'abcdefghij'.repeat(20)}`, place: 'data', ports: [22], week: [0, 0, 0, 0, 0, 0, 0] },
  { name: 'legacy-ftp', place: 'prod', tab: 'not-configured', exposed: [22, 3389] },
  { name: 'ml-gpu-1', place: 'test', tab: 'not-configured', exposed: [22] },
  { name: 'wiki', place: 'test', tab: 'not-configured' },
  { name: 'data-shared-a', place: 'data', tab: 'not-configured', exposed: [22] },
  { name: 'data-shared-b', place: 'data', tab: 'not-configured', exposed: [22] },
  {
    name: 'bare-vm',
    place: 'prod',
    tab: 'unsupported',
    reason:
      'No network security group stands before this VM: there is no gate to shut. Put one on its subnet or interface.',
  },
  {
    name: 'classic-dc',
    place: 'prod',
    tab: 'unsupported',
    os: 'windows',
    reason: 'A classic VM (Azure Service Management). Azure retired these; it is shown, never opened.',
  },
];

/** One row of the fake. `n` makes the id; `now` in epoch milliseconds. */
export function rowOf(seed: Seed, n: number, now: number): VmRow {
  const place = places[seed.place];
  const tab = seed.tab ?? 'configured';
  const power = seed.power ?? 'running';
  const ports = tab === 'configured' ? (seed.ports ?? [22]) : [];
  const exposed = seed.exposed ?? [];
  const host = `20.50.${n >> 8}.${n & 255}`;
  const azureId = `/subscriptions/${place.scope}/resourcegroups/rg/providers/microsoft.compute/virtualmachines/vm-${n}`;
  return {
    id:
      place.cloud === 'azure'
        ? azureId
        : `arn:aws:ec2:${place.location}:111111111111:instance/i-${n.toString(16).padStart(17, '0')}`,
    name: seed.name,
    ...place,
    os: seed.os ?? 'linux',
    image: seed.os === 'windows' ? 'Windows Server 2025' : 'Ubuntu 24.04',
    size: place.cloud === 'azure' ? 'Standard_D2s_v5' : 't3.large',
    power,
    tab,
    ...(seed.reason === undefined ? {} : { reason: seed.reason }),
    access:
      power === 'stopped'
        ? 'stopped'
        : exposed.length > 0
          ? 'exposed'
          : tab === 'unsupported'
            ? 'unknown'
            : 'shut',
    exposedPorts: exposed,
    protectedPorts: ports,
    gate: tab === 'unsupported' ? 'none' : seed.name.startsWith('sql') ? 'firewall' : place.gate,
    addresses: { public: [host], private: [`10.1.0.${n & 255}`] },
    endpoints: (ports.length > 0 ? ports : exposed).map(port => ({ port, host, hostPort: port })),
    week: seed.week ?? [0, 0, 0, 0, 0, 0, 0],
    requestsFrom: seed.last?.[1] === 'you' ? 'ledger' : 'activity-log',
    ...(seed.last === undefined
      ? {}
      : {
          lastAccess: new Date(now - seed.last[0] * 3_600_000).toISOString(),
          lastUser: seed.last[1],
          ...(n === 1
            ? {
                changed: {
                  at: new Date(now - 60_000).toISOString(),
                  text: 'Somebody else edited the policy of web-2: 22/tcp for 3h from anywhere became 22/tcp for 1d from anywhere.',
                },
              }
            : {}),
          lastFrom: seed.last[1] === 'you' ? ('ledger' as const) : ('activity-log' as const),
        }),
  };
}
