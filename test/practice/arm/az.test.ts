/** Microsoft's own command line against the practice cloud, where it is installed. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { letsThrough } from '../../../main/practice/arm/evaluate.ts';
import { tenantId } from '../../../main/practice/arm/world.ts';
import { inWeb, type PracticeArm, ruleBody, startArm } from './setup.ts';

const run = promisify(execFile);
const program = await findAz();
if (!program)
  console.warn(
    'SKIPPED: no az on PATH that starts, so nothing shows here that it works with the practice cloud.',
  );

async function findAz(): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'az');
    const works = await run(path, ['version'], { timeout: 30_000 }).then(
      () => true,
      () => false,
    );
    if (works) return path;
  }
  return undefined;
}

interface LogRow {
  operationName: { value: string };
  status: { value: string };
  correlationId: string;
}

let practice: PracticeArm;
let folder: string;

beforeAll(async () => {
  practice = await startArm({ latencyMs: 20 });
  folder = await mkdtemp(join(tmpdir(), 'latchkey-az-'));
  await writeFile(join(folder, 'ca.pem'), practice.core.certificates.ca);
  if (!program) return;
  await az('cloud', 'register', '--name', 'Practice', '--endpoint-resource-manager', practice.url);
  // An older profile: Debian packages az without the Python libraries that its newest profile wants.
  await az('cloud', 'set', '--name', 'Practice', '--profile', '2020-09-01-hybrid');
  await az('login', '--service-principal', '-u', 'admin', '-p', 'practice', '--tenant', tenantId);
  await cp(join(folder, 'config'), join(folder, 'aside'), { recursive: true });
}, 60_000);
afterAll(async () => {
  await practice.stop();
  await rm(folder, { recursive: true, force: true });
});

const az = (...args: string[]) => azIn('config', args);

async function azIn(config: string, args: string[]) {
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    AZURE_CONFIG_DIR: join(folder, config),
    AZURE_CORE_COLLECT_TELEMETRY: 'no',
    REQUESTS_CA_BUNDLE: join(folder, 'ca.pem'),
  };
  const { stdout } = await run(program ?? '', [...args, '--output', 'json'], { env, timeout: 60_000 });
  return stdout.trim() === '' ? undefined : JSON.parse(stdout);
}

test.skipIf(!program)('az signs in, lists, and opens and shuts a port', { timeout: 120_000 }, async () => {
  const accounts: { name: string }[] = await az('account', 'list');
  expect(accounts.map(account => account.name)).toEqual(['Contoso Production', 'Contoso Test']);

  const vms: { name: string; powerState: string; publicIps: string }[] = await az('vm', 'list', '-d');
  expect(vms).toHaveLength(practice.vmsInProduction());
  expect(vms[0]).toMatchObject({ name: 'web-1', powerState: 'VM running', publicIps: '203.0.113.1' });
  const nsgs: { name: string }[] = await az('network', 'nsg', 'list', '-g', 'rg-web');
  expect(nsgs.map(nsg => nsg.name)).toContain('web-1-nsg');

  const app = inWeb(practice, 'Microsoft.Compute/virtualMachines/app-1');
  const open = () => letsThrough(practice.arm.world, app, '127.0.0.1', 3389);
  expect(open()).toBe(false);
  const rule = ['-g', 'rg-web', '--nsg-name', 'app-1-nsg'];
  const nsg = inWeb(practice, 'Microsoft.Network/networkSecurityGroups/app-1-nsg');
  const what = [
    '--priority',
    '110',
    '--source-address-prefixes',
    '127.0.0.1',
    '--destination-port-ranges',
    '3389',
  ];
  const made = await az('network', 'nsg', 'rule', 'create', ...rule, '-n', 'by-az', ...what);
  expect([made.provisioningState, open()]).toEqual(['Succeeded', true]);
  const rules: { name: string }[] = await az('network', 'nsg', 'rule', 'list', ...rule);
  expect(rules.map(one => one.name)).toEqual(['default-allow-ssh', 'by-az']);
  await az('network', 'nsg', 'rule', 'delete', ...rule, '-n', 'by-az');
  expect(open()).toBe(false);

  const rest = await az('rest', '--url', `${app}?api-version=2024-07-01`);
  expect(rest.name).toBe('app-1');

  // Only the newest profile has these groups, and Debian's az can do them.
  await az('cloud', 'update', '--name', 'Practice', '--profile', 'latest');
  // Its own command for this wants a library that Debian does not package.
  const nic = app.replace('Compute/virtualMachines/app-1', 'Network/networkInterfaces/app-1-nic');
  const effective: { value: { networkSecurityGroup: { id: string } }[] } = await az(
    'rest',
    '--method',
    'post',
    '--url',
    `${nic}/effectiveNetworkSecurityGroups?api-version=2024-07-01`,
  );
  expect(effective.value.map(one => one.networkSecurityGroup.id)).toEqual([nsg]);

  const log = ['monitor', 'activity-log', 'list', '--offset', '1h'];
  const events: LogRow[] = await az(...log, '--resource-id', `${nsg}/securityRules/by-az`);
  expect(events.map(event => `${event.operationName.value.split('/').at(-1)} ${event.status.value}`)).toEqual(
    ['delete Succeeded', 'delete Started', 'write Succeeded', 'write Started'],
  );
  expect(events[0]).toMatchObject({ caller: 'admin@contoso.example', httpRequest: { method: 'DELETE' } });
  const [, , written] = events;
  expect(await az(...log, '--correlation-id', written?.correlationId ?? '')).toHaveLength(2);
  const provider = ['--namespace', 'Microsoft.Network', '--select', 'caller', 'correlationId'];
  expect((await az(...log, '-g', 'rg-web')).length).toBeGreaterThan(3);
  expect((await az(...log, ...provider))[0]).toMatchObject({ caller: 'admin@contoso.example' });
  await expect(az(...log, '--caller', 'jo')).rejects.toThrow('not supported');

  const policies: { name: string; id: string }[] = await az('security', 'jit-policy', 'list');
  expect(policies.map(policy => policy.name)).toEqual(['default', 'crm-report']);
  const named = ['-g', 'rg-crm', '-l', 'westeurope', '-n', 'default'];
  const policy = await az('security', 'jit-policy', 'show', ...named);
  const crm = String(policy.virtualMachines[0].id);
  const ports = [
    {
      number: 22,
      endTimeUtc: new Date(Date.now() + 300_000).toISOString(),
      allowedSourceAddressPrefix: '127.0.0.1',
    },
  ];
  const body = JSON.stringify({ virtualMachines: [{ id: crm, ports }], justification: 'by az' });
  const url = `${policy.id}/initiate?api-version=2020-01-01`;
  const asked = await az('rest', '--method', 'post', '--url', url, '--body', body);
  expect(asked.requestor).toBe('admin@contoso.example');
  await expect.poll(() => letsThrough(practice.arm.world, crm, '127.0.0.1', 22)).toBe(true);
});

/** What az says no to, as it prints it. */
const refusal = (error: { stderr?: string }) => ({ refused: String(error.stderr).split('\n')[0] });

test.skipIf(!program)('az looks at everything, and writes tags', { timeout: 120_000 }, async () => {
  const web = inWeb(practice, '').replace(/\/providers\/$/, '');
  const of = (type: string, name: string) => `${web}/providers/${type}/${name}`;
  const vm2 = of('Microsoft.Compute/virtualMachines', 'web-2');
  const nic = of('Microsoft.Network/networkInterfaces', 'web-1-nic');
  const rule = of('Microsoft.Network/networkSecurityGroups', 'dual-1-nsg/securityRules/by-rest');
  const body = JSON.stringify(ruleBody(130));
  const calls: [string, unknown][] = [
    [
      'vm show -d -g rg-web -n web-1 --query [name,powerState,publicIps]',
      ['web-1', 'VM running', '203.0.113.1'],
    ],
    [
      'network nsg show -g rg-web -n web-1-nsg --query [name,securityRules[0].name]',
      ['web-1-nsg', 'allow-https'],
    ],
    ['network nic list -g rg-web --query [0].name', 'web-1-nic'],
    ['network public-ip list -g rg-web --query [0].ipAddress', '203.0.113.1'],
    ['network vnet list -g rg-web --query [].subnets[].name', ['web', 'dual']],
    ['resource list -g rg-web --query [?name==`web-1`].type', ['Microsoft.Compute/virtualMachines']],
    ['group list --query [0].name', 'rg-web'],
    ['account get-access-token --query [tokenType,tenant]', ['Bearer', tenantId]],
    ['vm update -g rg-web -n web-1 --set tags.team=ops --query [tags.team,tags.env]', ['ops', 'prod']],
    [`tag update --resource-id ${vm2} --operation Merge --tags team=ops --query properties.tags.team`, 'ops'],
    // Debian's az lacks the libraries for changing rules and interfaces; and a newer one asks with newer versions.
    [`rest --method put --url ${rule}?api-version=2030-01-01 --body ${body} --query name`, 'by-rest'],
    [
      `rest --method patch --url ${nic}?api-version=2025-05-01 --body {"tags":{"k":"v"}} --query tags`,
      { k: 'v' },
    ],
    [
      'vm show -g rg-web -n nobody',
      {
        refused: expect.stringMatching(
          /^ERROR: \(ResourceNotFound\) The Resource '.*nobody' under resource group/,
        ),
      },
    ],
    [
      'network nsg delete -g rg-web -n web-1-nsg',
      { refused: expect.stringContaining('InUseNetworkSecurityGroupCannotBeDeleted') },
    ],
  ];
  // Two at a time: az is slow to start, and most computers have more than one core.
  for (let at = 0; at < calls.length; at += 2) {
    const pair = calls.slice(at, at + 2);
    const told = await Promise.all(pair.map(([call]) => azIn('aside', call.split(' ')).catch(refusal)));
    for (const [index, [call, wanted]] of pair.entries()) expect([call, told[index]]).toEqual([call, wanted]);
  }
});
