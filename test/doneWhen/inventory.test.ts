/** The list of VMs on bad days: one scope's failure is its own, an index that lags fools nobody, a start shows what was known. */

import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { expect, it, onTestFinished } from 'vitest';
import type { VmList, VmRow } from '../../shared/contract/vms.ts';
import { answers, openWorld } from './world.ts';

const world = await openWorld();

/** The practice cloud's own control. */
async function control(method: string, path: string, body?: object): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const asked = request(
    `${world.info.control}${path}`,
    {
      method,
      ca: readFileSync(world.info.caFile),
      headers: {
        authorization: `Bearer ${world.info.azure.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
    },
    answer => {
      answer.resume();
      answer.once('end', () =>
        (answer.statusCode ?? 500) < 300 ? resolve() : reject(new Error(`HTTP ${answer.statusCode}`)),
      );
    },
  );
  asked.once('error', reject);
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  await promise;
}
const list = (...args: string[]) => world.json<VmList>('vms', ...args);
const named = ({ vms }: VmList, name: string): VmRow => {
  const found = vms.find(vm => vm.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

it('a subscription that can’t be read says so for itself, and keeps its VMs as they were last seen', async () => {
  const before = await list('--refresh');
  const [production = '', test = ''] = world.info.azure.subscriptionIds;
  const rows = (of: VmList, scope: string) =>
    of.vms
      .filter(vm => vm.scope === scope)
      .map(vm => vm.name)
      .toSorted();
  onTestFinished(() => control('DELETE', '/faults'));
  await control('POST', '/faults', {
    cloud: 'azure',
    path: 'ResourceGraph',
    body: test,
    times: 0,
    status: 403,
    code: 'AuthorizationFailed',
    message:
      "The client does not have authorization to perform action 'Microsoft.ResourceGraph/resources/read'.",
  });
  const { status, stdout, stderr } = await world.run('--json', 'vms', '--refresh');
  expect(status).toBe(0);
  expect(stderr).toContain('Contoso Test: Azure does not let you do this');
  const during = JSON.parse(stdout) as VmList;
  const states = (of: VmList) => Object.fromEntries(of.scopes.map(one => [one.scope, one.state]));
  expect(states(during)).toMatchObject({ [production]: 'fresh', [test]: 'failed' });
  const failed = during.scopes.find(one => one.scope === test);
  expect(failed).toMatchObject({ error: { code: 'CLOUD_FORBIDDEN' }, vms: rows(before, test).length });
  expect(failed?.refreshedAt).toBe(before.scopes.find(one => one.scope === test)?.refreshedAt);
  expect(rows(during, test)).toEqual(rows(before, test));
  expect(rows(during, production)).toEqual(rows(before, production));
  await control('DELETE', '/faults');
  expect(states(await list('--refresh'))).toMatchObject({ [test]: 'fresh' });
});

it('a broker that starts while the clouds can’t be asked shows what was known, and what went wrong', async () => {
  const before = await list('--refresh');
  onTestFinished(() => control('DELETE', '/faults'));
  const pid = await world.brokerPid();
  await control('POST', '/faults', {
    cloud: 'azure',
    path: 'ResourceGraph',
    times: 0,
    status: 403,
    code: 'AuthorizationFailed',
  });
  process.kill(pid, 'SIGKILL');
  const { vms } = await list();
  expect(
    vms
      .filter(vm => vm.cloud === 'azure')
      .map(vm => vm.name)
      .toSorted(),
  ).toEqual(
    before.vms
      .filter(vm => vm.cloud === 'azure')
      .map(vm => vm.name)
      .toSorted(),
  );
  expect(await world.brokerPid()).not.toBe(pid);
});

it('what was just locked stays locked on the list, whatever Resource Graph still says', async () => {
  await control('PUT', '/graph-lag', { lagMs: 3_600_000 });
  onTestFinished(() => control('PUT', '/graph-lag', { lagMs: 0 }));
  const before = named(await list('--refresh'), 'jump-eu');
  expect(before).toMatchObject({ tab: 'not-configured', access: 'exposed' });
  const [endpoint] = before.endpoints;
  if (endpoint === undefined) throw new Error('no endpoint');
  await world.json('lock', 'jump-eu', '--port', '22', '--yes');
  expect(await answers(endpoint)).toBe(false);
  for (const args of [[], ['--refresh'], ['--refresh']]) {
    expect(named(await list(...args), 'jump-eu')).toMatchObject({
      tab: 'configured',
      access: 'shut',
      protectedPorts: [22],
    });
  }
  await world.json('request', 'jump-eu', '--source', '127.0.0.1');
  expect(named(await list('--refresh'), 'jump-eu').access).toBe('open');
  expect(await answers(endpoint)).toBe(true);
  await world.json('revoke', '--all');
  expect(named(await list('--refresh'), 'jump-eu').access).toBe('shut');
});

it('each VM that can’t be handled says why', async () => {
  const { vms } = await list('--tab', 'unsupported');
  const why = Object.fromEntries(vms.map(vm => [vm.name, vm.reason ?? '']));
  expect(why['old-crm']).toContain('classic');
  expect(why['scratch-3']).toContain('No network security group');
  expect(Object.values(why).filter(reason => reason === '')).toEqual([]);
  const { stdout } = await world.run('vms', '--tab', 'unsupported');
  expect(stdout).toMatch(/old-crm .*A classic VM/);
});

it('a VM without a public address is connected to at its load balancer, once asked for', async () => {
  const { status, stdout } = await world.run('vms', '--search', 'api-1');
  const [endpoint] = named(await list('--search', 'api-1'), 'api-1').endpoints;
  if (endpoint === undefined) throw new Error('no endpoint');
  expect([status, stdout.includes(`${endpoint.host}:${endpoint.hostPort}`)]).toEqual([0, true]);
  expect(await answers(endpoint)).toBe(false);
  await world.json('request', 'api-1', '--source', '127.0.0.1');
  expect(await answers(endpoint)).toBe(true);
  await world.json('revoke', '--all');
});

it('a grant that an admin rule makes useless is refused with its name; a lock it makes useless says so', async () => {
  const error = await world.error('request', 'vault-1', '--source', '127.0.0.1');
  expect(error).toMatchObject({ code: 'ADMIN_RULE_DENIES', status: 4 });
  expect(error.message).toContain('no-management-from-internet');
  const { plans } = await world.json<{ plans: { warnings: string[] }[] }>('lock', 'scan-1', '--dry-run');
  expect(plans[0]?.warnings.join()).toContain('always-allow-scanner');
});
