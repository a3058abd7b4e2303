import { afterEach, expect, test } from 'vitest';
import { ask } from '../ask.ts';
import { hostKey, inWeb, type PracticeArm, startArm } from './setup.ts';

let practice: PracticeArm;
afterEach(() => practice.stop());

const vmPath = (rest = '') => inWeb(practice, `Microsoft.Compute/virtualMachines/web-1${rest}`);
const tagsPath = () => vmPath('/providers/Microsoft.Resources/tags/default');

test('a VM through the SDK, with and without its state', async () => {
  practice = await startArm();
  const { virtualMachines } = practice.compute();
  const plain = await virtualMachines.get('rg-web', 'web-1');
  expect(plain).toMatchObject({ name: 'web-1', location: 'westeurope', tags: { env: 'prod' } });
  expect(plain.instanceView).toBeUndefined();
  const full = await virtualMachines.get('rg-web', 'web-1', { expand: 'instanceView' });
  expect(full.instanceView?.statuses?.map(status => status.code)).toContain('PowerState/running');
  const view = await virtualMachines.instanceView('rg-web', 'web-1');
  expect(view.statuses?.[1]?.displayStatus).toBe('VM running');
});

test('lists write the group in capitals, as Compute does', async () => {
  practice = await startArm();
  const { json } = await practice.send(
    'GET',
    inWeb(practice, 'Microsoft.Compute/virtualMachines?statusOnly=true'),
  );
  expect(json.value[0].id).toContain('/resourceGroups/RG-WEB/');
  expect(json.value[0].properties.instanceView.statuses[1].code).toBe('PowerState/running');
});

test('a machine that is stopped and started again says so on its way', async () => {
  practice = await startArm({ latencyMs: 500 });
  const machine = practice.arm.machines.find(one => one.id === vmPath().toLowerCase());
  const state = async () => (await practice.send('GET', vmPath('/instanceView'))).json.statuses[1].code;
  const off = await practice.send('POST', vmPath('/deallocate'));
  expect([off.status, await state(), machine?.running()]).toEqual([202, 'PowerState/deallocating', false]);
  await practice.compute().virtualMachines.start('rg-web', 'web-1');
  expect([await state(), machine?.running()]).toEqual(['PowerState/running', true]);
});

test('boot diagnostics: a signed address, good for a while, whose log has the host keys', async () => {
  practice = await startArm();
  const path = vmPath('/retrieveBootDiagnosticsData?sasUriExpirationTimeInMinutes=5');
  const uri: string = (await practice.send('POST', path)).json.serialConsoleLogBlobUri;
  const read = (url: string) => ask(url, { ca: practice.core.certificates.ca });
  expect((await read(uri)).text).toContain(
    `-----BEGIN SSH HOST KEY KEYS-----\n${hostKey} root@web-1\n-----END SSH HOST KEY KEYS-----`,
  );
  expect((await read(uri.replace('sig=', 'sig=A'))).status).toBe(403);
  expect((await read(uri.replace(/se=[^&]+/, 'se=2099-01-01T00%3A00%3A00Z'))).status).toBe(403);
});

test('a classic VM is listed as such', async () => {
  practice = await startArm();
  const path = `/subscriptions/${practice.production}/providers/Microsoft.ClassicCompute/virtualMachines`;
  expect((await practice.send('GET', path)).json.value).toMatchObject([{ name: 'old-crm' }]);
});

test('the interface’s effective rules, subnet first; only of a running VM', async () => {
  practice = await startArm();
  const { networkInterfaces } = practice.network();
  const { value } = await networkInterfaces.listEffectiveNetworkSecurityGroups('rg-web', 'web-1-nic');
  expect(value?.map(one => one.networkSecurityGroup?.id?.split('/').at(-1))).toEqual([
    'web-subnet-nsg',
    'web-1-nsg',
  ]);
  expect(value?.[0]?.effectiveSecurityRules?.map(rule => rule.name)).toContain(
    'defaultSecurityRules/DenyAllInBound',
  );
  await practice.send('POST', vmPath('/powerOff'));
  const refused = networkInterfaces.listEffectiveNetworkSecurityGroups('rg-web', 'web-1-nic');
  await expect(refused).rejects.toMatchObject({ statusCode: 400 });
});

test('tags: merged, deleted by value, replaced; names in any case', async () => {
  practice = await startArm();
  const tags = async () => (await practice.send('GET', tagsPath())).json.properties.tags;
  const patch = (operation: string, given: object) =>
    practice.send('PATCH', tagsPath(), { operation, properties: { tags: given } });
  const policy = (await tags())['latchkey-policy'];
  expect(policy).toBe('22/tcp=3h@any 3389/tcp=3h@any 5985/tcp=3h@any 5986/tcp=3h@any');
  await patch('Merge', { ENV: 'test', owner: 'me' });
  expect(await tags()).toEqual({ env: 'test', owner: 'me', 'latchkey-policy': policy });
  await patch('Delete', { env: 'prod', owner: 'me' });
  expect(await tags()).toEqual({ env: 'test', 'latchkey-policy': policy });
  await patch('Replace', { a: 'b' });
  expect(await tags()).toEqual({ a: 'b' });
  await practice.send('PATCH', vmPath(), { tags: { c: 'd' } });
  expect(await tags()).toEqual({ c: 'd' });
});

test.each([
  ['a value of 257 characters', { a: 'x'.repeat(257) }],
  ['a name with a slash', { 'a/b': 'x' }],
  ['a value that is no text', { a: 1 }],
  ['51 tags', Object.fromEntries(Array.from({ length: 51 }, (_none, index) => [`t${index}`, '']))],
])('tags refuse %s', async (_what, given) => {
  practice = await startArm();
  const body = { operation: 'Merge', properties: { tags: given } };
  expect((await practice.send('PATCH', tagsPath(), body)).status).toBe(400);
});
