/** What operations people type: Amazon's own command line against the practice cloud, each version that is installed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAwsWorld } from '../../../main/practice/ec2/seed.ts';
import { awsPrograms, openForAws } from './awsPrograms.ts';
import { instanceNamed } from './setup.ts';

const programs = await awsPrograms();

test.runIf(programs.length === 0)('aws is not installed here: its tests were left out', () => {
  expect(programs).toEqual([]);
});

describe.each(programs)('aws $version', program => {
  const world = createAwsWorld({ now: () => Date.now(), lagMs: 0, powerMs: 0 });
  let opened: Awaited<ReturnType<typeof openForAws>>;
  beforeAll(async () => {
    opened = await openForAws(world);
  });
  afterAll(() => opened.close());

  const ec2 = (...args: string[]) => opened.text(program, 'ec2', ...args);
  const aws = async (...args: string[]) => {
    const printed = await opened.text(program, '--output', 'json', ...args);
    return printed === '' ? {} : JSON.parse(printed);
  };
  const json = (...args: string[]) => aws('ec2', ...args);

  test('lists what there is: filters, queries, pages, text and table', { timeout: 60_000 }, async () => {
    const north = world.regions.get('eu-north-1');
    if (!north) throw new Error('no region');
    const database = instanceNamed(north, 'pay-db');
    const paths = ['Reservations[].Instances[].[InstanceId,State.Name]', '--output', 'text'];
    const filters = ['--filters', 'Name=tag:Name,Values=pay-d?', 'Name=instance-state-name,Values=running'];
    const [found, page, regions, table, interfaces, acls] = await Promise.all([
      ec2('describe-instances', ...filters, '--query', ...paths),
      json('describe-instances', '--page-size', '5', '--max-items', '3'),
      ec2('describe-regions', '--query', 'Regions[].RegionName', '--output', 'text'),
      ec2('describe-security-groups', '--group-names', 'pay-shared', '--output', 'table'),
      json('describe-network-interfaces', '--filters', `Name=attachment.instance-id,Values=${database.id}`),
      json('describe-network-acls', '--filters', 'Name=default,Values=true'),
    ]);
    expect(found).toBe(`${database.id}\trunning`);
    expect(page.Reservations).toHaveLength(3);
    expect(page.NextToken).toEqual(expect.any(String));
    expect(regions).toBe('eu-north-1\tus-east-1');
    expect(table).toContain('pay-shared');
    expect(interfaces.NetworkInterfaces).toEqual([
      expect.objectContaining({ NetworkInterfaceId: database.interfaceId }),
    ]);
    expect(acls.NetworkAcls[0].Entries).toHaveLength(4);
    const rest = await json('describe-instances', '--starting-token', page.NextToken);
    expect(rest.Reservations).toHaveLength(north.instances.size - 3);
  });

  test('makes a group, its rules and tags, attaches it, and takes all away', {
    timeout: 60_000,
  }, async () => {
    const north = world.regions.get('eu-north-1');
    const [vpc] = north?.vpcs.keys() ?? [];
    const nic = north && north.interfaces.get(instanceNamed(north, 'pay-api-1').interfaceId);
    if (!vpc || !nic) throw new Error('no network');
    const about = ['--description', 'made by hand', '--vpc-id', vpc];
    const tags = 'ResourceType=security-group,Tags=[{Key=team,Value=operations}]';
    const { GroupId } = await json(
      'create-security-group',
      '--group-name',
      'by-hand',
      ...about,
      '--tag-specifications',
      tags,
    );
    const group = ['--group-id', GroupId];
    const rule = ['--protocol', 'tcp', '--port', '22', '--cidr', '203.0.113.7/32'];
    const six =
      'IpProtocol=tcp,FromPort=3389,ToPort=3390,Ipv6Ranges=[{CidrIpv6=2001:db8::/64,Description=six}]';
    const tagged = ['--tag-specifications', 'ResourceType=security-group-rule,Tags=[{Key=who,Value=me}]'];
    const allow = (...args: string[]) => json('authorize-security-group-ingress', ...group, ...args);
    await expect(allow(...rule, '--dry-run')).rejects.toMatchObject({
      stderr: expect.stringContaining('DryRunOperation'),
    });
    const [four] = await Promise.all([allow(...rule, ...tagged), allow('--ip-permissions', six)]);
    const [{ SecurityGroupRuleId: id }] = four.SecurityGroupRules;
    const inwards = `SecurityGroupRules[?!IsEgress].[FromPort,ToPort,CidrIpv4||CidrIpv6,Tags[0].Value]`;
    const ofGroup = ['--filters', `Name=group-id,Values=${GroupId}`, '--query', inwards, '--output', 'text'];
    const [listed] = await Promise.all([
      ec2('describe-security-group-rules', ...ofGroup),
      expect(allow(...rule)).rejects.toMatchObject({
        stderr: expect.stringContaining('InvalidPermission.Duplicate'),
      }),
      ec2('create-tags', '--resources', id, GroupId, '--tags', 'Key=ticket,Value=4711'),
    ]);
    expect(listed.split('\n').sort()).toEqual([
      '22\t22\t203.0.113.7/32\tme',
      '3389\t3390\t2001:db8::/64\tNone',
    ]);
    const attach = (...groups: string[]) =>
      ec2('modify-network-interface-attribute', '--network-interface-id', nic.id, '--groups', ...groups);
    const before = nic.groupIds;
    const [told] = await Promise.all([
      ec2('describe-tags', '--filters', `Name=resource-id,Values=${id}`, '--output', 'text'),
      attach(...before, GroupId),
    ]);
    await Promise.all([
      json('revoke-security-group-ingress', ...group, '--security-group-rule-ids', id),
      json('revoke-security-group-ingress', ...group, '--ip-permissions', six),
      expect(ec2('delete-security-group', ...group)).rejects.toMatchObject({
        stderr: expect.stringContaining('DependencyViolation'),
      }),
    ]);
    expect(told).toContain(`ticket\t${id}\tsecurity-group-rule\t4711`);
    await attach(...before);
    await ec2('delete-security-group', ...group);
    expect(north?.groups.has(GroupId)).toBe(false);
  });

  test('restarts a machine and waits for it, and finds it in the history', { timeout: 60_000 }, async () => {
    const north = world.regions.get('eu-north-1');
    const id = north && instanceNamed(north, 'pay-report').id;
    if (!id) throw new Error('no instance');
    await ec2('start-instances', '--instance-ids', id);
    const attribute = 'AttributeKey=EventName,AttributeValue=StartInstances';
    // An hour ago, by the clocks of Tokyo.
    const since = `${new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 19)}+09:00`;
    const [history] = await Promise.all([
      aws('cloudtrail', 'lookup-events', '--lookup-attributes', attribute, '--start-time', since),
      ec2('wait', 'instance-running', '--instance-ids', id),
    ]);
    expect(history.Events).toEqual([expect.objectContaining({ EventName: 'StartInstances' })]);
  });

  test('makes a role and a schedule that acts with it, and moves it', { timeout: 60_000 }, async () => {
    await scheduled(aws);
  });

  test('knows who it is, and takes a role', { timeout: 60_000 }, async () => {
    const role = `arn:aws:iam::${world.account}:role/LatchkeyViewer`;
    const taking = ['--role-arn', role, '--role-session-name', 'night-shift'];
    const [me, taken] = await Promise.all([
      aws('sts', 'get-caller-identity'),
      aws('sts', 'assume-role', ...taking),
    ]);
    expect(me).toMatchObject({ Account: world.account });
    expect(taken.AssumedRoleUser.Arn).toContain('assumed-role/LatchkeyViewer/night-shift');
  });
});

/** A schedule's life, as an operations person would type it. */
async function scheduled(aws: (...args: string[]) => ReturnType<typeof JSON.parse>): Promise<void> {
  const trust = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'scheduler.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ],
  };
  const role = ['--role-name', 'runner'];
  const { Role } = await aws(
    'iam',
    'create-role',
    ...role,
    '--assume-role-policy-document',
    JSON.stringify(trust),
  );
  expect(Role).toMatchObject({ RoleName: 'runner', AssumeRolePolicyDocument: trust });
  const target = {
    Arn: 'arn:aws:scheduler:::aws-sdk:ec2:revokeSecurityGroupIngress',
    RoleArn: Role.Arn,
    Input: '{}',
  };
  const name = ['--name', 'latchkey-sgr-1'];
  const at = (ms: number) => `at(${new Date(Date.now() + ms).toISOString().slice(0, 19)})`;
  const what = ['--flexible-time-window', 'Mode=OFF', '--target', JSON.stringify(target)];
  const hour = at(3_600_000);
  const made = await aws('scheduler', 'create-schedule', ...name, '--schedule-expression', hour, ...what);
  expect(made.ScheduleArn).toContain(':schedule/default/latchkey-sgr-1');
  const later = at(7_200_000);
  await aws('scheduler', 'update-schedule', ...name, '--schedule-expression', later, ...what);
  const [schedule, { Schedules }] = await Promise.all([
    aws('scheduler', 'get-schedule', ...name),
    aws('scheduler', 'list-schedules', '--name-prefix', 'latchkey-'),
  ]);
  expect(schedule).toMatchObject({ ScheduleExpression: later, Target: { RoleArn: Role.Arn } });
  expect(Schedules).toEqual([expect.objectContaining({ Name: 'latchkey-sgr-1', State: 'ENABLED' })]);
  await aws('scheduler', 'delete-schedule', ...name);
  expect((await aws('scheduler', 'list-schedules')).Schedules).toEqual([]);
}
