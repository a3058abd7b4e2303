import { describe, expect, test } from 'vitest';
import type { GrantId, VmId } from '../../../shared/domain/ids.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { now, once, open, sides, startWorld, type TestBroker, told } from './world.ts';

const writes = (asked: { method: string; action?: string | undefined }[]) =>
  asked.filter(({ method, action }) => (action ? !/^(Describe|Get)/.test(action) : method !== 'GET'));

test.each([
  { vm: 'web-1', gates: 2 },
  { vm: 'sql-prod-1', gates: 1 },
  { vm: 'pay-db', gates: 1 },
  { vm: 'pay-desk', gates: 1, ports: [{ port: 3389 }, { port: 5986 }] },
])('$vm: one write per gate, all at once, and no read before', async ({ vm, gates, ports }) => {
  const world = await startWorld();
  const broker = await world.broker();
  // The sweep of a start asks in the background.
  await world.quiet();
  await world.asked();
  const grant = await open(broker, vm, { ports, sources: ['203.0.113.7', '198.51.100.0/24'] });
  // AWS's log is read beside it, at its own pace, and has nothing to do with the request.
  const asked = (await world.asked()).filter(({ action }) => action !== 'LookupEvents');
  expect(grant.state).toBe('open');
  expect(writes(asked)).toHaveLength(gates);
  expect(writes(asked.slice(0, gates))).toHaveLength(gates);
  expect(await world.standing()).toHaveLength(vm === 'pay-desk' ? 4 : vm === 'pay-db' ? 2 : gates);
  expect(told(broker)).toEqual(['request', ...Array(gates).fill('rule-written'), 'opened']);
  expect(now(broker, grant.id).rules.every(({ state }) => state === 'standing')).toBe(true);
});

test('what a request may not have is refused before anything is sent, and told', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  // The sweep of a start asks in the background.
  await world.quiet();
  await world.asked();
  const refused = async (vm: string, request: Parameters<typeof open>[2]) =>
    expect(await open(broker, vm, request).catch((error: unknown) => error)).toBeInstanceOf(LatchkeyError);
  await refused('web-1', { ports: [{ port: 23 }] });
  await refused('web-1', { forMs: 4 * 3_600_000 });
  await refused('web-1', { sources: ['10.0.0.0/33'] });
  await refused('app-1', {});
  await refused('jump-eu', {});
  await refused('nobody', {});
  expect(await world.asked()).toEqual([]);
  expect(told(broker)).toEqual(Array(6).fill('refused!'));
  expect(broker.grants.list(true)).toEqual([]);
});

test('one of two gates fails: the other is undone, and nothing is open', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  await world.fault({
    method: 'PUT',
    path: 'web-1-nsg/securityRules',
    status: 403,
    code: 'AuthorizationFailed',
  });
  await expect(open(broker, 'web-1')).rejects.toMatchObject({ code: 'CLOUD_FORBIDDEN' });
  expect(await world.standing()).toEqual([]);
  const [grant] = broker.grants.list(true);
  expect(grant).toMatchObject({ state: 'failed', error: { code: 'CLOUD_FORBIDDEN' } });
  expect(grant?.closedAt).toBeDefined();
  expect(told(broker).filter(kind => kind !== 'rule-removed')).toEqual([
    'request',
    'rule-written',
    'failed!',
  ]);
  expect(broker.broker.services.grants.list(false)).toHaveLength(1);
  expect((await open(broker, 'web-1')).state).toBe('open');
});

describe.each(sides)('in $cloud', ({ vm, port, write, remove, refusal }) => {
  test('a write that took effect though its answer was bad is undone', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    await world.fault({ ...write, when: 'after', ...refusal });
    await expect(open(broker, vm)).rejects.toMatchObject({ code: 'CLOUD_FORBIDDEN' });
    expect((await world.asked()).some(({ status }) => status === 403)).toBe(true);
    expect(await world.standing()).toEqual([]);
    expect(broker.grants.list(true)).toMatchObject([{ state: 'failed' }]);
  });

  test('an answer that was lost is asked for again, and the door opens once', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    await world.fault({ ...write, when: 'after', drop: true });
    expect((await open(broker, vm)).state).toBe('open');
    expect(await world.standing()).toHaveLength(1);
  });

  test('undoing fails: stuck, told, tried again with growing pauses for as long as it takes, then shut', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    await world.fault({ ...write, when: 'after', ...refusal });
    const stays = await world.fault({ ...remove, times: 0, ...refusal });
    const error = await open(broker, vm).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'CLOUD_FORBIDDEN',
      message: expect.stringContaining('could not be shut yet'),
    });
    const [{ id } = { id: '' }] = broker.grants.list(false);
    expect(now(broker, id)).toMatchObject({ state: 'stuck', error: { code: 'CLOUD_FORBIDDEN' } });
    expect(broker.broker.services.grants.liveOn(now(broker, id).vm as VmId)).toHaveLength(1);

    await world.asked();
    // The SDK may send one refused write several times in a row.
    const tries = async () =>
      new Set(
        (await world.asked()).flatMap(({ status, at }) => (status === 403 ? Math.round(at / 10_000) : [])),
      ).size;
    let made = 0;
    for (let minute = 0; minute < 8; minute++) {
      await world.clock.advance(60_000);
      await once(broker, id, 'stuck');
      made += await tries();
    }
    expect(made).toBeGreaterThanOrEqual(8);
    expect(made).toBeLessThan(8 + 8);
    expect(told(broker).filter(kind => kind === 'stuck!')).toHaveLength(1);
    expect(await world.standing()).toHaveLength(1);

    await world.heal(stays);
    const closed = once(broker, id, 'failed');
    await world.clock.advance(61_000);
    await closed;
    expect(await world.standing()).toEqual([]);
    expect(told(broker).at(-1)).toBe('failed!');
  });

  test('revoked while it is being opened: nothing stays open', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    await world.fault({ ...write, delayMs: 200 });
    const opening = open(broker, vm);
    opening.catch(() => undefined);
    const begun = await anyGrant(broker);
    expect(begun.state).toBe('opening');
    const [revoked] = await broker.grants.revoke({ grants: [begun.id] });
    await expect(opening).rejects.toMatchObject({
      code: 'CANCELLED',
      message: expect.stringContaining('revoked'),
    });
    expect(revoked?.state).toBe('closed');
    expect(await world.standing()).toEqual([]);
    expect(told(broker).at(-1)).toBe('revoked');
  });

  test('its time is over before it is open: nothing stays open', async () => {
    const world = await startWorld();
    const broker = await world.broker();
    await world.fault({ ...write, delayMs: 1_000 });
    const opening = open(broker, vm, { forMs: 60_000 });
    opening.catch(() => undefined);
    const { id } = await anyGrant(broker);
    await world.clock.advance(61_000);
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED' });
    await once(broker, id, 'closed');
    expect(await world.standing()).toEqual([]);
    expect(now(broker, id).notes.join()).toContain('a session that is open may go on');
  });

  test('the rule says the grant, the owner, the end in the cloud’s time and the VM', async () => {
    const world = await startWorld({ cloudAheadMs: 600_000 });
    const broker = await world.broker();
    const { id, endsAt } = await open(broker, vm, { forMs: 3_600_000 });
    expect(Math.abs(Date.parse(endsAt) - (world.clock.now() + 600_000 + 3_600_000))).toBeLessThan(2_500);
    expect(await world.standing()).toEqual([expect.stringMatching(`203.0.113.7/32:${port} ${endsAt}`)]);
    const [rule] = now(broker, id).rules;
    expect(rule?.names).toHaveLength(1);
  });
});

test('AWS: a rule of somebody else that lets the same in is used, told and left', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  const first = await open(broker, 'pay-desk', { ports: [{ port: 3389 }] });
  const [region = '', group = ''] = (first.rules[0]?.gate ?? '').split('/');
  await broker.grants.revoke({ grants: [first.id] });
  const ec2 = world.ec2(region);
  await ec2.authorizeSecurityGroupIngress({
    GroupId: group,
    IpPermissions: [
      {
        IpProtocol: 'tcp',
        FromPort: 3389,
        ToPort: 3389,
        IpRanges: [{ CidrIp: '203.0.113.7/32', Description: 'vendor' }],
      },
    ],
  });
  const foreign = await open(broker, 'pay-desk', { ports: [{ port: 3389 }] });
  expect(foreign.rules).toMatchObject([{ state: 'foreign' }]);
  expect(foreign.notes.join()).toContain('is not ours');
  const mixed = await open(broker, 'pay-desk', { ports: [{ port: 3389 }, { port: 5986 }] });
  expect(await world.standing()).toHaveLength(1);
  await broker.grants.extend(foreign.id, { byMs: 60_000 });
  await broker.grants.revoke({ all: true });
  expect(now(broker, mixed.id).state).toBe('closed');
  expect(await world.standing()).toEqual([]);
  const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules({
    Filters: [{ Name: 'group-id', Values: [group] }],
  });
  expect(SecurityGroupRules.filter(rule => !rule.IsEgress).map(rule => rule.Description)).toContain('vendor');
});

async function anyGrant({ grants }: TestBroker) {
  const stop = new AbortController();
  for await (const change of grants.watch(stop.signal)) {
    const [grant] = change.kind === 'snapshot' ? change.grants : change.upsert;
    if (grant) {
      stop.abort();
      return grant as typeof grant & { id: GrantId };
    }
  }
  throw new Error('the broker stopped');
}

test('a write whose answer was lost is found and undone, also where the cloud writes addresses its own way', async () => {
  const world = await startWorld();
  const lost = new LatchkeyError({ code: 'CLOUD_UNREACHABLE', message: 'No answer.' });
  const broker = await world.broker({
    clouds: real =>
      real.map(cloud => ({
        ...cloud,
        open: async (...asked) => {
          await cloud.open(...asked);
          throw lost;
        },
        async *ours(...asked) {
          for await (const found of cloud.ours(...asked))
            yield { ...found, sources: found.sources.map(source => source.replace(/\/32$/, '')) };
        },
      })),
  });
  await expect(open(broker, 'web-1', { sources: ['198.51.100.7'] })).rejects.toMatchObject({
    code: 'CLOUD_UNREACHABLE',
  });
  expect(await world.standing()).toEqual([]);
});
