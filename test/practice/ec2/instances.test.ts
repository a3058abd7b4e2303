import {
  DescribeAvailabilityZonesCommand,
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  DescribeNetworkAclsCommand,
  DescribeRegionsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  type EC2Client,
  GetConsoleOutputCommand,
  type Instance,
  paginateDescribeInstances,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPolicy } from '../../../shared/domain/policyTag.ts';
import { instanceNamed, startAws } from './setup.ts';

let aws: Awaited<ReturnType<typeof startAws>>;

beforeAll(async () => {
  aws = await startAws();
});
afterAll(() => aws.stop());

async function list(client: EC2Client, input: object = {}): Promise<Instance[]> {
  const { Reservations = [] } = await client.send(new DescribeInstancesCommand(input));
  return Reservations.flatMap(reservation => reservation.Instances ?? []);
}
const nameOf = (instance: Instance) => instance.Tags?.find(tag => tag.Key === 'Name')?.Value ?? '';
const named = (instances: Instance[], name: string) => instances.find(instance => nameOf(instance) === name);

describe('the account it starts with', () => {
  test('has three machines that share a group which exposes SSH, and one stopped', async () => {
    const all = await list(aws.ec2);
    const shared = all.filter(each => each.SecurityGroups?.some(group => group.GroupName === 'pay-shared'));
    expect(shared.map(nameOf).sort()).toEqual(['pay-api-1', 'pay-api-2', 'pay-batch', 'pay-report']);
    expect(named(all, 'pay-report')).toMatchObject({ State: { Name: 'stopped', Code: 80 } });
    expect(named(all, 'pay-report')?.PublicIpAddress).toBeUndefined();
    expect(all.filter(each => nameOf(each) === '')).toHaveLength(1);
  });

  test.each([
    ['eu-north-1', 'pay-db', [22]],
    ['us-east-1', 'pay-desk', [3389, 5986]],
    ['us-east-1', 'pay-edge6', [22]],
  ])('%s/%s is configured: policy tag, own group, nothing exposed', async (region, name, ports) => {
    const client = region === 'eu-north-1' ? aws.ec2 : aws.ec2East;
    const instance = named(await list(client), name);
    const tags = Object.fromEntries((instance?.Tags ?? []).map(({ Key = '', Value }) => [Key, Value]));
    expect(readPolicy(tags)?.ports.map(port => port.port)).toEqual(ports);
    expect(instance?.SecurityGroups?.map(group => group.GroupName)).toContain(
      `latchkey-${instance?.InstanceId}`,
    );
  });

  test('has a Windows machine, one of IPv6 only, and names that look for trouble', async () => {
    const all = await list(aws.ec2East);
    expect(named(all, 'pay-desk')?.Platform?.toLowerCase()).toBe('windows');
    const six = named(all, 'pay-edge6');
    expect(six?.PrivateIpAddress).toBeUndefined();
    expect(six?.Ipv6Address).toMatch(/^2001:db8:/);
    expect(six?.NetworkInterfaces?.[0]?.Ipv6Addresses).toHaveLength(1);
    expect(named(all, '<img src=x onerror=alert(1)>')).toBeDefined();
    expect(named(all, `=cmd|' /C calc'!A0`)).toBeDefined();
  });
});

describe('DescribeInstances', () => {
  test('filters', async () => {
    const ids = async (...Filters: object[]) => (await list(aws.ec2, { Filters })).map(nameOf).sort();
    const db = instanceNamed(aws.north, 'pay-db');
    expect(await ids({ Name: 'instance-state-name', Values: ['stopped', 'stopping'] })).toEqual([
      'pay-report',
    ]);
    expect(await ids({ Name: 'tag-key', Values: ['latchkey-policy'] })).toEqual(['pay-db']);
    expect(await ids({ Name: 'tag:Name', Values: ['pay-api-?'] })).toEqual(['pay-api-1', 'pay-api-2']);
    expect(await ids({ Name: 'instance-id', Values: [db.id] })).toEqual(['pay-db']);
    expect(await ids({ Name: 'tag:Name', Values: ['pay-*'] }, { Name: 'tag-key', Values: ['x'] })).toEqual(
      [],
    );
    await expect(ids({ Name: 'no-such', Values: ['x'] })).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    });
  });

  test('an unknown id is an error', async () => {
    await expect(list(aws.ec2, { InstanceIds: ['i-00000000000000000'] })).rejects.toMatchObject({
      name: 'InvalidInstanceID.NotFound',
    });
  });

  test('pages of 1,000 give 3,000 instances exactly once', async () => {
    const big = await startAws({ size: 3000 });
    try {
      const seen = new Set<string>();
      let pages = 0;
      let most = 0;
      let all = 0;
      for (const client of [big.ec2, big.ec2East]) {
        for await (const { Reservations = [] } of paginateDescribeInstances({ client, pageSize: 1000 }, {})) {
          const found = Reservations.flatMap(each => each.Instances ?? []);
          for (const { InstanceId = '' } of found) seen.add(InstanceId);
          pages += 1;
          all += found.length;
          most = Math.max(most, found.length);
        }
      }
      expect([seen.size, all, pages, most]).toEqual([3000, 3000, 4, 1000]);
    } finally {
      await big.stop();
    }
  });

  test('page sizes and tokens are checked', async () => {
    for (const MaxResults of [4, 1001]) {
      await expect(list(aws.ec2, { MaxResults })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    }
    await expect(list(aws.ec2, { NextToken: 'nonsense' })).rejects.toMatchObject({
      name: 'InvalidNextToken',
    });
  });
});

test('instances stop and start, and take their time', async () => {
  const { id } = instanceNamed(aws.north, 'pay-api-2');
  const InstanceIds = [id];
  const state = async () => (await list(aws.ec2, { InstanceIds }))[0]?.State?.Name;
  aws.world.powerMs = 5000;
  const stopped = await aws.ec2.send(new StopInstancesCommand({ InstanceIds }));
  expect(stopped.StoppingInstances).toMatchObject([
    { InstanceId: id, PreviousState: { Name: 'running' }, CurrentState: { Name: 'stopping' } },
  ]);
  await expect(aws.ec2.send(new StartInstancesCommand({ InstanceIds }))).rejects.toMatchObject({
    name: 'IncorrectInstanceState',
  });
  aws.clock.aheadMs = 5001;
  expect(await state()).toBe('stopped');
  const { InstanceStatuses } = await aws.ec2.send(new DescribeInstanceStatusCommand({ InstanceIds }));
  expect(InstanceStatuses).toEqual([]);
  await aws.ec2.send(new StartInstancesCommand({ InstanceIds }));
  expect(await state()).toBe('pending');
  aws.clock.aheadMs = 10_100;
  expect(await state()).toBe('running');
  aws.clock.aheadMs = 0;
});

test('the console log holds the host keys', async () => {
  const InstanceId = instanceNamed(aws.north, 'pay-db').id;
  const { Output = '' } = await aws.ec2.send(new GetConsoleOutputCommand({ InstanceId }));
  const text = Buffer.from(Output, 'base64').toString();
  const [, block] =
    /-----BEGIN SSH HOST KEY KEYS-----\r?\n([\s\S]*?)\r?\n-----END SSH HOST KEY KEYS-----/.exec(text) ?? [];
  expect(block).toBe(`${aws.hostKey} root@pay-db`);
});

test('regions, zones and networks are told', async () => {
  const { Regions } = await aws.ec2.send(new DescribeRegionsCommand({}));
  expect(Regions?.map(region => region.RegionName)).toEqual(['eu-north-1', 'us-east-1']);
  const { AvailabilityZones } = await aws.ec2.send(new DescribeAvailabilityZonesCommand({}));
  expect(AvailabilityZones?.map(zone => zone.ZoneName)).toEqual(['eu-north-1a', 'eu-north-1b']);
  const isDefault = async (client: EC2Client) =>
    (await client.send(new DescribeVpcsCommand({}))).Vpcs?.map(vpc => vpc.IsDefault);
  expect([await isDefault(aws.ec2), await isDefault(aws.ec2East)]).toEqual([[false], [true]]);
  const { Subnets } = await aws.ec2.send(new DescribeSubnetsCommand({}));
  expect(Subnets?.map(subnet => subnet.Ipv6Native).sort()).toEqual([false, true]);
  const { NetworkAcls } = await aws.ec2.send(new DescribeNetworkAclsCommand({}));
  expect(NetworkAcls?.[0]?.Entries).toHaveLength(4);
});
