import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { checkHostKeys } from '../../../main/broker/connect/hostKeyCheck.ts';
import { createProcesses } from '../../../main/os/processes.ts';
import type { ConnectEvent, ConnectInput } from '../../../shared/contract/connect.ts';
import { type BrokerSetUp, startTestBroker } from '../../fakes/broker.ts';

const run = promisify(execFile);
const hasSsh = ['/usr/bin/ssh', '/bin/ssh'].some(existsSync);
const never = new AbortController().signal;

async function connect(services: BrokerSetUp['services'], input: Partial<ConnectInput>) {
  const events: ConnectEvent[] = [];
  const whole: ConnectInput = { vm: 'web-1', start: 'caller', forMs: 600_000, ...input };
  for await (const event of services.connect.run(whole, never)) events.push(event);
  const stages = events.flatMap(event => (event.kind === 'stage' ? [`${event.stage} ${event.state}`] : []));
  return { stages, last: events.at(-1) };
}

const everyStage = ['my-ip', 'asked', 'rule', 'answers', 'client'].flatMap(stage => [
  `${stage} begun`,
  `${stage} done`,
]);

test.skipIf(!hasSsh)('the whole way: the system’s ssh logs in with strict host keys', async () => {
  const { services } = await startTestBroker();
  services.connect.settings.set((await services.inventory.find('web-1')).id, { user: 'jo' });
  const { stages, last } = await connect(services, { clientArguments: ['hostname'] });
  expect(stages).toEqual(everyStage);
  if (last?.kind !== 'ready') throw new Error(JSON.stringify(last));
  expect(last.banner).toMatch(/^SSH-2.0-/);
  const [program = '', ...argv] = last.launch?.argv ?? [];
  expect(argv).toContain('StrictHostKeyChecking=yes');
  const { stdout } = await run(program, argv);
  expect(stdout.trim()).toBe('web-1');
  expect(services.activity.list({ kinds: ['connect'] }).rows).toMatchObject([
    { outcome: 'ok', vmName: 'web-1' },
  ]);
});

test('a live grant is used again, never asked twice, also by two at the same time', async () => {
  const { services } = await startTestBroker();
  const both = await Promise.all([
    connect(services, { client: 'none', port: 22 }),
    connect(services, { client: 'none', port: 22 }),
  ]);
  for (const { last } of both) expect(last).toMatchObject({ kind: 'ready' });
  await connect(services, { client: 'none', port: 22 });
  expect(services.grants.list(true)).toHaveLength(1);
});

test.skipIf(!hasSsh)('ssh finds the key of a VM that only the pipe was opened for', async () => {
  const { services, dataDirectory } = await startTestBroker();
  const text = await services.connect.sshConfig(['/bin/false']);
  writeFileSync(join(dataDirectory, 'config'), text);
  const { last } = await connect(services, { client: 'none', port: 22 });
  if (last?.kind !== 'ready') throw new Error(JSON.stringify(last));
  const { host, hostPort } = last.endpoint;
  const options = ['-o', 'ProxyCommand=none', '-o', `HostName=${host}`, '-p', String(hostPort), '-l', 'jo'];
  const { stdout } = await run('ssh', ['-F', join(dataDirectory, 'config'), ...options, 'web-1', 'hostname']);
  expect(stdout.trim()).toBe('web-1');
});

test('RDP gets a file that names the machine', async () => {
  const { services, dataDirectory } = await startTestBroker({}, os => ({
    processes: {
      ...os.processes,
      platform: 'linux',
      find: async ([name]) => (name === 'remmina' ? '/bin/remmina' : undefined),
    },
  }));
  const { stages, last } = await connect(services, { vm: 'pay-desk' });
  expect(stages).toEqual(everyStage);
  if (last?.kind !== 'ready') throw new Error(JSON.stringify(last));
  const file = last.launch?.file ?? '';
  expect(last.launch?.argv).toEqual(['/bin/remmina', '-c', file]);
  expect(file.startsWith(join(dataDirectory, 'connections'))).toBe(true);
  expect(readFileSync(file, 'utf8')).toContain(
    `full address:s:${last.endpoint.host}:${last.endpoint.hostPort}\r\n`,
  );
});

test('a failure ends the stages with its code and is in the activity', async () => {
  const { services } = await startTestBroker();
  const unconfigured = await connect(services, { vm: 'pay-hub' });
  expect(unconfigured.last).toMatchObject({ kind: 'failed', error: { code: 'NOT_CONFIGURED' } });
  expect(unconfigured.stages.at(-1)).toMatch(/failed$/);
  expect((await connect(services, { vm: 'nobody' })).last).toMatchObject({
    kind: 'failed',
    error: { code: 'VM_NOT_FOUND' },
  });
  expect((await connect(services, { sources: ['1.2.3'] })).last).toMatchObject({
    error: { code: 'BAD_CIDR' },
  });
  const options: Partial<ConnectInput>[] = [
    { start: 'broker', clientArguments: ['-oProxyCommand=x'] },
    { start: 'broker', client: 'rdp', clientArguments: ['/rdp2tcp:/bin/sh'] },
  ];
  for (const option of options) {
    expect((await connect(services, option)).last).toMatchObject({ error: { code: 'BAD_INPUT' } });
  }
  expect(services.activity.list({ kinds: ['connect'] }).rows.map(({ outcome }) => outcome)).toEqual(
    Array(5).fill('failed'),
  );
  expect(services.grants.list(true)).toEqual([]);
});

test.skipIf(!hasSsh)('a machine that shows another key than the cloud told is refused', async () => {
  const { services } = await startTestBroker();
  const { last } = await connect(services, { vm: 'web-2', client: 'none', port: 22 });
  if (last?.kind !== 'ready') throw new Error(JSON.stringify(last));
  const [one, two] = [await services.inventory.find('web-1'), await services.inventory.find('web-2')];
  const cloud = services.accounts.cloud(one.account);
  const processes = createProcesses();
  await checkHostKeys(processes, 'web-2', last.endpoint, await cloud.hostKeys(two));
  await expect(
    checkHostKeys(processes, 'web-1', last.endpoint, await cloud.hostKeys(one)),
  ).rejects.toMatchObject({
    code: 'HOST_KEY_CHANGED',
  });
});
