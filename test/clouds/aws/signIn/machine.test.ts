/** Signing in with the role of the machine Latchkey runs on: an instance's, a container's, and what they lead to. */
import { afterEach, expect, test, vi } from 'vitest';
import { startMetadata } from '../../../fakes/instanceMetadata.ts';
import { openAwsSignIn } from './world.ts';

const payments = '467201983345';
afterEach(() => vi.unstubAllEnvs());

function nothingAround(): void {
  for (const name of ['RELATIVE_URI', 'FULL_URI']) vi.stubEnv(`AWS_CONTAINER_CREDENTIALS_${name}`, undefined);
}

test('the role of an instance, by version 2 of its metadata service', async () => {
  const world = await openAwsSignIn();
  nothingAround();
  const metadata = await startMetadata(world.practice, 'LatchkeyOperator');
  vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', metadata.url);
  const { kept, open } = await world.add({ way: 'instance-role' });
  expect(kept).toMatchObject({ user: 'i-0123456789abcdef0', facts: { account: payments } });
  expect(metadata.asked[0]).toBe('PUT /latest/api/token');
  expect((await open.cloud.scopes()).length).toBe(2);
});

test('the role of a container, though the machine has one too', async () => {
  const world = await openAwsSignIn();
  nothingAround();
  const metadata = await startMetadata(world.practice, 'LatchkeyViewer');
  vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', metadata.url);
  vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${metadata.url}/container`);
  vi.stubEnv('AWS_CONTAINER_AUTHORIZATION_TOKEN', metadata.containerToken);
  const { kept } = await world.add({ way: 'instance-role' });
  expect(kept.user).toBe('task');
  expect(metadata.asked).toEqual(['GET /container']);
});

test.each([
  ['Ec2InstanceMetadata', '/latest/meta-data/'],
  ['EcsContainer', '/container'],
])('a profile takes a role with that of the machine: credential_source = %s', async (source, path) => {
  const world = await openAwsSignIn();
  nothingAround();
  const metadata = await startMetadata(world.practice, 'LatchkeyOperator');
  vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', metadata.url);
  vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${metadata.url}/container`);
  vi.stubEnv('AWS_CONTAINER_AUTHORIZATION_TOKEN', metadata.containerToken);
  const role = 'arn:aws:iam::210987654321:role/LatchkeyViewer';
  world.write({
    config: `[profile shop]\nrole_arn = ${role}\ncredential_source = ${source}\nrole_session_name = jump\nregion = eu-north-1`,
  });
  const { kept } = await world.add({ profile: 'shop' });
  expect(kept).toMatchObject({ user: 'jump', facts: { account: '210987654321' } });
  expect(metadata.asked.some(asked => asked.includes(path))).toBe(true);
});

test('a machine that has no role says so, and soon', async () => {
  const world = await openAwsSignIn();
  nothingAround();
  vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', 'http://127.0.0.1:1');
  await expect(world.add({ way: 'instance-role' })).rejects.toMatchObject({
    code: 'CLOUD_UNAUTHORIZED',
  });
});
