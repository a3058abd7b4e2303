/** VMs behind a load balancer's inbound NAT rules: where a client goes, and that it really gets there. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { LoadBalancer } from '@azure/arm-network';
import { describe, expect, it, onTestFinished } from 'vitest';
import { forwardsTo } from '../../../main/clouds/azure/forwards.ts';
import { connectPractice } from '../../../main/clouds/practice.ts';
import { createClock } from '../../../main/os/clock.ts';
import { createFiles } from '../../../main/os/files.ts';
import { createHttp } from '../../../main/os/http.ts';
import { createRandom } from '../../../main/os/random.ts';
import { startPractice as startWholePractice } from '../../../main/practice/practice.ts';
import { wayTo } from '../../../shared/domain/hops.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { temporaryFolder } from '../../fakes/temporaryFolder.ts';
import { mark } from './build.ts';
import { all, startPractice } from './practice.ts';

const lb = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/loadBalancers/lb';
const own = { id: '/nics/a/ipConfigurations/one' };
const frontend = (name: string) => ({ id: `${lb}/frontendIPConfigurations/${name}` });
const balancer: LoadBalancer = {
  name: 'lb',
  frontendIPConfigurations: [
    { ...frontend('out'), publicIPAddress: { id: '/IPS/One' } },
    { ...frontend('in'), privateIPAddress: '10.0.0.9' },
  ],
};
const address = (id: string) => (id === '/ips/one' ? '203.0.113.9' : undefined);
const to = (rules: LoadBalancer['inboundNatRules'], pools: LoadBalancer['backendAddressPools'] = []) =>
  forwardsTo([own], { ...balancer, inboundNatRules: rules ?? [], backendAddressPools: pools }, address).map(
    ({ host, hostPort, port, protocol }) => `${protocol} ${host}:${hostPort} ${port}`,
  );

describe('inbound NAT rules', () => {
  const rule = { name: 'r', frontendIPConfiguration: frontend('out'), protocol: 'Tcp', backendPort: 22 };

  it('lead to the interface they name, from a public frontend only', () => {
    const mine = { ...rule, frontendPort: 50_000, backendIPConfiguration: { id: own.id.toUpperCase() } };
    expect(to([mine])).toEqual(['tcp 203.0.113.9:50000 22']);
    expect(to([{ ...mine, protocol: 'All' }])).toEqual(['any 203.0.113.9:50000 22']);
    expect(to([{ ...mine, frontendIPConfiguration: frontend('in') }])).toEqual([]);
    expect(to([{ ...mine, backendIPConfiguration: { id: '/nics/b/ipConfigurations/one' } }])).toEqual([]);
  });

  it('for a pool lead where the cloud says; a port that it does not name is not guessed', () => {
    const range = {
      ...rule,
      backendAddressPool: { id: `${lb}/backendAddressPools/p` },
      frontendPortRangeStart: 51_000,
      frontendPortRangeEnd: 51_009,
    };
    const pool = (mapping: { inboundNatRuleName: string; frontendPort: number; backendPort: number }[]) => [
      {
        id: `${lb}/backendAddressPools/P`,
        loadBalancerBackendAddresses: [
          { networkInterfaceIPConfiguration: { id: '/nics/b/ipConfigurations/one' } },
          { networkInterfaceIPConfiguration: own, inboundNatRulesPortMapping: mapping },
        ],
      },
    ];
    const other = { inboundNatRuleName: 'other', frontendPort: 1, backendPort: 2 };
    const named = { inboundNatRuleName: 'R', frontendPort: 51_003, backendPort: 22 };
    expect(to([range], pool([other, named]))).toEqual(['tcp 203.0.113.9:51003 22']);
    expect(to([range], pool([]))).toEqual([]);
  });
});

describe('the practice cloud’s load balancer', () => {
  const named = (vms: Vm[], name: string): Vm => {
    const found = vms.find(vm => vm.name === name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  };

  it('is known from Resource Graph and from a fresh look alike, and is where a client goes', async () => {
    const practice = await startPractice();
    onTestFinished(() => practice.stop());
    const cloud = await practice.signIn();
    const [production] = await cloud.scopes();
    if (production === undefined) throw new Error('no scope');
    const vms = (await all(cloud.inventory(production))).flat();
    const at = (name: string) =>
      cloud.endpoints(named(vms, name), [22, 3389]).map(({ port, host, hostPort }) => [port, host, hostPort]);
    expect(at('api-1')).toEqual([[22, '203.0.113.250', 50_022]]);
    expect(at('api-2')).toEqual([[22, '203.0.113.250', 51_000]]);
    expect(at('api-3')).toEqual([
      [22, '203.0.113.250', 51_001],
      [3389, '203.0.113.250', 50_389],
    ]);
    expect(await cloud.vm(named(vms, 'api-2').id)).toEqual(named(vms, 'api-2'));
    const way = wayTo(named(vms, 'api-1'), { port: 22, protocol: 'tcp', source: '198.51.100.7' });
    expect(way.hops.map(({ kind, title }) => [kind, title]).slice(0, 3)).toEqual([
      ['you', '198.51.100.7'],
      ['load-balancer', 'api-lb 203.0.113.250:50022'],
      ['subnet-nsg', 'api-nsg'],
    ]);
  });

  it('leads a real connection to the machine behind it, while a grant lets it through and a rule leads there', async () => {
    const folder = temporaryFolder();
    const practice = await startWholePractice({ dataDirectory: folder, latencyMs: 0 });
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const os = {
      clock: createClock(),
      random: createRandom(),
      http: createHttp({}),
      files: createFiles(),
      log,
    };
    const [azure, aws] = await connectPractice(practice.info, os);
    onTestFinished(async () => {
      azure?.dispose();
      aws?.dispose();
      await practice.stop();
    });
    if (azure === undefined) throw new Error('no Azure');
    const [production] = await azure.scopes();
    if (production === undefined) throw new Error('no scope');
    const vm = named((await all(azure.inventory(production))).flat(), 'api-1');
    const [endpoint] = azure.endpoints(vm, [22]);
    if (endpoint === undefined) throw new Error('no endpoint');
    expect(vm.interfaces.flatMap(nic => nic.publicAddresses)).toEqual([]);
    expect(await firstBytes(endpoint.host, endpoint.hostPort)).toBe('');
    const wanted = { ports: [{ port: 22, protocol: 'tcp' as const }], sources: ['127.0.0.1/32'], mark };
    // The rule names the client's own address and the machine's port: a load balancer changes neither.
    const [order] = azure.orders(vm, wanted);
    if (order === undefined) throw new Error('no order');
    expect(order).toMatchObject({ ports: [22], sources: ['127.0.0.1/32'], destinations: ['10.60.1.4'] });
    await azure.open(order);
    expect(await firstBytes(endpoint.host, endpoint.hostPort)).toMatch(/^SSH-2\.0-/);
  });
});

/** What the other side says first; empty if it ends the connection. */
async function firstBytes(host: string, port: number): Promise<string> {
  const socket = connect(port, host);
  try {
    return await new Promise<string>(resolve => {
      socket.once('data', data => resolve(data.toString()));
      socket.once('close', () => resolve(''));
      socket.once('error', () => resolve(''));
    });
  } finally {
    socket.destroy();
    if (!socket.closed) await once(socket, 'close');
  }
}
