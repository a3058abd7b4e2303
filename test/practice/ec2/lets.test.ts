import { AuthorizeSecurityGroupIngressCommand, RevokeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ec2Machines } from '../../../main/practice/ec2/machines.ts';
import { createAwsWorld } from '../../../main/practice/ec2/seed.ts';
import type { Region } from '../../../main/practice/ec2/world.ts';
import { groupNamed, instanceNamed, startAws, tcp } from './setup.ts';

let aws: Awaited<ReturnType<typeof startAws>>;

beforeAll(async () => {
  aws = await startAws();
});
afterAll(() => aws.stop());

function machine(region: Region, name: string) {
  const { id } = instanceNamed(region, name);
  const found = ec2Machines(aws.world).find(each => each.id.endsWith(id));
  if (!found) throw new Error(`no machine ${name}`);
  return found;
}

test('machines say what they are', () => {
  expect(machine(aws.north, 'pay-api-1')).toMatchObject({
    id: expect.stringMatching(/^arn:aws:ec2:eu-north-1:\d{12}:instance\/i-/),
    hostName: 'pay-api-1',
    os: 'linux',
    ipv6Only: false,
    services: [{ port: 22, speaks: 'ssh' }],
  });
  expect(machine(aws.east, 'pay-desk').services[0]).toEqual({ port: 3389, speaks: 'rdp' });
  expect(machine(aws.east, 'pay-edge6').ipv6Only).toBe(true);
  expect(machine(aws.east, '<img src=x onerror=alert(1)>').hostName).toBe('img-src-x-onerror-alert-1');
  expect(machine(aws.north, 'pay-report').running()).toBe(false);
});

test('an exposed machine lets everybody in, a configured one nobody until a rule says so', async () => {
  expect(machine(aws.north, 'pay-api-1').lets('203.0.113.9', 22)).toBe(true);
  expect(machine(aws.north, 'pay-api-1').lets('203.0.113.9', 3389)).toBe(false);
  const db = machine(aws.north, 'pay-db');
  expect(db.lets('203.0.113.9', 22)).toBe(false);
  const GroupId = groupNamed(aws.north, `latchkey-${instanceNamed(aws.north, 'pay-db').id}`).id;
  const IpPermissions = [tcp(22, '203.0.113.8/31')];
  await aws.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  expect(['203.0.113.9', '::ffff:203.0.113.8', '203.0.113.10'].map(source => db.lets(source, 22))).toEqual([
    true,
    true,
    false,
  ]);
  expect(db.lets('203.0.113.9', 23)).toBe(false);
  await aws.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  expect(db.lets('203.0.113.9', 22)).toBe(false);
});

test('a rule is enforced when it is seen, not before, and until it is not seen any more', async () => {
  const db = machine(aws.north, 'pay-db');
  const GroupId = groupNamed(aws.north, `latchkey-${instanceNamed(aws.north, 'pay-db').id}`).id;
  const IpPermissions = [tcp(22, '203.0.113.20/32')];
  aws.world.lagMs = 60_000;
  const enforced = [];
  await aws.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  enforced.push(db.lets('203.0.113.20', 22));
  aws.clock.aheadMs = 61_000;
  enforced.push(db.lets('203.0.113.20', 22));
  await aws.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  enforced.push(db.lets('203.0.113.20', 22));
  aws.clock.aheadMs = 122_000;
  enforced.push(db.lets('203.0.113.20', 22));
  aws.clock.aheadMs = 0;
  aws.world.lagMs = 0;
  expect(enforced).toEqual([false, true, true, false]);
});

test('a group as the source means the machines that have it', () => {
  const db = machine(aws.north, 'pay-db');
  const api = aws.north.interfaces.get(instanceNamed(aws.north, 'pay-api-1').interfaceId);
  expect(db.lets(api?.privateAddress ?? '', 5432)).toBe(true);
  expect(db.lets('10.20.99.99', 5432)).toBe(false);
});

test('address families do not mix, and every group of the interface counts', () => {
  const edge = machine(aws.east, 'pay-edge6');
  const own = groupNamed(aws.east, `latchkey-${instanceNamed(aws.east, 'pay-edge6').id}`);
  own.rules.set('sgr-0', {
    id: 'sgr-0',
    tags: new Map(),
    egress: false,
    protocol: '-1',
    fromPort: -1,
    toPort: -1,
    peer: { kind: 'ipv6', cidr: '::/0' },
    seenFrom: 0,
  });
  expect(edge.lets('::1', 22)).toBe(true);
  expect(edge.lets('127.0.0.1', 22)).toBe(false);
  expect(machine(aws.east, 'pay-hub').lets('203.0.113.9', 22)).toBe(true);
  expect(machine(aws.east, 'pay-hub').lets('192.0.2.17', 8441)).toBe(true);
});

test('a denying ACL entry in front of the others shuts the subnet', () => {
  const acl = [...aws.north.acls.values()][0];
  const deny = { number: 50, egress: false, allow: false, protocol: '6', cidr: '203.0.113.0/24' };
  acl?.entries.push({ ...deny, ports: { from: 22, to: 22 } });
  const api = machine(aws.north, 'pay-api-1');
  expect([api.lets('203.0.113.9', 22), api.lets('203.0.114.9', 22), api.lets('203.0.113.9', 443)]).toEqual([
    false,
    true,
    true,
  ]);
  acl?.entries.pop();
});

test('a range lets in exactly its addresses', () => {
  const world = createAwsWorld({ now: () => 0, lagMs: 0 });
  const region = world.regions.get('eu-north-1');
  if (!region) throw new Error('no region');
  const db = ec2Machines(world).find(each => each.hostName === 'pay-db');
  const own = groupNamed(region, `latchkey-${instanceNamed(region, 'pay-db').id}`);
  const toInt = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  fc.assert(
    fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }), (source, base, bits) => {
      const peer = { kind: 'ipv4' as const, cidr: `${base}/${bits}` };
      const rule = { egress: false, protocol: 'tcp', fromPort: 22, toPort: 22, seenFrom: 0 };
      own.rules.set('sgr-1', { id: 'sgr-1', tags: new Map(), ...rule, peer });
      const size = 2 ** (32 - bits);
      const same = Math.floor(toInt(source) / size) === Math.floor(toInt(base) / size);
      expect(db?.lets(source, 22)).toBe(same);
    }),
  );
});

test('a world of the same size is the same world', () => {
  const ids = () =>
    [...createAwsWorld({ now: () => 0, size: 500 }).regions.values()].flatMap(region => [
      ...region.instances.keys(),
      ...region.groups.keys(),
    ]);
  expect(ids()).toEqual(ids());
  expect(ec2Machines(createAwsWorld({ now: () => 0, size: 500 }))).toHaveLength(500);
});
