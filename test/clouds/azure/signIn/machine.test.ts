import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { has, runWords } from '../../../doneWhen/world.ts';
import { temporaryFolder } from '../../../fakes/temporaryFolder.ts';
import { openSignInWorld } from './world.ts';

afterEach(() => vi.unstubAllEnvs());

test('by the environment: a service principal with its secret', async () => {
  const world = await openSignInWorld();
  const wanted = { cloud: 'Adfs', way: 'environment' } as const;
  await expect(world.add(wanted)).rejects.toMatchObject({
    code: 'CLOUD_UNAUTHORIZED',
    fix: expect.stringContaining('AZURE_CLIENT_ID'),
  });
  vi.stubEnv('AZURE_TENANT_ID', 'adfs');
  vi.stubEnv('AZURE_CLIENT_ID', 'admin');
  vi.stubEnv('AZURE_CLIENT_SECRET', 'wrong');
  await expect(world.add(wanted)).rejects.toMatchObject({ code: 'CLOUD_UNAUTHORIZED' });
  vi.stubEnv('AZURE_CLIENT_SECRET', 'practice');
  const { kept, open } = await world.add(wanted);
  expect(kept.user).toBe('admin@contoso.example');
  expect((await open.cloud.scopes()).length).toBeGreaterThan(0);
  expect(world.kind.asksPerson(kept)).toBe(false);
  const again = await world.reopen(JSON.parse(JSON.stringify(kept)));
  expect((await again.cloud.identity()).user).toBe('admin@contoso.example');
  expect(JSON.stringify(kept)).not.toContain('practice"');
  expect(world.items.size).toBe(0);
});

test('by a managed identity', async () => {
  const world = await openSignInWorld();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const token = world.practice.info.azure.token;
    response.end(
      JSON.stringify({
        access_token: request.headers['x-identity-header'] === 'header' ? token : '',
        expires_on: String(Math.floor(Date.now() / 1000) + 3600),
        resource: 'any',
        token_type: 'Bearer',
      }),
    );
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await vi.waitUntil(() => server.listening);
  // As machines of App Service have it.
  vi.stubEnv('IDENTITY_ENDPOINT', `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`);
  vi.stubEnv('IDENTITY_HEADER', 'header');
  const { kept, open } = await world.add({ way: 'managed-identity', clientId: 'the-one' });
  expect(kept).toMatchObject({ user: 'admin@contoso.example', facts: { clientId: 'the-one' } });
  expect(asked[0]).toContain('client_id=the-one');
  expect((await open.cloud.scopes()).length).toBeGreaterThan(0);
});

const az = has('az', '--version');
test.skipIf(!az)(
  `by an az login${az ? '' : ' (skipped: there is no az here)'}`,
  async () => {
    const world = await openSignInWorld();
    const { armEndpoint, tenantId } = world.practice.info.azure;
    const folder = temporaryFolder();
    vi.stubEnv('AZURE_CONFIG_DIR', folder);
    vi.stubEnv('REQUESTS_CA_BUNDLE', world.settings.azureClouds[0]?.caFile);
    await expect(world.add({ way: 'azure-cli' })).rejects.toMatchObject({
      code: 'CLOUD_UNAUTHORIZED',
      fix: expect.stringContaining('az login'),
    });
    for (const line of [
      `cloud register --name Practice --endpoint-resource-manager ${armEndpoint} --profile 2020-09-01-hybrid`,
      'cloud set --name Practice --profile 2020-09-01-hybrid',
      `login --service-principal -u admin -p practice --tenant ${tenantId} --output none`,
    ]) {
      const { status, stderr } = await runWords(['az', ...line.split(' ')], {});
      expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    }
    const { kept, open } = await world.add({ way: 'azure-cli' });
    expect(kept.user).toBe('admin@contoso.example');
    expect((await open.cloud.scopes()).length).toBeGreaterThan(0);
  },
  120_000,
);
