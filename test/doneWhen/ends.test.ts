/** A grant ends by its own time, though the command ended at once; also when the broker was killed meanwhile. */
import { decodeJwt } from 'jose';
import { expect, it, vi } from 'vitest';
import type { Grant } from '../../shared/contract/grants.ts';
import { nsgRules, securityGroupRules } from '../tour/outside.ts';
import { openWorld } from './world.ts';

const world = await openWorld();

const request = async (vm: string, ...more: string[]) => {
  const { grants } = await world.json<{ grants: Grant[] }>('request', vm, '--for', '4s', ...more);
  const [grant] = grants;
  if (!grant) throw new Error('no grant');
  return grant;
};
const rulesOf = async ({ id }: Grant) =>
  [...(await nsgRules(world.info)), ...(await securityGroupRules(world.info))].filter(({ description }) =>
    description.includes(id),
  );
const goneBy = (grant: Grant, marginMs: number) =>
  vi.waitFor(async () => expect(await rulesOf(grant)).toEqual([]), {
    timeout: Date.parse(grant.endsAt) - Date.now() + marginMs,
    interval: 200,
  });

it('the first line of `practice --json` says where the clouds are, and its token can be decoded', () => {
  expect(world.line.endsWith('}\n')).toBe(true);
  expect(JSON.parse(world.line)).toMatchObject({
    azure: {
      armEndpoint: expect.stringMatching(/^https:\/\//),
      token: expect.any(String),
      tenantId: expect.any(String),
      subscriptionIds: [expect.any(String), expect.any(String)],
    },
    aws: {
      endpoint: expect.stringMatching(/^https:\/\//),
      accessKeyId: expect.any(String),
      secretAccessKey: expect.any(String),
      regions: [expect.any(String), expect.any(String)],
    },
    caFile: expect.stringMatching(/\.pem$/),
  });
  const { tid, oid, exp } = decodeJwt(world.info.azure.token);
  expect(tid).toBe(world.info.azure.tenantId);
  expect(oid).toEqual(expect.any(String));
  expect((exp ?? 0) * 1000).toBeGreaterThan(Date.now() + 600_000);
});

it('in both clouds the rule is there when the command ends, and gone at its end', async () => {
  const grants = await Promise.all(['web-1', 'pay-db'].map(vm => request(vm)));
  for (const grant of grants) {
    expect(grant).toMatchObject({ state: 'open', ports: [{ port: 22 }] });
    expect(await rulesOf(grant)).not.toEqual([]);
    expect(Date.parse(grant.endsAt)).toBeGreaterThan(Date.now());
  }
  await Promise.all(grants.map(grant => goneBy(grant, 3_000)));
});

it('the rule goes at its end though the broker was killed and another command started the next one', async () => {
  const grant = await request('web-2');
  process.kill(await world.brokerPid(), 'SIGKILL');
  expect(await rulesOf(grant)).toHaveLength(1);
  const { grants } = await world.json<{ grants: Grant[] }>('grants');
  expect(grants.find(({ id }) => id === grant.id)?.state).toBe('open');
  await goneBy(grant, 3_000);
});

it('a grant that ended while no broker ran is ended by the next one', async () => {
  const grant = await request('web-2');
  process.kill(await world.brokerPid(), 'SIGKILL');
  await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(Date.parse(grant.endsAt)), { timeout: 6_000 });
  expect(await rulesOf(grant)).toHaveLength(1);
  await world.run('grants');
  await goneBy(grant, 8_000);
});
